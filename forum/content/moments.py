"""Times in content files: on the clock of a time zone, with an offset only where that clock shows an hour twice."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from forum.content.shapes import Where


def tell(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment as a file holds it: the time on the zone's clock."""
    local = moment.astimezone(zone)
    naive = local.replace(tzinfo=None, fold=0)
    if _comes_twice(naive, zone):
        return naive.replace(tzinfo=timezone(local.utcoffset() or timedelta()))
    return naive


def read(told: datetime, zone: ZoneInfo, where: Where) -> datetime:
    """Return the moment in UTC. Raises BadFile for a time that the zone's clock leaves out or shows twice."""
    try:
        moment = (told if told.tzinfo else told.replace(tzinfo=zone)).astimezone(UTC)
        shown = moment.astimezone(zone).replace(tzinfo=None, fold=0)
    except OverflowError:
        where.refuse("is outside the calendar")
    if told.tzinfo is None and shown != told:
        where.refuse(f"{told} does not exist in {zone.key}: the clock is put forward then")
    if told.tzinfo is None and _comes_twice(told, zone):
        where.refuse(f"{told} comes twice in {zone.key}: write which one by its offset, such as +01:00")
    return moment


def _comes_twice(naive: datetime, zone: ZoneInfo) -> bool:
    first, second = (naive.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
