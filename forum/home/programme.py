"""What the days of an event hold, until there is a programme: the event's own texts, day by day with its hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from babel.dates import format_date, format_time
from flask_babel import gettext as _

from forum.columns import Text
from forum.events.calendar import list_days
from forum.events.models import Event
from forum.web.languages import WRITTEN, in_language, language


@dataclass(frozen=True)
class Point:
    """Something that is on the programme; `starts` is "" where its hour is not settled."""

    starts: str
    title: str
    text: str


@dataclass(frozen=True)
class Day:
    """A day of the event; `hours` is "" where they are not known. Without a title: the points of all days."""

    title: str
    hours: str
    points: tuple[Point, ...]


def days_of(event: Event) -> list[Day]:
    """Return the event's days, each with its points in the order of their hours.

    A point says by `day` (1 is the first) on which day it is. Where none says so, all are returned as one day.
    """
    entries = event.programme_points
    if not any("day" in entry for entry in entries):
        return [Day("", "", tuple(_point(entry) for entry in entries))] if entries else []
    return [
        Day(_day_title(starts), _hours(starts, ends), _points_of(entries, number))
        for number, (starts, ends) in enumerate(list_days(event), start=1)
    ]


def hours_of(event: Event) -> list[str]:
    """Return a line for each day with its hours, such as "Tuesday 9:00–17:00"; none where no hours are known."""
    spans = [(starts, ends) for starts, ends in list_days(event) if isinstance(starts, datetime)]
    if len(spans) == 1:
        return [_hours(*spans[0])]
    return [
        f"{_capital(format_date(starts, 'EEEE', locale=_locale()))} {_hours(starts, ends)}"
        for starts, ends in spans
    ]


def _points_of(entries: Iterable[Mapping[str, Any]], day: int) -> tuple[Point, ...]:
    mine = [entry for entry in entries if entry.get("day", 1) == day]
    return tuple(_point(entry) for entry in sorted(mine, key=lambda entry: entry.get("starts", "")))


def _point(entry: Mapping[str, Any]) -> Point:
    starts = entry.get("starts", "")
    return Point(
        _clock(time.fromisoformat(starts)) if starts else "",
        in_language(Text(entry["title"])),
        in_language(Text(entry["text"])),
    )


def _day_title(day) -> str:
    return _capital(format_date(day, "EEEE d MMMM", locale=_locale()))


def _hours(starts, ends) -> str:
    return f"{_clock(starts)}–{_clock(ends)}" if isinstance(starts, datetime) else ""


def _clock(moment: datetime | time) -> str:
    """Return an hour as it is written: 9:00 in English, 9.00 in Swedish."""
    return format_time(moment if isinstance(moment, time) else moment.time(), _("H:mm"), locale=_locale())


def _locale() -> str:
    return WRITTEN.get(language(), language())


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
