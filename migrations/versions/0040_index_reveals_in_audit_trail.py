"""Index reveals of protected identity in the audit trail.

Why: the list of reveals and their limit per hour are read from the audit trail, which also has an entry for each page
view: without an index all entries would be read.
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

IS_REVEAL = sa.text("action = 'identity.revealed'")


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_reveals",
        "audit_entries",
        ["event_id", "id"],
        sqlite_where=IS_REVEAL,
        postgresql_where=IS_REVEAL,
    )


def downgrade() -> None:
    op.drop_index("ix_audit_entries_reveals", "audit_entries")
