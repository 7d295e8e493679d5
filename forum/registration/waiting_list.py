"""The waiting list: free places go to people in the order of the line, where the rule of `places` allows it."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.events.enums import LineOrder
from forum.events.models import Event
from forum.extensions import db
from forum.registration import caps, deadlines, held_places, line_queries, offers, places, queries
from forum.registration.caps import Held
from forum.registration.enums import Status
from forum.registration.line import PassedOver, Round, Rules, Turn
from forum.registration.models import Registration

Admit = Callable[[Registration, datetime, Held | None], bool]


@dataclass(frozen=True)
class Served:
    """By sector id: how many places were offered, and how many were given at once to people without an address."""

    offered: Counter[int] = field(default_factory=Counter)
    given: Counter[int] = field(default_factory=Counter)

    def count(self, waiter: Registration) -> None:
        """Count a place that was offered or given to this person."""
        (self.offered if waiter.has_address else self.given)[waiter.sector_id] += 1


@dataclass(frozen=True)
class _Passed:
    """Says who gets no turn: those `skipped`, and whoever has a link to confirm a first address that still works.

    `but` is somebody for whom an organiser or the person has just acted, who is never passed over.
    """

    event: Event
    now: datetime
    skipped: Collection[int] = ()
    but: Registration | None = None

    def why(self, waiter: Registration) -> PassedOver | None:
        """Return why this person gets no turn now, None if nothing is in the way."""
        if waiter.id in self.skipped:
            return PassedOver.WITHDRAWN
        if waiter.has_address or waiter is self.but or waiter.id not in self._unconfirmed:
            return None
        return PassedOver.ADDRESS

    @cached_property
    def _unconfirmed(self) -> set[int]:
        return line_queries.list_unconfirmed(self.event, self.now)


def join(registration: Registration, now: datetime, *, actor: str = "person") -> None:
    """Put the registration on the waiting list, by the time of registering."""
    registration.move_to(Status.WAITING, now=now)
    registration.waiting_since = registration.requested_at
    audit.record("registration.waiting", registration, actor=actor, at=now)


def offer_free_places(event: Event, *, skipped: Collection[int] = (), now: datetime) -> Served:
    """Offer every place that the rule of `places` allows to those whose turn it is; return how many got one.

    Call this with the event locked. No offer is made once the event is too near (`deadlines.offers_end_at`), and no
    offer lasts beyond that moment. `skipped` are the ids of registrations that this call offers nothing.
    """
    served = Served()
    for turn in _admitted(event, now, _Passed(event, now, skipped)):
        served.count(turn.waiter)
        _serve(turn, now)
    return served


def count_offers_on_trial(trial: Event, now: datetime) -> Served:
    """Return how many places `offer_free_places` would offer or give if the event were as in this copy.

    Nobody is offered anything; only the copy's counters change (`places.trial_of`).
    """
    served, admit = Served(), partial(places.admit_on_trial, trial)
    for turn in _admitted(trial, now, _Passed(trial, now), admit):
        served.count(turn.waiter)
    return served


def take_if_first(registration: Registration, now: datetime) -> bool:
    """Offer free places to people whose turn comes first, then give this registration a place if one is left.

    The person is confirming the address at this moment, so no offer by mail is needed. Once no offers are made any
    more, the first person in the sector's line still gets a free place by this function.
    """
    if deadlines.is_too_near(registration.event, now):
        return position(registration) == 1 and places.admit(registration, now)
    turns = _admitted(registration.event, now, _Passed(registration.event, now, but=registration))
    while places.may_take(registration, now):
        turn = next(turns, None)
        if turn is None or turn.waiter is registration:
            return turn is not None
        _serve(turn, now)
    return False


def position(registration: Registration) -> int:
    """Return the position in the sector's line, 1 for the next; 0 when the registration does not wait."""
    if registration.status != Status.WAITING:
        return 0
    if registration.event.line_order == LineOrder.BALANCE:
        line = line_queries.positions(registration.event, registration.sector_id)
        return db.session.scalar(select(line.c.position).where(line.c.id == registration.id)) or 0
    return rank_by_asking(registration)


def rank_by_asking(registration: Registration) -> int:
    """Return a waiting person's rank in the sector by time of asking: 1 for the person who has waited longest."""
    ahead = select(func.count()).where(
        Registration.event_id == registration.event_id,
        Registration.sector_id == registration.sector_id,
        Registration.status == Status.WAITING,
        (Registration.waiting_since < registration.waiting_since)
        | ((Registration.waiting_since == registration.waiting_since) & (Registration.id < registration.id)),
    )
    return (db.session.scalar(ahead) or 0) + 1


def _admitted(event: Event, now: datetime, passed: _Passed, admit: Admit = places.admit) -> Iterator[Turn]:
    """Give places to the waiting registrations that may have one, in the order of the line, and yield their turns.

    One pass is enough: each place that is given can only leave fewer places for other people.
    """
    held = Held()
    rules = Rules(
        below=lambda sector_id: _below(event, sector_id, now),
        has_place=lambda organisation_key: held.in_all(organisation_key) > 0,
        full=lambda: _full(event, now),
        admit=lambda waiter: admit(waiter, now, held),
        passes=passed.why,
    )
    round_, last = Round(event.line_order, rules), None
    is_balanced = event.line_order == LineOrder.BALANCE
    while now < deadlines.offers_end_at(event) and (sectors := _open_sectors(event, now)):
        if is_balanced:
            waiting = line_queries.list_whole(event, sectors)
            held.own = caps.own_caps(event)
            held.know((), held_places.count_by_organisation(event))
            yield from round_.give(waiting)
            return
        waiting = queries.list_waiting(event, sectors, after=last)
        if not waiting:
            return
        held.add({registration.organisation_key for registration in waiting}, event)
        yield from round_.give(waiting)
        last = waiting[-1]


def _open_sectors(event: Event, now: datetime) -> list[int]:
    return [sector_id for sector_id, left in places.places_left(event, now).items() if left > 0]


def _serve(turn: Turn, now: datetime) -> None:
    """Offer the place to the person for whom it was just counted; a person without an address gets it at once."""
    if turn.waiter.has_address:
        offers.make(turn.waiter, turn.as_data(), now=now)
    else:
        _give(turn.waiter, now)


def _give(registration: Registration, now: datetime) -> None:
    """Confirm the place of somebody without an address, who can read no offer; organisers tell the person."""
    registration.move_to(Status.CONFIRMED, now=now)
    registration.waiting_since = None
    audit.record("registration.confirmed", registration, actor="worker", at=now)


def _full(event: Event, now: datetime) -> list[int]:
    return [sector_id for sector_id, left in places.places_left(event, now).items() if left <= 0]


def _below(event: Event, sector_id: int, now: datetime) -> int:
    """Return how many places the sector is below its floor; 0 once floors are released."""
    return next(places.kept_for(sector, event, now) for sector in event.sectors if sector.id == sector_id)
