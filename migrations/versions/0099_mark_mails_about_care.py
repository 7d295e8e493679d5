"""Mark mails that tell that somebody has not answered about diet or access.

Why: only the role care may know that (S14), and other organisers see to whom mails went. Mails that have left before
are not marked. An earlier version that runs beside this one marks none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "outbox_messages",
        sa.Column("is_of_care", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("outbox_messages", "is_of_care")
