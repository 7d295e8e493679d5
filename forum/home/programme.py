"""The programme of an event on its front page: the days with their hours, and the event's own points of each day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from forum.columns import Text
from forum.events.days import capital, clock_text, list_days
from forum.events.models import Event
from forum.web.languages import in_language


@dataclass(frozen=True)
class Point:
    """A point of the programme; `starts` is "" when its time is not settled."""

    starts: str
    title: str
    text: str


@dataclass(frozen=True)
class Day:
    """A day of the event; `hours` is "" when unknown. A single Day without a title has the points of all days."""

    title: str
    hours: str
    points: tuple[Point, ...]


def days_of(event: Event) -> list[Day]:
    """Return the event's days, each with its points in the order of their hours.

    A point says by `day` (1 is the first) on which day it is. If no point has a `day`, all are returned as one day.
    """
    entries = event.programme_points
    if not any("day" in entry for entry in entries):
        return [Day("", "", tuple(_point(entry) for entry in entries))] if entries else []
    return [
        Day(day.without_year, day.hours, _points_of(entries, number))
        for number, day in enumerate(list_days(event), start=1)
    ]


def hours_of(event: Event) -> list[str]:
    """Return the hours of each day that has any, such as "Tuesday 9:00–17:00"; without the weekday for a single day."""
    days = [day for day in list_days(event) if day.hours]
    return (
        [day.hours for day in days]
        if len(days) == 1
        else [capital(f"{day.weekday} {day.hours}") for day in days]
    )


def _points_of(entries: Iterable[Mapping[str, Any]], day: int) -> tuple[Point, ...]:
    mine = [entry for entry in entries if entry.get("day", 1) == day]
    return tuple(_point(entry) for entry in sorted(mine, key=lambda entry: entry.get("starts", "")))


def _point(entry: Mapping[str, Any]) -> Point:
    starts = entry.get("starts", "")
    return Point(
        clock_text(time.fromisoformat(starts)) if starts else "",
        in_language(Text(entry["title"])),
        in_language(Text(entry["text"])),
    )
