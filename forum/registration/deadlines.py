"""How long a person has to answer a mail: from when it left, where it did not leave at once.

While the mail server is away nobody is told anything. So nobody's time runs out before they could know of it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration.models import Registration

CONFIRM_TIME = timedelta(hours=48)
LATE = timedelta(hours=1)  # a mail that left less late than this lengthens nothing
TIMES = 4  # an unconfirmed registration is kept for at most four times the whole time


def find_later_offer(
    registration: Registration, offers: Sequence[OutboxMessage], now: datetime
) -> datetime | None:
    """Return until when an offer holds although its time is over, None when the person has had that time.

    The time counts from when the first mail left, where that was late, also if it was an organiser's second one. One
    that has not left gives the whole time anew; a dead letter does so once, for the organisers see it and can reach the
    person in another way.
    """
    if not offers:
        return None
    event, newest, until = registration.event, offers[-1], now
    whole = timedelta(hours=event.offer_hours)
    left_at = _left_at(offers)
    if newest.status in UNSENT or (newest.status == MessageStatus.FAILED and len(offers) == 1):
        until = now + whole
    elif left_at and left_at + whole - (registration.offer_expires_at or now) > LATE:
        until = left_at + whole
    until = min(until, event.starts_at)
    return until if until > now else None


def find_later_asking(
    registration: Registration,
    mails: Sequence[OutboxMessage],
    *,
    ends_at: datetime,
    whole: timedelta,
    now: datetime,
) -> datetime | None:
    """Return until when an address may be confirmed, or a place is held for it, although `ends_at` is over.

    None when the person has had the `whole` time since the first mail left. While none has left and one still may, the
    time begins anew, up to TIMES of it since the asking: the place is somebody else's, too. A dead letter lengthens
    nothing, for it says that nobody reads there.
    """
    until = now
    left_at = _left_at(mails)
    if left_at is None and any(mail.status in UNSENT for mail in mails):
        until = now + whole
    elif left_at and left_at + whole - ends_at > LATE:
        until = left_at + whole
    until = min(until, registration.requested_at + TIMES * whole)
    return until if until > now else None


def _left_at(mails: Sequence[OutboxMessage]) -> datetime | None:
    return next((mail.sent_at for mail in mails if mail.sent_at), None)
