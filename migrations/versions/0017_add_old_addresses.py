"""Add a table of URLs of earlier sites and their targets.

Why: the redirects were written in the code, and only for the forum's first site.
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LEADS_TO_ONE = (
    "CASE WHEN post_id IS NULL THEN 0 ELSE 1 END + CASE WHEN category_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN leads_to IS NULL THEN 0 ELSE 1 END = 1"
)


def upgrade() -> None:
    op.create_table(
        "old_addresses",
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("category_id", sa.Integer(), nullable=True),
        sa.Column("leads_to", sa.String(length=300), nullable=True),
        sa.CheckConstraint(LEADS_TO_ONE, name=op.f("ck_old_addresses_leads_to_one")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_old_addresses_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_old_addresses_category_id_categories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_old_addresses")),
    )
    op.create_index("ix_old_addresses_post_id", "old_addresses", ["post_id"])
    op.create_index("ix_old_addresses_category_id", "old_addresses", ["category_id"])


def downgrade() -> None:
    op.drop_table("old_addresses")
