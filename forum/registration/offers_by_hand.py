"""What organisers do with offers by hand: offering a place out of turn, a later deadline, withdrawing an offer.

An offer by hand ignores the order of the line, but no limit: floors, ceilings, the capacity and the organisation's cap
apply as always (`places.admit`). Free places are offered at once, so a place for somebody further back in the line is
usually taken from another person's open offer; that person then waits again.
"""

from collections.abc import Collection
from datetime import datetime

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.registration import caps, deadlines, mails, offers, places, waiting_list
from forum.registration.enums import OfferEnd, Status
from forum.registration.errors import (
    DeadlineRefused,
    NoAddress,
    NoPlaceFree,
    StateChanged,
    WouldBeOfferedAgain,
)
from forum.registration.line import Because, Turn
from forum.registration.models import Registration
from forum.registration.offer_models import Offer


def offer(
    registration: Registration,
    *,
    reason: str,
    until: datetime | None = None,
    instead_of: Registration | None = None,
    words: str = "",
    user_id: int,
    now: datetime,
) -> Offer:
    """Offer a place to a waiting person out of turn; `instead_of` is a person whose open offer is withdrawn for it.

    `words` are the organiser's own for the mail to that other person. Raises StateChanged, NoAddress, DeadlineRefused,
    NoPlaceFree.
    """
    event = registration.event
    places.lock(event)
    db.session.refresh(registration)
    if registration.status != Status.WAITING:
        raise StateChanged
    if not registration.has_address:
        raise NoAddress
    until = until or deadlines.offer_ends_at(event, now)
    _refuse_deadline(registration, until, now)
    rank = waiting_list.rank_by_asking(registration)
    if instead_of is not None:
        _take_away(instead_of, words, user_id=user_id, now=now)
    below = places.kept_for(registration.sector, event, now)
    if not places.admit(registration, now):
        raise NoPlaceFree
    why = Turn(registration, event.line_order, Because.HAND, rank, below).as_data()
    made = offers.make(registration, why, until=until, user_id=user_id, reason=reason, now=now)
    waiting_list.offer_free_places(event, now=now)
    return made


def extend(registration: Registration, until: datetime, *, user_id: int, now: datetime) -> None:
    """Let an open offer last longer, and tell the person. Raises StateChanged, DeadlineRefused."""
    places.lock(registration.event)
    db.session.refresh(registration)
    if registration.status != Status.OFFERED:
        raise StateChanged
    if registration.offer_expires_at and until <= registration.offer_expires_at:
        raise DeadlineRefused
    _refuse_deadline(registration, until, now)
    mails.take_back([registration], kind="offer-reminder")
    offers.set_deadline(registration, until, now=now)
    mails.queue_about_offer(registration, deadlines.EXTENDED, now=now)
    audit.record(
        "registration.offer_extended", registration, actor=f"user:{user_id}", at=now, until=until.isoformat()
    )


def withdraw(registration: Registration, *, words: str = "", user_id: int, now: datetime) -> None:
    """Withdraw an offer: the person waits again as before, and the place is offered to the next person at once.

    Raises StateChanged, and WouldBeOfferedAgain where nobody else can take the place.
    """
    event = registration.event
    places.lock(event)
    _take_away(registration, words, user_id=user_id, now=now)
    waiting_list.offer_free_places(event, skipped=[registration.id], now=now)
    if now < deadlines.offers_end_at(event) and places.may_take(registration, now):
        raise WouldBeOfferedAgain


def could_follow(registration: Registration, other: Registration, now: datetime) -> bool:
    """Return whether one registration would get a place if another gave its own back. Nothing is changed."""
    trial = places.trial_of(registration.event)
    for sector in trial.sectors:
        sector.taken -= sector.id == other.sector_id
    trial.taken -= 1
    held = caps.held_by(registration.event, {registration.organisation_key, other.organisation_key})
    held.count(other.organisation_key, other.sector_id, -1)
    return places.admit_on_trial(trial, registration, now, held)


def count_placed(event: Event, people: Collection[Registration], now: datetime) -> int:
    """Return how many of these waiting people would get a place if all of them were offered one now, in this order.

    The offers are tried on a copy of the event: nothing is stored.
    """
    trial, held = places.trial_of(event), caps.held_by(event, {one.organisation_key for one in people})
    return sum(places.admit_on_trial(trial, one, now, held) for one in people)


def _take_away(registration: Registration, words: str, *, user_id: int, now: datetime) -> None:
    """Put a person with an open offer back in line, and mail them the organisers' words. Raises StateChanged."""
    db.session.refresh(registration)
    if registration.status != Status.OFFERED:
        raise StateChanged
    for kind in offers.OUTDATED:
        mails.take_back([registration], kind=kind)
    places.release(registration)
    registration.move_to(Status.WAITING, now=now)
    registration.offer_expires_at = None
    offers.end(registration, OfferEnd.WITHDRAWN, now=now)
    mails.queue_about_offer(registration, "offer-withdrawn", words=words, now=now)
    audit.record("registration.offer_withdrawn", registration, actor=f"user:{user_id}", at=now)


def _refuse_deadline(registration: Registration, until: datetime, now: datetime) -> None:
    if not now < until <= deadlines.offers_end_at(registration.event):
        raise DeadlineRefused
