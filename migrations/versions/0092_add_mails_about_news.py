"""Add which posts of the news go out by mail, and to whom each went.

Why: a follower gets a post once at most, also when a worker is killed. Posts that are public already have no row: they
came out before anybody could follow. An earlier version that runs beside this one sends nothing; this version mails the
posts that are written with the earlier one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0092"
down_revision = "0091"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STATES = ("waiting", "queued", "failed", "left_out")
IS_WAITING = sa.text("status = 'waiting'")


def upgrade() -> None:
    op.add_column(
        "posts", sa.Column("goes_by_mail", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.create_table(
        "mailed_posts",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("announced_at", MOMENT, nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.CheckConstraint("sent >= 0 AND failed >= 0", name=op.f("ck_mailed_posts_numbers_not_negative")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_mailed_posts_post_id_posts"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_mailed_posts")),
    )
    _create_mails()


def _create_mails() -> None:
    op.create_table(
        "news_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint(sa.column("status").in_(STATES), name=op.f("ck_news_mails_status_known")),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_news_mails_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["followers.id"],
            name=op.f("fk_news_mails_follower_id_followers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["outbox_messages.id"],
            name=op.f("fk_news_mails_message_id_outbox_messages"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news_mails")),
        sa.UniqueConstraint("post_id", "follower_id", name=op.f("uq_news_mails_post_id_follower_id")),
    )
    op.create_index("ix_news_mails_follower_id", "news_mails", ["follower_id"])
    op.create_index("ix_news_mails_message_id", "news_mails", ["message_id"])
    op.create_index(
        "ix_news_mails_waiting", "news_mails", ["id"], sqlite_where=IS_WAITING, postgresql_where=IS_WAITING
    )


def downgrade() -> None:
    """Forget which posts went out; the posts stay."""
    op.drop_table("news_mails")
    op.drop_table("mailed_posts")
    with op.batch_alter_table("posts") as posts:
        posts.drop_column("goes_by_mail")
