"""Add withdrawals, former slugs and revisions of posts, and the time of a correction.

Why: posts are written in the console. A withdrawn post answers 410 and can come back at its own address, a renamed one
is found at its old address, and an earlier revision can be compared and restored. Corrections made with earlier
versions have a day and no time. The step makes new tables and adds one column, which may be empty, in place; an earlier
version can run beside it, and sees a withdrawn post as a draft.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("corrections", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "withdrawals",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        _of_post("withdrawals"),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_withdrawals")),
    )
    op.create_table(
        "former_slugs",
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        _of_post("former_slugs"),
        sa.PrimaryKeyConstraint("language", "slug", name=op.f("pk_former_slugs")),
    )
    op.create_index("ix_former_slugs_post_id", "former_slugs", ["post_id"])
    op.create_table(
        "post_revisions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        _of_post("post_revisions"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_post_revisions_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_post_revisions")),
    )
    op.create_index("ix_post_revisions_post_id", "post_revisions", ["post_id", "id"])


def downgrade() -> None:
    for table in ("post_revisions", "former_slugs", "withdrawals"):
        op.drop_table(table)
    op.drop_column("corrections", "made_at")


def _of_post(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_post_id_posts")
    return sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=name, ondelete="CASCADE")
