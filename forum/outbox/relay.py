"""The mail server as a whole: while it is away or turns us off, sending pauses, longer each time.

No mail is begun meanwhile, so none of them loses an attempt.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from forum.extensions import db
from forum.outbox.models import MailRelay

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600, 900))
IS_TROUBLED = MailRelay.failures > 0


def find_trouble() -> MailRelay | None:
    """Return the mail server's row when the last attempt failed, else None."""
    return db.session.scalars(select(MailRelay).where(IS_TROUBLED)).one_or_none()


def is_paused(now: datetime) -> bool:
    """Whether no mail is tried now. A pause that a clock has set far ahead is none."""
    until = db.session.scalar(select(MailRelay.paused_until).where(IS_TROUBLED))
    return until is not None and now < until <= now + PAUSES[-1]


def pause(reason: str, *, now: datetime) -> None:
    """Note that the mail server takes no mail, and leave it alone for a while."""
    relay = db.session.scalars(select(MailRelay).with_for_update()).one()
    relay.failures += 1
    relay.failing_since = relay.failing_since or now
    relay.paused_until = now + PAUSES[min(relay.failures, len(PAUSES)) - 1]
    relay.last_error = reason[:500]


def end_pause(*, now: datetime) -> None:
    """Let the next mail be tried at once; the trouble is over when it has been answered."""
    db.session.execute(update(MailRelay).where(IS_TROUBLED).values(paused_until=now))


def note_answer() -> None:
    """Note that the mail server has dealt with a mail: it is there, and knows us."""
    well = {"failures": 0, "failing_since": None, "paused_until": None, "last_error": None}
    db.session.execute(update(MailRelay).where(IS_TROUBLED).values(**well))
