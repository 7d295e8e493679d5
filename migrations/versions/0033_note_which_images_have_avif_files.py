"""Add a column that says whether an image has AVIF files.

Why: images of earlier versions have none, and neither has an image whose AVIF files would not be smaller.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("has_avif", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("images", "has_avif")
