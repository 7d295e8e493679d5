"""Store when each day of an event begins and ends, and a version number for each calendar entry.

Why: one calendar entry covered the nights as well, and its sequence number never rose, so calendars did not show
changes. To replace the entries given out so far, those of events begin at number 1 with the time of this step, and
those of registrations get the time of their last known change. Registrations that an older release makes meanwhile
have no such time, and the time of registering is used. The columns are added in place: no table is copied.
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
