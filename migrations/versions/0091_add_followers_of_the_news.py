"""Add followers of the news, their chosen categories and their links.

Why: people who want the news by mail are on a separate list, which has no connection to registrations. An earlier
version that runs beside this one has no page for it and sends nothing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
PURPOSES = ("confirm", "choose", "leave")


def upgrade() -> None:
    op.create_table(
        "followers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_canonical", sa.String(length=320), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("pace", sa.String(length=20), nullable=False),
        sa.Column("has_every", sa.Boolean(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("weekly_at", MOMENT, nullable=True),
        sa.CheckConstraint("pace IN ('at_once', 'weekly')", name=op.f("ck_followers_pace_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_followers_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followers")),
        sa.UniqueConstraint(
            "event_id", "email_canonical", name=op.f("uq_followers_event_id_email_canonical")
        ),
    )
    op.create_index("ix_followers_confirmed", "followers", ["event_id", "pace", "id"])
    op.create_index("ix_followers_email_canonical", "followers", ["email_canonical"])
    _create_categories()
    op.create_table(
        "follower_links",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint(sa.column("purpose").in_(PURPOSES), name=op.f("ck_follower_links_purpose_known")),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["followers.id"],
            name=op.f("fk_follower_links_follower_id_followers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_follower_links")),
    )
    op.create_index("ix_follower_links_follower_id", "follower_links", ["follower_id"])


def _create_categories() -> None:
    op.create_table(
        "follower_categories",
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["follower_id"],
            ["followers.id"],
            name=op.f("fk_follower_categories_follower_id_followers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["category_id"],
            ["categories.id"],
            name=op.f("fk_follower_categories_category_id_categories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("follower_id", "category_id", name=op.f("pk_follower_categories")),
    )
    op.create_index("ix_follower_categories_category_id", "follower_categories", ["category_id"])


def downgrade() -> None:
    """Forget who follows the news."""
    op.drop_table("follower_links")
    op.drop_table("follower_categories")
    op.drop_table("followers")
