"""The waiting list: who asked first is offered first, as far as the balance of sectors allows."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.registration import mails, places, queries
from forum.registration.enums import Status
from forum.registration.models import Registration


def join(registration: Registration, now: datetime) -> None:
    """Put the registration in line, by the moment in which it was asked for."""
    registration.status = Status.WAITING
    registration.waiting_since = registration.requested_at
    audit.record("registration.waiting", registration, actor="person", at=now)


def offer_free_places(event: Event, *, now: datetime) -> int:
    """Offer every place that the rule allows to who waits longest; return how many offers were made.

    Call it with the event locked. No offer is made once the event has begun, and none lasts longer than until then.
    """
    offered = 0
    while chosen := _next_in_line(event, now):
        _offer(chosen, now)
        offered += 1
    return offered


def take_if_first(registration: Registration, now: datetime) -> bool:
    """Offer what is free to those who waited longer, then give this registration its place if one is left.

    The person is there, having just confirmed the address, and need not be asked again by mail.
    """
    if now >= registration.event.starts_at:
        return False
    while places.may_take(registration, now):
        chosen = _next_in_line(registration.event, now)
        if chosen is registration:
            return True
        if chosen is None:
            return False
        _offer(chosen, now)
    return False


def position(registration: Registration) -> int:
    """Return the place in the sector's line, 1 for the first; 0 when the registration does not wait."""
    if registration.status != Status.WAITING:
        return 0
    ahead = select(func.count()).where(
        Registration.event_id == registration.event_id,
        Registration.sector_id == registration.sector_id,
        Registration.status == Status.WAITING,
        (Registration.waiting_since < registration.waiting_since)
        | ((Registration.waiting_since == registration.waiting_since) & (Registration.id < registration.id)),
    )
    return (db.session.scalar(ahead) or 0) + 1


def _next_in_line(event: Event, now: datetime) -> Registration | None:
    if now >= event.starts_at:
        return None
    open_sectors = [sector_id for sector_id, left in places.places_left(event, now).items() if left > 0]
    if not open_sectors:
        return None
    waiting = queries.list_waiting(event, open_sectors)
    return next((registration for registration in waiting if places.admit(registration, now)), None)


def _offer(registration: Registration, now: datetime) -> None:
    event = registration.event
    registration.status = Status.OFFERED
    registration.offer_expires_at = min(now + timedelta(hours=event.offer_hours), event.starts_at)
    mails.queue_offered(registration, now=now)
    audit.record(
        "registration.offered",
        registration,
        actor="worker",
        at=now,
        until=registration.offer_expires_at.isoformat(),
    )
