"""Add the time that the worker's clock showed last, and since when it has gone without a jump.

Why: what is deleted on a day after the event is gone for good, so a clock that jumps forward must not delete it (R18).
An earlier version that runs beside this one watches no clock.
"""

import sqlalchemy as sa
from alembic import op

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "worker_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("steady_since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_worker_clock_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker_clock")),
    )


def downgrade() -> None:
    """Forget what the worker's clock has shown; the clock is watched anew after the next upgrade."""
    op.drop_table("worker_clock")
