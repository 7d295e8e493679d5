"""The mails of a registration: each rendered once into the outbox, in the transaction that causes it.

All have neutral subjects and first lines: no event, place, organisation or name (P26), so that nobody's mail
differs from a protected person's. No text that a visitor typed is in them, so that a stranger cannot make
the forum send words to somebody else (M12, L01).
"""

from datetime import datetime, timedelta

from flask import current_app

from forum.events import calendar
from forum.events.models import Event
from forum.outbox import actions as outbox
from forum.outbox.models import OutboxMessage
from forum.registration import links, queries
from forum.registration.enums import Status, TokenPurpose
from forum.registration.models import Registration

REPEATED = "already-registered"
REPEATS_AN_HOUR = 3
HOUR = timedelta(hours=1)


def queue_received(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Ask for the address to be confirmed; the text says whether a place is held until then."""
    kind = "received" if registration.holds_place else "received-without-place"
    return _queue_confirming(registration, kind, now)


def find_live_with_repeats(
    event: Event, email_canonical: str, now: datetime
) -> tuple[Registration | None, int]:
    """Return the live registration of this address, and how often it was told so within the hour.

    One question to the database, so that a known address takes no more work than another (S24).
    """
    return queries.find_live_with_mails(event, email_canonical, REPEATED, now - HOUR)


def queue_already_registered(
    registration: Registration, repeats: int | None = None, *, now: datetime
) -> OutboxMessage:
    """Tell the owner of the address, and only them, that it is registered; at most three times an hour (S24, S25).

    What would be too often is made all the same and withheld, for the clock would tell who asks. `repeats` is how often
    it was told within the hour, where that is known.
    """
    if repeats is None:
        repeats = queries.count_mails(registration, REPEATED, now - HOUR)
    queue_it = _queue_confirming if registration.status == Status.PENDING else _queue_managing
    return queue_it(registration, REPEATED, now, withheld=repeats >= REPEATS_AN_HOUR)


def queue_confirmed(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Say that the place stands, with the calendar file (never for protected identity, P26)."""
    return _queue_managing(registration, "confirmed", now, attachments=_calendar(registration))


def queue_waiting(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Say that the person waits, and how offers work."""
    return _queue_managing(registration, "waiting", now)


def queue_in_review(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Say that the organisers look at the registration before they answer."""
    return _queue_managing(registration, "in-review", now)


def queue_offered(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Offer a place until the deadline."""
    return _queue_managing(registration, "offered", now, until=registration.offer_expires_at)


def queue_offer_lapsed(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Say that the offer has run out."""
    return _queue(registration, "offer-lapsed", now)


def queue_cancelled(registration: Registration, *, now: datetime, was: str) -> OutboxMessage:
    """Say that the registration has ended; a place that stood is taken out of the calendar again."""
    attachments = _calendar(registration, cancelled=True) if was == Status.CONFIRMED else ()
    return _queue(registration, "cancelled", now, attachments=attachments)


def queue_link(registration: Registration, *, now: datetime) -> OutboxMessage:
    """Send a fresh personal link to who asked for it; at most three times an hour, others are withheld."""
    repeats = queries.count_mails(registration, "link", now - HOUR)
    return _queue_managing(registration, "link", now, withheld=repeats >= REPEATS_AN_HOUR)


def queue_for_state(registration: Registration, *, now: datetime) -> OutboxMessage | None:
    """Queue the mail that fits the registration's present state."""
    by_status = {
        Status.PENDING: queue_received,
        Status.IN_REVIEW: queue_in_review,
        Status.WAITING: queue_waiting,
        Status.OFFERED: queue_offered,
        Status.CONFIRMED: queue_confirmed,
    }
    return by_status[Status(registration.status)](registration, now=now)


def _queue_confirming(registration: Registration, kind: str, now: datetime, **more) -> OutboxMessage:
    token = links.issue(registration, TokenPurpose.CONFIRM, now=now)
    link = _url(registration, f"confirm/{token}")
    return _queue(registration, kind, now, link=link, until=registration.confirm_by, **more)


def _queue_managing(registration: Registration, kind: str, now: datetime, **more) -> OutboxMessage:
    token = links.issue(registration, TokenPurpose.MANAGE, now=now)
    return _queue(registration, kind, now, link=_url(registration, token), **more)


def _queue(
    registration: Registration, kind: str, now: datetime, *, attachments=(), withheld=False, **context
) -> OutboxMessage:
    event = registration.event
    return outbox.queue(
        kind=kind,
        recipient=registration.email,
        language=registration.language,
        context={
            "event": event,
            "reference": registration.reference,
            "status": registration.status,
            **context,
        },
        now=now,
        event_id=event.id,
        registration_id=registration.id,
        attachments=attachments,
        withheld=withheld,
        reply_to=event.contact_email,
    )


def _url(registration: Registration, path: str) -> str:
    """Return a personal address under the configured base, whatever host was asked for (S39)."""
    return f"{current_app.config['BASE_URL']}/{registration.language}/r/{path}"


def _calendar(registration: Registration, *, cancelled: bool = False) -> tuple[outbox.Attachment, ...]:
    if queries.is_protected(registration):
        return ()
    content = calendar.personal_calendar(
        registration.event,
        registration.language,
        sequence=registration.calendar_sequence,
        cancelled=cancelled,
    )
    return (outbox.Attachment("forum.ics", "text/calendar", content),)
