"""Say when each day of an event begins and ends, and number what calendars show by its changes.

Why: one entry covered the nights as well, and its number never rose, so calendars kept what had changed. What was given
out until now is replaced: the events' entries begin at 1, in the moment of this step. For registrations the best known
moment of their last change is taken; one that an older release makes meanwhile has none and counts from its asking.
The columns are added in place: no table is written anew.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("events", sa.Column("nights", sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column(
        "events", sa.Column("calendar_sequence", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("events", sa.Column("calendar_changed_at", MOMENT, nullable=True))
    op.add_column("registrations", sa.Column("calendar_changed_at", MOMENT, nullable=True))
    op.create_index("ix_registrations_email", "registrations", ["event_id", "email_canonical"])
    events = sa.table(
        "events", sa.column("calendar_sequence", sa.Integer()), sa.column("calendar_changed_at", MOMENT)
    )
    op.execute(sa.update(events).values(calendar_sequence=1, calendar_changed_at=datetime.now(UTC)))
    op.execute(
        "UPDATE registrations SET calendar_changed_at = coalesce(ended_at, confirmed_at, requested_at)"
    )


def downgrade() -> None:
    op.drop_index("ix_registrations_email", "registrations")
    op.drop_column("registrations", "calendar_changed_at")
    op.drop_column("events", "calendar_changed_at")
    op.drop_column("events", "calendar_sequence")
    op.drop_column("events", "nights")
