"""The waiting list: offers go to those who asked first, as far as the rule for places (`places`) allows."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.registration import mails, places, queries
from forum.registration.enums import Status
from forum.registration.models import Registration

Admit = Callable[[Registration, datetime, Counter[str] | None], bool]


def join(registration: Registration, now: datetime, *, actor: str = "person") -> None:
    """Put the registration on the waiting list, by the time when it was requested."""
    registration.move_to(Status.WAITING, now=now)
    registration.waiting_since = registration.requested_at
    audit.record("registration.waiting", registration, actor=actor, at=now)


def offer_free_places(event: Event, *, now: datetime) -> int:
    """Offer every place that the rule of `places` allows to those who wait longest; return how many offers were made.

    Call this with the event locked. No offer is made after the event has begun, and no offer lasts beyond that
    moment.
    """
    offered = 0
    for chosen in _admitted(event, now):
        _offer(chosen, now)
        offered += 1
    return offered


def count_offers_on_trial(trial: Event, now: datetime) -> Counter[int]:
    """Return by sector id how many places `offer_free_places` would offer if the event were as in this copy.

    Nobody is offered anything; only the copy's counters change (`places.trial_of`).
    """
    admit = partial(places.admit_on_trial, trial)
    return Counter(registration.sector_id for registration in _admitted(trial, now, admit))


def take_if_first(registration: Registration, now: datetime) -> bool:
    """Offer free places to those who waited longer, then give this registration a place if one is left.

    The person is confirming the address at this moment, so no offer by mail is needed.
    """
    line = _admitted(registration.event, now)
    while places.may_take(registration, now):
        chosen = next(line, None)
        if chosen is None or chosen is registration:
            return chosen is registration
        _offer(chosen, now)
    return False


def position(registration: Registration) -> int:
    """Return the position in the sector's line, 1 for the first; 0 when the registration does not wait."""
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


def _admitted(event: Event, now: datetime, admit: Admit = places.admit) -> Iterator[Registration]:
    """Give places to the waiting registrations that may have one, in the order of the line, and yield each of them.

    One pass is enough: each place that is given can only leave fewer places for the others.
    """
    last = None
    while now < event.starts_at and (sectors := _open_sectors(event, now)):
        waiting = queries.list_waiting(event, sectors, after=last)
        if not waiting:
            return
        keys = {registration.organisation_key for registration in waiting}
        held = queries.count_places_of_organisations(event, keys) if event.organisation_cap else None
        for last in waiting:
            if admit(last, now, held):
                yield last


def _open_sectors(event: Event, now: datetime) -> list[int]:
    return [sector_id for sector_id, left in places.places_left(event, now).items() if left > 0]


def _offer(registration: Registration, now: datetime) -> None:
    if not registration.has_address:
        _give(registration, now)
        return
    event = registration.event
    registration.move_to(Status.OFFERED, now=now)
    registration.offer_expires_at = min(now + timedelta(hours=event.offer_hours), event.starts_at)
    mails.queue_offered(registration, now=now)
    audit.record(
        "registration.offered",
        registration,
        actor="worker",
        at=now,
        until=registration.offer_expires_at.isoformat(),
    )


def _give(registration: Registration, now: datetime) -> None:
    """Confirm the place of somebody without an address, who can read no offer; organisers tell the person."""
    registration.move_to(Status.CONFIRMED, now=now)
    registration.waiting_since = None
    audit.record("registration.confirmed", registration, actor="worker", at=now)
