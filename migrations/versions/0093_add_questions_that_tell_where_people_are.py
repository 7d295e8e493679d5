"""Add whether a question tells where somebody is, and when its answers were deleted for that reason.

Why: answers that tell where somebody is are deleted a week after the event (P27). An earlier version that runs beside
this one deletes nothing; questions that it adds have no mark.
"""

import sqlalchemy as sa
from alembic import op

revision = "0093"
down_revision = "0092"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "questions", sa.Column("is_locating", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("questions", sa.Column("answers_deleted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget which questions tell where somebody is; deleted answers stay deleted."""
    op.drop_column("questions", "answers_deleted_at")
    op.drop_column("questions", "is_locating")
