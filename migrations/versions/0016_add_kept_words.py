"""Add a table for what an organiser had entered when their sign-in ended, where it is too long for a cookie.

Why: a post is longer than a cookie may be, and was lost when it was sent after half an hour's writing. An earlier
version that runs beside this one keeps what fits into a cookie.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_words",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_kept_words_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_kept_words")),
    )
    op.create_index("ix_kept_words_user_id", "kept_words", ["user_id"])


def downgrade() -> None:
    op.drop_table("kept_words")
