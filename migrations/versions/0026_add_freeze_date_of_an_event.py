"""Add the moment from which people no longer change their own answers.

Why: before a forum its organisers print badges and lists, which later answers would contradict. Events that exist have
no such moment, and an earlier version that runs beside this one does not know the column.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("freezes_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("events", "freezes_at")
