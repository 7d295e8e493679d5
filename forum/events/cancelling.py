"""Cancelling an event as a whole, with a public reason, and undoing that.

Registrations, places and personal links stay as they are, so that nothing is lost if the event takes place after all;
but nobody registers, is invited or is offered a place. Call with the event locked.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from forum import clock
from forum.audit import actions as audit
from forum.columns import Text
from forum.events import queries
from forum.events.errors import CannotCancel
from forum.events.models import Event


def cancel(event: Event, reason: Text, *, actor: str, now: datetime) -> Mapping[str, Any]:
    """Cancel the event; return the former values of the changed columns, by name. Raises CannotCancel.

    The event's calendar entries say from now on that it is cancelled, with a higher sequence number
    (`events.versions`).
    """
    if queries.is_off(event, now):
        raise CannotCancel
    return _set(event, now, reason, "event.cancelled", actor=actor, now=now)


def take_up_again(event: Event, *, actor: str, now: datetime) -> Mapping[str, Any]:
    """Undo the cancellation of an event; return the former values of the changed columns. Raises CannotCancel."""
    if not event.cancelled_at or queries.is_over(event, now):
        raise CannotCancel
    return _set(event, None, Text(), "event.taken_up_again", actor=actor, now=now)


def is_off_now(event: Event) -> bool:
    """Return whether the event is over or cancelled today (the template test `off`)."""
    return queries.is_off(event, clock.now())


def _set(
    event: Event, cancelled_at: datetime | None, reason: Text, action: str, *, actor: str, now: datetime
) -> Mapping[str, Any]:
    former = {"cancelled_at": event.cancelled_at, "cancel_reason": event.cancel_reason}
    event.cancelled_at, event.cancel_reason = cancelled_at, reason
    audit.record(action, event, actor=actor, at=now)
    return former
