"""The day after which people cannot change their own answers; they can still cancel, and organisers can change answers.

Consents and answers about protected identity are never frozen (P04, P20).
"""

from datetime import datetime

from forum import clock
from forum.events.models import Event


class AnswersFrozen(Exception):
    """The moment from which people no longer change their own answers has come; organisers still can."""


def is_frozen(event: Event, now: datetime) -> bool:
    """Return whether people can no longer change their own answers."""
    return event.freezes_at is not None and now >= event.freezes_at


def refuse_if_frozen(event: Event, now: datetime) -> None:
    """Raise AnswersFrozen if people can no longer change their own answers."""
    if is_frozen(event, now):
        raise AnswersFrozen


def is_frozen_now(event: Event) -> bool:
    """Return whether people can no longer change their own answers today (the template test `frozen`)."""
    return is_frozen(event, clock.now())


def seconds_unfrozen(event: Event, now: datetime) -> float:
    """Return the seconds until people can no longer change their answers; infinity if no such moment is to come."""
    if event.freezes_at is None or is_frozen(event, now):
        return float("inf")
    return (event.freezes_at - now).total_seconds()
