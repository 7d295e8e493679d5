"""Add a column with the name of the file from which an image was made.

Why: organisers search their images by it. Images that are there already have none.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("images", sa.Column("file_name", sa.String(120), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("images", "file_name")
