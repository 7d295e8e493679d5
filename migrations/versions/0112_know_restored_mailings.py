"""Add from which backup a message to many was restored: the column `restored_from` of mailings.

Why: people may have got such a message after the backup was made, and get it once more when it goes on. Its pages said
so of every paused message, restored or not, and of no draft. Messages that were restored before this step have no such
moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0112"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("mailings", sa.Column("restored_from", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("mailings", "restored_from")
