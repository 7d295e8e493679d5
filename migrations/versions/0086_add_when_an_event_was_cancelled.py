"""Add when an event was cancelled as a whole, and the reason that everybody reads.

Why: calendars, public pages and the message to the people say that the event is cancelled. An earlier version that runs
beside this one knows neither and shows the event as if it took place.
"""

import sqlalchemy as sa
from alembic import op

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("events", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "events", sa.Column("cancel_reason", sa.JSON(), server_default=sa.text("'{}'"), nullable=False)
    )


def downgrade() -> None:
    """Forget that events were cancelled."""
    op.drop_column("events", "cancel_reason")
    op.drop_column("events", "cancelled_at")
