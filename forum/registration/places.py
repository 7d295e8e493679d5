"""Who gets a place: floors, ceilings and the pool. The only module that changes `taken`.

A registration of sector s gets a place iff taken_s < ceiling_s and
taken + Σ over the other sectors t of max(0, floor_t − taken_t) < capacity (floors count until `release_at`),
and its organisation holds fewer places than the event's cap. Source: docs/architecture.md, "Places"; R01.
"""

from datetime import datetime

from sqlalchemy import select, update

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import queries
from forum.registration.errors import CapacityBelowTaken, SharesDoNotFit
from forum.registration.models import Registration


def lock(event: Event) -> None:
    """Let one admission at a time decide, until the caller commits; read the counters afresh.

    Must be the first statement about places in the transaction. The event row is written to
    (PostgreSQL: its row lock; SQLite: the writer's lock is held already).
    """
    touch = update(Event).where(Event.id == event.id).values(taken=Event.taken)
    db.session.execute(touch, execution_options={"synchronize_session": False})
    fresh = {"populate_existing": True}
    for counted in (
        select(Event).where(Event.id == event.id),
        select(Sector).where(Sector.event_id == event.id),
    ):
        db.session.execute(counted, execution_options=fresh).all()  # reading the rows is what refreshes them


def admit(registration: Registration, now: datetime) -> bool:
    """Give the registration a place if the rule allows it; return whether it has one."""
    if not may_take(registration, now):
        return False
    registration.sector.taken += 1
    registration.event.taken += 1
    registration.holds_place = True
    return True


def release(registration: Registration) -> None:
    """Take the place back, if the registration holds one."""
    if registration.holds_place:
        registration.sector.taken -= 1
        registration.event.taken -= 1
        registration.holds_place = False


def may_take(registration: Registration, now: datetime) -> bool:
    """Whether this registration would get a place now."""
    event = registration.event
    has_room = places_left(event, now)[registration.sector_id] > 0
    return has_room and organisation_has_room(event, registration.organisation_key)


def organisation_has_room(event: Event, organisation_key: str) -> bool:
    """Whether the organisation is below the event's cap."""
    cap = event.organisation_cap
    return cap is None or queries.count_places_of_organisation(event, organisation_key) < cap


def places_left(event: Event, now: datetime) -> dict[int, int]:
    """Return per sector id how many more places it could take now, were it the only one to ask."""
    free = event.capacity - event.taken
    kept = {sector.id: _kept_for(sector, event, now) for sector in event.sectors}
    reserved = sum(kept.values())
    return {
        sector.id: max(0, min(sector.ceiling - sector.taken, free - (reserved - kept[sector.id])))
        for sector in event.sectors
    }


def change_capacity(event: Event, capacity: int) -> None:
    """Set the event's capacity. Raises CapacityBelowTaken, SharesDoNotFit."""
    if capacity < event.taken:
        raise CapacityBelowTaken
    if sum(sector.floor for sector in event.sectors) > capacity:
        raise SharesDoNotFit
    event.capacity = capacity


def change_share(sector: Sector, *, floor: int, ceiling: int) -> None:
    """Set a sector's floor and ceiling. Raises CapacityBelowTaken, SharesDoNotFit."""
    if ceiling < sector.taken:
        raise CapacityBelowTaken
    others = sum(other.floor for other in sector.event.sectors if other is not sector)
    if not 0 <= floor <= ceiling or others + floor > sector.event.capacity:
        raise SharesDoNotFit
    sector.floor, sector.ceiling = floor, ceiling


def _kept_for(sector: Sector, event: Event, now: datetime) -> int:
    if event.release_at is not None and now >= event.release_at:
        return 0
    return max(0, sector.floor - sector.taken)
