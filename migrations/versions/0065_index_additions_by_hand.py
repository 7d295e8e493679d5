"""Index registrations that organisers added, in the audit trail.

Why: the console's figures count how registrations came, and only the audit trail knows which were added by hand.
"""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

IS_ADDED_BY_HAND = sa.text("action = 'registration.received' AND substr(actor, 1, 5) = 'user:'")


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_by_hand",
        "audit_entries",
        ["event_id", "subject_id"],
        sqlite_where=IS_ADDED_BY_HAND,
        postgresql_where=IS_ADDED_BY_HAND,
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_by_hand", "audit_entries")
