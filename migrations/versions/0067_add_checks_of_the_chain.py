"""Add checks of the audit trail's chain.

Why: the worker verifies the trail every day, some entries at a time; pages and monitors read the result.
"""

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chain_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("checked_to", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_checks_single_row")),
        sa.CheckConstraint(
            "checked_to >= 0 AND entries >= 0", name=op.f("ck_chain_checks_numbers_not_negative")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_checks")),
    )


def downgrade() -> None:
    op.drop_table("chain_checks")
