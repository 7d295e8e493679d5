"""How long places are still held for people who have not confirmed their addresses, in words for the overview."""

from datetime import datetime, timedelta

from flask_babel import ngettext

from forum.events import queries as events
from forum.events.models import Event
from forum.registration import queries
from forum.registration.enums import Status
from forum.registration.models import Registration

HOUR = timedelta(hours=1)


def first_end_text(event: Event, held: int, now: datetime) -> str:
    """Return when the first of `held` places is free again; "" if none is held, or the event is over or cancelled."""
    ends = queries.find_next_hold_end(event, now) if held > 0 and not events.is_off(event, now) else None
    if ends is None:
        return ""
    return ngettext(
        "The first of these places is free again within %(num)s hour.",
        "The first of these places is free again within %(num)s hours.",
        _hours(ends, now),
    )


def hold_text(registration: Registration, now: datetime) -> str:
    """Return for how long a place is held for a person who has not confirmed the address; "" if no place is held."""
    until = registration.held_until
    is_held = registration.status == Status.PENDING and registration.holds_place
    if not is_held or until is None or until <= now or events.is_off(registration.event, now):
        return ""
    return ngettext(
        "The place is held for at most %(num)s more hour.",
        "The place is held for at most %(num)s more hours.",
        _hours(until, now),
    )


def _hours(until: datetime, now: datetime) -> int:
    """Return the number of hours until a moment, rounded up."""
    return -((now - until) // HOUR)
