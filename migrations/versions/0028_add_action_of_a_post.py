"""Add a button after a post's text, in each language: its words and where it leads.

Why: a post can lead readers on, for instance to the registration. Two columns that may be empty are added in place; an
earlier version that runs beside this one leaves them as they are.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("post_texts", sa.Column("action_label", sa.String(length=60), nullable=True))
    op.add_column("post_texts", sa.Column("action_url", sa.String(length=500), nullable=True))


def downgrade() -> None:
    op.drop_column("post_texts", "action_url")
    op.drop_column("post_texts", "action_label")
