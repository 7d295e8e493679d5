"""Note when a delegate was asked to confirm, if that was after the contact had confirmed the delegation.

Why: a contact names people later and corrects addresses. Each then has 48 hours of their own to confirm. An earlier
version that runs beside this one reads the time of the delegation instead.
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("delegates") as batch:
        batch.add_column(sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("delegates") as batch:
        batch.drop_column("asked_at")
