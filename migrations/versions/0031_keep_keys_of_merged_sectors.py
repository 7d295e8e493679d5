"""Add a column with the keys of the sectors that were merged into a sector.

Why: the address of a merged sector redirects to the remaining one, and a form that was open during the merge keeps its
answers.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sectors", sa.Column("merged_keys", sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
    )


def downgrade() -> None:
    op.drop_column("sectors", "merged_keys")
