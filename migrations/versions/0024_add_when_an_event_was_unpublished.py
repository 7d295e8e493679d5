"""Add the moment at which an event was taken off the site.

Why: visitors of an event that was public before now read that it is not public at the moment, instead of "not found".
An earlier version that runs beside this one leaves the column empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("unpublished_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("events", "unpublished_at")
