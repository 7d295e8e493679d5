"""How long a person has to answer a mail. If the mail left late, the time counts from then.

While the mail server cannot be reached, no mail reaches anybody. So no deadline may pass before the person can know of
it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement

from forum import clock
from forum.events.models import Event
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from forum.registration.enums import Status
from forum.registration.models import Registration

CONFIRM_TIME = timedelta(hours=48)
# A deadline is extended only if the mail about it left so late that the person has lost more time than this.
LATE = timedelta(hours=1)
# The bounds within which organisers set how many hours before the end of an offer its reminder leaves. The least is
# two, because no reminder leaves for an offer that ends within an hour.
LEAST_HOURS, MOST_HOURS = 2, 336
SHORTEST_REMINDED = timedelta(hours=8)  # an offer that lasts for a shorter time than this has no reminder
# If no mail asking to confirm an address leaves, the time to confirm starts again. In all, a registration waits for
# confirmation at most this many times the usual time.
TIMES = 4
EXTENDED = "offer-extended"  # the kind of the mail about a later deadline that an organiser has set


def offers_end_at(event: Event) -> datetime:
    """Return the moment from which no place is offered any more; no offer lasts beyond it.

    Nobody is offered a place at an event that has been cancelled.
    """
    ends_at = event.starts_at - timedelta(hours=event.offer_cutoff_hours)
    return min(ends_at, event.cancelled_at or ends_at)


def is_too_near(event: Event, now: datetime) -> bool:
    """Return whether the event is so near that no place is offered any more, and has not begun."""
    return offers_end_at(event) <= now < event.starts_at


def offer_ends_at(event: Event, now: datetime) -> datetime:
    """Return the deadline of an offer that is made now."""
    return min(now + timedelta(hours=event.offer_hours), offers_end_at(event))


def is_past_offer(registration: Registration, now: datetime) -> bool:
    """Return whether a place is offered to the person, and the time to accept it is over.

    The worker then ends the offer, or makes it last longer if its mail was late (`expiry`). Until it has done so, no
    page may call that time a time to come. Nobody can accept while the event is cancelled, so no offer's time is over
    then.
    """
    until = registration.offer_expires_at
    if registration.status != Status.OFFERED or until is None:
        return False
    return until <= now and registration.event.cancelled_at is None


def is_past_offer_now(registration: Registration) -> bool:
    """Return whether the time to accept the offered place is over by now (the template test `past_offer`)."""
    return is_past_offer(registration, clock.now())


def past_offer(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition for the registrations of which `is_past_offer` is true."""
    can_accept = Registration.event.has(Event.cancelled_at.is_(None))
    return (Registration.status == Status.OFFERED) & (Registration.offer_expires_at <= now) & can_accept


def reminder_at(event: Event, made_at: datetime, until: datetime) -> datetime | None:
    """Return when to send the reminder of an offer; None if its time is too short, or the event has no such reminders.

    The reminder leaves so many hours before the deadline as the event's setting says. Without that setting, and for an
    offer that lasts no longer than those hours, it leaves when a quarter of the offer's time is left.
    """
    whole, hours = until - made_at, event.offer_reminder_hours
    if hours == 0 or whole < SHORTEST_REMINDED:
        return None
    left = timedelta(hours=hours or 0)
    return until - (left if timedelta(0) < left < whole else whole / 4)


def find_later_offer(
    registration: Registration, offers: Sequence[OutboxMessage], now: datetime
) -> datetime | None:
    """Return a later deadline for an offer whose deadline has passed, or None when the person has had the whole time.

    The time counts from when the first mail left, if that was late; a mail that an organiser has sent again may be
    that first mail. While the newest mail, which may be about a later deadline, has not left, the whole time starts
    again. A dead letter about the offer or its extension starts the time again only once: organisers see the dead
    letter and can reach the person in another way.
    """
    if not offers:
        return None
    event, newest, until = registration.event, offers[-1], now
    whole = timedelta(hours=event.offer_hours)
    left_at = _left_at(offers)
    if newest.status in UNSENT or _is_first_dead_letter(offers):
        until = now + whole
    elif left_at and left_at + whole - (registration.offer_expires_at or now) > LATE:
        until = left_at + whole
    until = min(until, offers_end_at(event))
    return until if until > now else None


def _is_first_dead_letter(offers: Sequence[OutboxMessage]) -> bool:
    """Return whether the newest mail is a dead letter, and is the first one about the offer or about its extension."""
    *earlier, newest = offers
    tells_anew = not earlier or (newest.kind == EXTENDED and earlier[-1].status == MessageStatus.SENT)
    return newest.status == MessageStatus.FAILED and tells_anew


def confirming_ends(registration: Registration, now: datetime) -> datetime:
    """Return until when a confirming link made now works: `confirm_by`, or the whole time again once that is over.

    Until the worker has ended an overdue registration, its address counts as registered. A form sent in between gets a
    link that works, and the worker then waits for the link (`expiry`), at most until TIMES the time since registering:
    whoever asks again and again must not keep a stranger's name stored.
    """
    if registration.confirm_by > now:
        return registration.confirm_by
    return max(
        registration.confirm_by,
        min(now, registration.requested_at + (TIMES - 1) * CONFIRM_TIME) + CONFIRM_TIME,
    )


def is_held(registration: Registration, now: datetime) -> bool:
    """Return whether a place is still held for a registration whose address is not confirmed."""
    return registration.holds_place and (registration.held_until or registration.confirm_by) > now


def find_later_asking(
    requested_at: datetime,
    mails: Sequence[OutboxMessage],
    *,
    ends_at: datetime,
    whole: timedelta,
    now: datetime,
) -> datetime | None:
    """Return a later deadline than `ends_at` to confirm an address or hold a place, or None when there is none.

    The deadline stays if the person has had the `whole` time since the first mail was sent. While no mail was sent and
    one still may be, the whole time starts again, but ends at most TIMES the whole time after registering, because the
    place is not available to other people. A dead letter extends nothing, because it shows that nobody reads mail at
    this address.
    """
    until = now
    left_at = _left_at(mails)
    if left_at is None and any(mail.status in UNSENT for mail in mails):
        until = now + whole
    elif left_at and left_at + whole - ends_at > LATE:
        until = left_at + whole
    until = min(until, requested_at + TIMES * whole)
    return until if until > now else None


def _left_at(mails: Sequence[OutboxMessage]) -> datetime | None:
    return next((mail.sent_at for mail in mails if mail.sent_at), None)
