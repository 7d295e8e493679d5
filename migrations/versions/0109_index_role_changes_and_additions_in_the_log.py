"""Index role changes, and people added by hand, in the audit trail by whom they are about.

Why: the log asks of each view whether its person was added by hand, and which roles its actor had at the time. Without
an index of their own these questions read all entries about the person and all sign-ins of the actor: at 200,000
entries the log of one person with 10,000 views took minutes on SQLite, and was refused as too long on PostgreSQL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0109"
down_revision = "0108"
branch_labels = None
depends_on = None

PARTS = {
    "ix_audit_entries_role_changes": sa.text("action IN ('account.role_given', 'account.role_taken')"),
    "ix_audit_entries_additions": sa.text(
        "action = 'registration.received' AND substr(actor, 1, 5) = 'user:'"
    ),
}


def upgrade() -> None:
    for name, where in PARTS.items():
        op.create_index(
            name, "audit_entries", ["subject_id", "id"], sqlite_where=where, postgresql_where=where
        )


def downgrade() -> None:
    for name in PARTS:
        op.drop_index(name, table_name="audit_entries")
