"""The dates of posts, in the newsroom's time zone."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Stockholm")


def day_of(moment: datetime) -> date:
    """Return the date at a moment in the newsroom's time zone."""
    return moment.astimezone(ZONE).date()


def midnight(day: date) -> datetime:
    """Return the start of a day in the newsroom's time zone, as UTC."""
    return datetime.combine(day, time.min, ZONE).astimezone(UTC)
