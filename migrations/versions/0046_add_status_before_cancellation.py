"""Add the status that a registration had before it was cancelled.

Why: an organiser can undo a cancellation within a day. The column is added in place: no table is copied. A cancellation
by an earlier version that runs beside this one leaves it empty, and cannot be undone.
"""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

STATUSES = "'pending', 'in_review', 'waiting', 'offered', 'confirmed', 'cancelled', 'expired', 'declined'"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE registrations ADD COLUMN cancelled_from VARCHAR(20)"
        f" CONSTRAINT ck_registrations_cancelled_from_known CHECK (cancelled_from IN ({STATUSES}))"
    )


def downgrade() -> None:
    op.drop_column("registrations", "cancelled_from")
