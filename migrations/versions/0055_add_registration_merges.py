"""Add registration merges: which registration was merged into which, and for a day the values that undoing needs.

Why: organisers merge two registrations of one person. An earlier version that runs beside this one does not read the
table; it sees the registration that has ended as a cancelled one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

STATUSES = "'pending', 'in_review', 'waiting', 'offered', 'confirmed', 'cancelled', 'expired', 'declined'"


def _registration(column: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_registration_merges_{column}_registrations")
    return sa.ForeignKeyConstraint([column], ["registrations.id"], name=name, ondelete="CASCADE")


def upgrade() -> None:
    op.create_table(
        "registration_merges",
        sa.Column("ended_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("ended_from", sa.String(length=20), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=True),
        sa.Column("care_before", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            f"ended_from IN ({STATUSES})", name=op.f("ck_registration_merges_ended_from_known")
        ),
        sa.CheckConstraint("kept_id <> ended_id", name=op.f("ck_registration_merges_of_two")),
        _registration("kept_id"),
        _registration("ended_id"),
        sa.PrimaryKeyConstraint("ended_id", name=op.f("pk_registration_merges")),
    )
    op.create_index("ix_registration_merges_kept_id", "registration_merges", ["kept_id"])


def downgrade() -> None:
    op.drop_table("registration_merges")
