"""The facts about an event that a mailing tells: days, hours, time zone, town, and whether it is cancelled.

A step is {"at": moment or None, "facts": …}: the facts since that moment. The first step of a history has no moment.
Facts are values that JSON can hold, by the names of the event's columns.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from forum.columns import Text
from forum.events.hours import read_hours
from forum.events.models import Event

COLUMNS = ("timezone", "starts_at", "ends_at", "nights", "place", "cancelled_at", "cancel_reason")
Facts = dict[str, Any]
Step = dict[str, Any]


class Part(StrEnum):
    """A part of an event's facts, such as its days, that a change of the event may alter."""

    DAYS = "days"
    ZONE = "zone"
    PLACE = "place"
    CANCELLED = "cancelled"  # the event was cancelled, or takes place after all


def facts_of(event: Event, former: Mapping[str, Any] | None = None) -> Facts:
    """Return the event's present facts; with the `former` values of changed columns, the facts before the change."""
    values = {name: (former or {}).get(name, getattr(event, name)) for name in COLUMNS}
    return {
        "timezone": values["timezone"],
        "starts_at": values["starts_at"].isoformat(),
        "ends_at": values["ends_at"].isoformat(),
        "nights": [dict(night) for night in values["nights"]],
        "place": dict(values["place"]),
        "cancelled_at": values["cancelled_at"].isoformat() if values["cancelled_at"] else None,
        "cancel_reason": dict(values["cancel_reason"]),
    }


def event_with(facts: Facts) -> Event:
    """Return an unsaved Event with only these facts, for functions of events that put days and places into words."""
    moments = {name: datetime.fromisoformat(facts[name]) for name in ("starts_at", "ends_at")}
    event = Event(timezone=facts["timezone"], nights=facts["nights"], place=Text(facts["place"]), **moments)
    # Facts stored by an earlier version do not say whether the event was cancelled: read them as those of an event that
    # was not.
    cancelled_at = facts.get("cancelled_at")
    event.cancelled_at = datetime.fromisoformat(cancelled_at) if cancelled_at else None
    event.cancel_reason = Text(facts.get("cancel_reason") or {})
    return event


def differing(was: Facts, now: Facts, language: str) -> list[Part]:
    """Return the parts in which two versions of the facts differ for readers of this language; hours are local ones."""
    before, after = event_with(was), event_with(now)
    differs = {
        Part.DAYS: read_hours(before) != read_hours(after),
        Part.ZONE: before.timezone != after.timezone,
        Part.CANCELLED: bool(before.cancelled_at) != bool(after.cancelled_at),
        Part.PLACE: before.place.in_language(language) != after.place.in_language(language),
    }
    return [part for part in Part if differs[part]]


def first_step(facts: Facts) -> Step:
    """Return the first step of a history: facts without a starting moment."""
    return {"at": None, "facts": facts}


def next_step(facts: Facts, at: datetime) -> Step:
    """Return the step of a change made at this moment: the moment and the facts since then."""
    return {"at": at.isoformat(), "facts": facts}


def index_at(steps: Sequence[Step], moment: datetime, *, inclusive: bool = False) -> int:
    """Return the index of the step whose facts held just before a moment; with `inclusive`, at the moment itself."""
    index = 0
    for number, step in enumerate(steps[1:], start=1):
        changed_at = datetime.fromisoformat(step["at"])
        if changed_at < moment or (inclusive and changed_at == moment):
            index = number
    return index
