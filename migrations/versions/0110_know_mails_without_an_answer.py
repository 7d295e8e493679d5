"""Add since when the mail server has had a mail without answering: the column `unanswered_since` of the outbox.

Why: a server that stalled after a mail stopped all others for ten minutes, and nothing said so. The worker now sends
the other mails meanwhile, and `forum doctor` tells since when the server has not answered. A mail that is being sent
during the update has no such time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0110"
down_revision = "0109"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_messages", sa.Column("unanswered_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox_messages", "unanswered_since")
