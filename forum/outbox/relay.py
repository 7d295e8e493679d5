"""Pausing all mail while the mail server cannot be reached or refuses the forum; each further pause is longer.

No mail is claimed during a pause, so none of them loses an attempt.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from forum.extensions import db
from forum.outbox.models import MailRelay

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600, 900))
IS_TROUBLED = MailRelay.failures > 0


def find_trouble() -> MailRelay | None:
    """Return the state of the mail server if the last attempt failed, else None."""
    return db.session.scalars(select(MailRelay).where(IS_TROUBLED)).one_or_none()


def is_paused(now: datetime) -> bool:
    """Return whether sending is paused now; a pause that a wrong clock put far into the future is ignored."""
    until = db.session.scalar(select(MailRelay.paused_until).where(IS_TROUBLED))
    return until is not None and now < until <= now + PAUSES[-1]


def pause(reason: str, *, now: datetime) -> None:
    """Store that the mail server accepts no mail, and pause all sending: the more failures in a row, the longer.

    A failure during a pause is not counted: workers that send at the same time all meet the same trouble.
    """
    relay = db.session.scalars(select(MailRelay).with_for_update()).one()
    relay.last_error = reason[:500]
    if is_paused(now):
        return
    relay.failures += 1
    relay.failing_since = relay.failing_since or now
    relay.paused_until = now + PAUSES[min(relay.failures, len(PAUSES)) - 1]


def end_pause(*, now: datetime) -> None:
    """End the pause, so that the next mail is tried at once.

    The trouble itself ends only when the server answers to that mail.
    """
    db.session.execute(update(MailRelay).where(IS_TROUBLED).values(paused_until=now))


def note_answer() -> None:
    """Store that the mail server works again, because it has answered to a mail."""
    well = {"failures": 0, "failing_since": None, "paused_until": None, "last_error": None}
    db.session.execute(update(MailRelay).where(IS_TROUBLED).values(**well))
