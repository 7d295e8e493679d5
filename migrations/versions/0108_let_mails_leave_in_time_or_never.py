"""Let a mail leave before a moment or not at all: the column `not_after` of the outbox.

Why: mails of a reminder that had been made while the mail server was away left days late. Mails that wait already have
no such moment: the worker takes those of late reminders back. An earlier version that runs beside this one sends a mail
after its moment.
"""

import sqlalchemy as sa
from alembic import op

revision = "0108"
down_revision = "0107"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox_messages", sa.Column("not_after", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("outbox_messages", "not_after")
