"""Index unsent mails by age.

Why: every tenth mail that a worker sends is the one that has waited longest, whatever its lane. Without an index all
waiting mails were read and sorted to find that mail, which took longer than sending it where many thousand wait.
"""

import sqlalchemy as sa
from alembic import op

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None

IS_UNSENT = sa.text("status IN ('queued', 'awaiting_retry', 'inflight')")
NAME = "ix_outbox_messages_unsent_by_age"


def upgrade() -> None:
    columns = ["next_attempt_at", "id"]
    op.create_index(NAME, "outbox_messages", columns, sqlite_where=IS_UNSENT, postgresql_where=IS_UNSENT)


def downgrade() -> None:
    op.drop_index(NAME, table_name="outbox_messages")
