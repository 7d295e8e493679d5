"""The days of an event as an organiser gives them: a date and hours for each, by the clock at the venue.

`read_hours` and `columns_of` are inverse to each other. Hours are local times: an event that is moved to another date
keeps them, also across a change to summer time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from forum.events.days import DAY, LONGEST_DAY, Day, clock_text, has_hours, list_days
from forum.events.errors import DaysApart, EndsBeforeStart, HourMissing, NoDays, NoSuchHour
from forum.events.models import Event

MIDNIGHT = time(0)
NIGHT = time(6)  # the latest hour after midnight at which a day of an event may end


@dataclass(frozen=True)
class DayHours:
    """A day of an event and its hours; an hour that is not known is None."""

    day: date
    starts: time | None = None
    ends: time | None = None

    @property
    def text(self) -> str:
        """The day with the hours that are known, such as "Tuesday 16 November 2027, from 9:00"."""
        starts, ends = (clock_text(hour) if hour else "" for hour in (self.starts, self.ends))
        if starts and ends:
            return f"{Day(self.day).text}, {starts}–{ends}"
        hours = _("from %(hour)s", hour=starts) if starts else _("until %(hour)s", hour=ends) if ends else ""
        return f"{Day(self.day).text}, {hours}" if hours else Day(self.day).text


def read_hours(event: Event) -> list[DayHours]:
    """Return the event's days in order, each with the hours that are known."""
    dates = [day.date for day in list_days(event)]
    if not has_hours(event):
        return [DayHours(day) for day in dates]
    nights = event.nights if len(event.nights) == len(dates) - 1 else [{}] * (len(dates) - 1)
    starts, ends = event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone)
    mornings = [starts.time(), *(_hour(night, "starts") for night in nights)]
    evenings = [*(_hour(night, "ends") for night in nights), ends.time()]
    return [DayHours(*day) for day in zip(dates, mornings, evenings, strict=True)]


def columns_of(days: Sequence[DayHours], zone: ZoneInfo) -> dict[str, Any]:
    """Return `starts_at`, `ends_at` and `nights` of an event with these days.

    Raises NoDays, DaysApart, HourMissing, EndsBeforeStart, NoSuchHour.
    """
    if not days:
        raise NoDays
    for row, (before, after) in enumerate(pairwise(days), start=1):
        if after.day - before.day != DAY:
            raise DaysApart(row)
    if all(day.starts is None and day.ends is None for day in days):
        return _whole_days(days, zone)
    first, last = days[0], days[-1]
    if first.starts is None:
        raise HourMissing(0)
    if last.ends is None:
        raise HourMissing(len(days) - 1)
    for row, day in enumerate(days):
        _refuse_wrong_hours(row, day, zone, longest=_longest(row, days))
    is_past_midnight = last.ends == MIDNIGHT or (last.starts is not None and last.ends <= last.starts)
    return {
        "starts_at": _moment(first.day, first.starts, zone),
        "ends_at": _moment(last.day + DAY if is_past_midnight else last.day, last.ends, zone),
        "nights": [_night(before, after) for before, after in pairwise(days)],
    }


def _whole_days(days: Sequence[DayHours], zone: ZoneInfo) -> dict[str, Any]:
    """Return the columns of an event whose hours are not known: it lasts from midnight to midnight."""
    starts_at, ends_at = (_moment(day, MIDNIGHT, zone) for day in (days[0].day, days[-1].day + DAY))
    return {"starts_at": starts_at, "ends_at": ends_at, "nights": [{} for _night in days[1:]]}


def _hour(night: dict[str, str], name: str) -> time | None:
    return time.fromisoformat(night[name]) if name in night else None


def _night(before: DayHours, after: DayHours) -> dict[str, str]:
    told = {"ends": before.ends, "starts": after.starts}
    return {name: hour.isoformat("minutes") for name, hour in told.items() if hour is not None}


def _longest(row: int, days: Sequence[DayHours]) -> timedelta:
    """Return how long this day may last if it ends after midnight; a longer day would be read as two days."""
    if len(days) == 1:
        return LONGEST_DAY
    return timedelta(0) if row == len(days) - 1 else DAY


def _refuse_wrong_hours(row: int, day: DayHours, zone: ZoneInfo, *, longest: timedelta) -> None:
    for hour in (day.starts, day.ends):
        if hour is not None and not _exists(day.day, hour, zone):
            raise NoSuchHour(row)
    if day.starts is None or day.ends is None or day.ends > day.starts:
        return
    lasts = datetime.combine(day.day + DAY, day.ends) - datetime.combine(day.day, day.starts)
    if day.ends != MIDNIGHT and (day.ends > NIGHT or lasts > longest):
        raise EndsBeforeStart(row)
    if not _exists(day.day + DAY, day.ends, zone):
        raise NoSuchHour(row)


def _exists(day: date, hour: time, zone: ZoneInfo) -> bool:
    """Return whether the clock at the venue shows this hour on this day."""
    there = datetime.combine(day, hour, zone)
    return there.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == there.replace(tzinfo=None)


def _moment(day: date, hour: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, hour, zone).astimezone(UTC)
