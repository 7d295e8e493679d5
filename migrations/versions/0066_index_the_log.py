"""Index the audit entries that the console's log lists.

Why: the log lists the entries of one event, or of none, newest first and between two days. Entries about an event
itself have its id as their subject, so they have an index of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

PARTS = {
    "ix_audit_entries_of_event_itself": (["subject_id", "at", "id"], sa.text("subject_type = 'events'")),
    "ix_audit_entries_of_no_event": (["at", "id"], sa.text("event_id IS NULL AND subject_type <> 'events'")),
}


def upgrade() -> None:
    op.create_index("ix_audit_entries_event_id", "audit_entries", ["event_id", "at", "id"])
    for name, (columns, where) in PARTS.items():
        op.create_index(name, "audit_entries", columns, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    for name in PARTS:
        op.drop_index(name, table_name="audit_entries")
    op.drop_index("ix_audit_entries_event_id", table_name="audit_entries")
