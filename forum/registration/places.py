"""Who gets a place: floors, ceilings and the pool. The only module that changes `taken`.

A registration of sector s gets a place iff taken_s < ceiling_s and
taken + Σ over the other sectors t of max(0, floor_t − taken_t) < capacity (floors count until `release_at`),
and its organisation holds fewer places than the event's cap. Source: docs/architecture.md, "Places"; R01.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value

from forum.database import Base
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import queries
from forum.registration.errors import CapacityBelowTaken, SharesDoNotFit
from forum.registration.models import Registration
from forum.turns import processor

Remembered = list[tuple[Base, dict[str, Any]]]
# Both rows are locked: of a row that is only joined, PostgreSQL would show a state from before the wait.
LOCKED = (
    select(Event, Sector)
    .join(Sector, Sector.event_id == Event.id)
    .options(defer(Event.lead), defer(Event.sharing), defer(Event.programme_points), defer(Event.facts))
    .options(defer(Sector.invited))
    .order_by(Sector.position)
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
LOCKED_BY_ID = LOCKED.where(Event.id == bindparam("event_id"))
LOCKED_CURRENT = LOCKED.where(Event.is_current, Event.is_published)


def lock(event: Event) -> None:
    """Let one admission at a time decide, until the caller commits; read the counters afresh.

    Must be the first statement about places in the transaction. PostgreSQL locks the rows; on SQLite the
    writer's lock is held already.
    """
    identity = inspect(event).identity  # asking the event itself might read it first
    if _read_locked(LOCKED_BY_ID, {"event_id": identity[0] if identity else None}) is None:
        db.session.refresh(event, with_for_update={"key_share": True})  # it has no sector


def lock_current() -> Event | None:
    """Do the same for the event that the site is about now, and return it, in one question to the database."""
    return _read_locked(LOCKED_CURRENT, {})


def _read_locked(query: Select[Event, Sector], values: Mapping[str, Any]) -> Event | None:
    with processor.lent():
        rows = db.session.execute(query, values).all()
    if not rows:
        return None
    event = rows[0][0]
    set_committed_value(event, "sectors", [sector for _event, sector in rows])
    return event


def remember(event: Event) -> Remembered:
    """Return what is known of the event and its sectors, for `restore`."""
    rows = (event, *event.sectors)
    return [
        (row, {name: value for name, value in vars(row).items() if name != "_sa_instance_state"})
        for row in rows
    ]


def restore(remembered: Remembered) -> None:
    """Take what was remembered as what the database holds, instead of reading it again after an undone savepoint."""
    for row, values in remembered:
        for name, value in values.items():
            set_committed_value(row, name, value)


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
    has_room = places_left(event, now)[registration.sector.id] > 0
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
