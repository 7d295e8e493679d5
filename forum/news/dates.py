"""The days on which posts were published, as the newsroom's calendar counts them."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Stockholm")


def day_of(moment: datetime) -> date:
    """Return the newsroom's date at a moment."""
    return moment.astimezone(ZONE).date()


def midnight(day: date) -> datetime:
    """Return the moment at which the newsroom's day begins, in UTC."""
    return datetime.combine(day, time.min, ZONE).astimezone(UTC)
