"""Time zones in calendar files, written so that Outlook, Apple Calendar and Thunderbird read them (M14).

Outlook knows one rule for winter time and one for summer time, and passes over lists of dates. So a zone is written as
the two yearly rules that hold around the event.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SHORTEST = timedelta(minutes=1)
WEEK = 7


@dataclass(frozen=True)
class Change:
    """A change of a zone's clocks: the moment, and the offsets from UTC before and after it."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def local(self) -> datetime:
        """The moment of the change in the local time before it, without a zone, as RFC 5545 (3.6.5) wants it."""
        return (self.at + self.before).replace(tzinfo=None)


def define_zone(zone: ZoneInfo, year: int) -> icalendar.Timezone | None:
    """Return a definition of a zone for this year and the next; None if yearly rules cannot describe its changes."""
    earlier, present, later = ([*_list_changes(zone, number)] for number in (year - 1, year, year + 1))
    definition = icalendar.Timezone()
    definition.add("tzid", zone.key)
    if not (earlier or present or later):
        always = datetime(1970, 1, 1)  # noqa: DTZ001 - the clock at the venue
        offset = datetime(year, 1, 1, tzinfo=zone).utcoffset() or timedelta()
        definition.add_component(_part(zone, Change(always.replace(tzinfo=UTC), offset, offset)))
        return definition
    if not len(earlier) == len(present) == len(later) == 2:
        return None
    for changes in zip(earlier, present, later, strict=True):
        rule = _find_rule(changes)
        if rule is None:
            return None
        definition.add_component(_part(zone, changes[0], rule))
    return definition


def _list_changes(zone: ZoneInfo, year: int) -> Iterator[Change]:
    """List the changes of the zone's clocks in a year, in order."""
    day, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    while day < ends:
        following = day + timedelta(days=1)
        if _offset(zone, day) != _offset(zone, following):
            yield _find_change(zone, day, following)
        day = following


def _find_change(zone: ZoneInfo, first: datetime, last: datetime) -> Change:
    before, after = _offset(zone, first), _offset(zone, last)
    while last - first > SHORTEST:
        middle = first + (last - first) // SHORTEST // 2 * SHORTEST
        first, last = (middle, last) if _offset(zone, middle) == before else (first, middle)
    return Change(last, before, after)


def _find_rule(changes: tuple[Change, ...]) -> dict[str, object] | None:
    """Return the yearly rule for these changes, such as a month's last or second Sunday; None if no rule fits all."""
    if len({(one.local.month, one.local.weekday(), one.local.time(), one.after) for one in changes}) > 1:
        return None
    first = changes[0].local
    if all((one.local + timedelta(days=WEEK)).month != first.month for one in changes):
        count = -1
    elif len(counts := {(one.local.day - 1) // WEEK + 1 for one in changes}) == 1:
        count = counts.pop()
    else:
        return None
    return {"freq": "yearly", "bymonth": first.month, "byday": f"{count}{WEEKDAYS[first.weekday()]}"}


def _part(
    zone: ZoneInfo, change: Change, rule: dict[str, object] | None = None
) -> icalendar.TimezoneStandard | icalendar.TimezoneDaylight:
    there = change.at.astimezone(zone)
    part = icalendar.TimezoneDaylight() if there.dst() else icalendar.TimezoneStandard()
    part.add("dtstart", change.local if rule else change.at.replace(tzinfo=None))
    part.add("tzoffsetfrom", change.before)
    part.add("tzoffsetto", change.after)
    part.add("tzname", there.tzname())
    if rule:
        part.add("rrule", rule)
    return part


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
