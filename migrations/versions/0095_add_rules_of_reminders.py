"""Add rules by which an event reminds people of offers and invitations that they have not answered.

Why: organisers decide how long before its deadline an offer is reminded, and after how many days of silence an
invitation. An earlier version that runs beside this one sends the reminders that it knows.
"""

from alembic import op

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Add the columns in place, each with its own check. If the table were copied, the checks of columns that earlier
    # steps added would become checks of the whole table, and the downgrades of those steps could not drop the columns.
    op.execute(
        "ALTER TABLE events ADD COLUMN offer_reminder_hours INTEGER"
        " CONSTRAINT ck_events_offer_reminder_hours_not_negative CHECK (offer_reminder_hours >= 0)"
    )
    op.execute(
        "ALTER TABLE events ADD COLUMN invitation_reminder_days INTEGER"
        " CONSTRAINT ck_events_invitation_reminder_days_positive CHECK (invitation_reminder_days > 0)"
    )
    op.execute(
        "ALTER TABLE events ADD COLUMN invitation_reminder_hour INTEGER DEFAULT 9 NOT NULL"
        " CONSTRAINT ck_events_invitation_reminder_hour_of_a_day"
        " CHECK (invitation_reminder_hour >= 0 AND invitation_reminder_hour <= 23)"
    )


def downgrade() -> None:
    """Forget the rules of reminders; the earlier version sends the reminders that it knows."""
    for name in ("invitation_reminder_hour", "invitation_reminder_days", "offer_reminder_hours"):
        op.drop_column("events", name)
