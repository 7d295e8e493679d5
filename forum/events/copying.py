"""Copying an event for another year: its texts, sectors, pages and rules, with its dates moved and without people."""

import re
from contextlib import suppress
from copy import deepcopy
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import inspect

from forum.audit import actions as audit
from forum.columns import Text
from forum.events import slugs
from forum.events.making import lock_events, refuse_twin
from forum.events.models import Event, Page, Sector
from forum.events.queries import list_page_texts
from forum.extensions import db

Row = TypeVar("Row", Event, Sector, Page)
# Columns that a copy does not take over from the event that is copied.
OWN = {
    Event: {
        *("id", "slug", "is_current", "is_published", "unpublished_at", "taken"),
        *("cancelled_at", "cancel_reason"),
        *("calendar_sequence", "calendar_changed_at", "sorted_to"),
        # The logo and the picture beside shared links are images of the old event's library; the new event has its own.
        *("logo_key", "share_key"),
        # Organisers decide anew whether the new event has a list of participants, and who reads it.
        "participant_list",
    },
    Sector: {"id", "event_id", "taken", "reserved", "merged_keys"},
    Page: {"id", "event_id"},
}
YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")
SHORT_YEAR = re.compile(r"(?<=[^\W\d_])\d\d(?!\w)")  # a year's last two digits after a letter, as in "#NF27"
MOMENTS = ("starts_at", "ends_at", "opens_at", "closes_at", "release_at", "freezes_at")


def copy_event(
    event: Event, *, first_day: date, name: str, language: str, actor: str, now: datetime
) -> Event:
    """Add a copy of the event that begins on another day; nobody but its organisers sees it.

    Each moment keeps its hour in the event's zone. The year is replaced in the names, not in other texts: only people
    know which year these texts mean. `name` is the copy's name in `language`. Raises EventExists. Call after
    `start_write`.
    """
    lock_events()
    refuse_twin(name, first_day, event.timezone)
    before = event.starts_at.astimezone(event.zone).date()
    made = _copy(event)
    for column in MOMENTS:
        setattr(made, column, _moved(getattr(event, column), first_day - before, event.zone))
    _rename(made, Text({language: name}), before.year, first_day.year)
    made.slug = _slug(event, name, before.year, first_day.year)
    made.is_current = made.is_published = False
    made.sectors = [_copy(sector) for sector in event.sectors]
    made.pages = [_copy(page) for page in list_page_texts(event)]
    db.session.add(made)
    audit.record("event.copied", made, actor=actor, at=now, of=event.id)
    return made


def in_year(words: str, before: int, year: int) -> str:
    """Return words with the earlier year replaced: "Forum 2027" and "#NF27" become "Forum 2028" and "#NF28"."""
    words = YEAR.sub(lambda match: str(year) if int(match[0]) == before else match[0], words)
    return SHORT_YEAR.sub(
        lambda match: f"{year % 100:02d}" if int(match[0]) == before % 100 else match[0], words
    )


def _rename(made: Event, typed: Text, before: int, year: int) -> None:
    """Replace the year in the copy's names, and set the name that the organiser typed."""
    is_short = made.short_name == made.name
    name, short_name = (
        Text({code: in_year(words, before, year) for code, words in texts.items()})
        for texts in (made.name, made.short_name)
    )
    made.name = Text({**name, **typed})
    made.short_name = made.name if is_short else short_name
    made.hashtag = in_year(made.hashtag, before, year)


def same_day(first_day: date, year: int) -> date:
    """Return the day of another year with the same month and day; 29 February becomes 28 February."""
    try:
        return first_day.replace(year=year)
    except ValueError:
        return first_day.replace(year=year, day=28)


def _copy(row: Row) -> Row:
    """Return a new row with this row's values, except in the columns that a copy does not take over (OWN).

    A stored value that the model would refuse today is not copied.
    """
    model = type(row)
    copy = model()
    for column in set(inspect(model).column_attrs.keys()) - OWN[model]:
        with suppress(ValueError):
            setattr(copy, column, deepcopy(getattr(row, column)))
    return copy


def _moved(moment: datetime | None, by: timedelta, zone: ZoneInfo) -> datetime | None:
    """Return the moment shifted by `by`, at the same local time even if summer time begins or ends in between."""
    return moment.astimezone(zone) + by if moment else None


def _slug(event: Event, name: str, before: int, year: int) -> str:
    """Return a slug for the copied event: nf28 after nf27; made from the name where the old slug has no year."""
    moved = in_year(event.slug, before, year)
    return moved if moved != event.slug and slugs.is_free(moved) else slugs.free_slug(name, year)
