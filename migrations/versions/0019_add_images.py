"""Add the images of libraries, and the cover images of posts.

Why: organisers illustrate posts and pages with images of their own. Rows say what an image shows and in which widths
its files lie in the store. The step makes new tables alone; an earlier version can run beside it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

FOCUS_KNOWN = (
    "focus IN ('top-left', 'top', 'top-right', 'left', 'centre', 'right',"
    " 'bottom-left', 'bottom', 'bottom-right')"
)


def upgrade() -> None:
    op.create_table(
        "images",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("widths", sa.JSON(), nullable=False),
        sa.Column("alt", sa.JSON(), nullable=False),
        sa.Column("credit", sa.String(length=150), nullable=True),
        sa.Column("focus", sa.String(length=20), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_images_has_a_size")),
        sa.CheckConstraint(FOCUS_KNOWN, name=op.f("ck_images_focus_known")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name=op.f("fk_images_event_id_events"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_images")),
        sa.UniqueConstraint("key", name=op.f("uq_images_key")),
    )
    op.create_index("ix_images_event_id", "images", ["event_id", "id"])
    op.create_table(
        "post_covers",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("image_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["posts.id"], name=op.f("fk_post_covers_post_id_posts"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["image_id"], ["images.id"], name=op.f("fk_post_covers_image_id_images")),
        sa.PrimaryKeyConstraint("post_id", name=op.f("pk_post_covers")),
    )
    op.create_index("ix_post_covers_image_id", "post_covers", ["image_id"])


def downgrade() -> None:
    for table in ("post_covers", "images"):
        op.drop_table(table)
