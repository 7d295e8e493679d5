"""What time does to registrations: addresses not confirmed, offers not taken, floors released."""

from datetime import datetime

from forum.audit import actions as audit
from forum.events.models import Event
from forum.registration import mails, places, queries, waiting_list
from forum.registration.enums import Status
from forum.registration.models import Registration


def expire_due(*, now: datetime) -> int:
    """End what has run out, then offer what became free in events that have not begun; return how many ended.

    Flushes only; the job commits. Run twice, or by two workers, it does nothing more (R02). All events are locked
    before anything is written, in one order, so that it never waits for who waits for it.
    """
    events = queries.list_events_to_tend(now)
    for event in events:
        places.lock(event)
    return sum(_tend(event, now) for event in events)


def _tend(event: Event, now: datetime) -> int:
    unconfirmed = queries.list_unconfirmed(event, now)
    for registration in unconfirmed:
        _expire(registration, "registration.not_confirmed", now)
    lapsed = queries.list_lapsed_offers(event, now)
    for registration in lapsed:
        _expire(registration, "registration.offer_lapsed", now)
        mails.queue_offer_lapsed(registration, now=now)
    waiting_list.offer_free_places(event, now=now)
    return len(unconfirmed) + len(lapsed)


def _expire(registration: Registration, action: str, now: datetime) -> None:
    places.release(registration)
    registration.status = Status.EXPIRED
    registration.ended_at = now
    audit.record(action, registration, actor="worker", at=now)
