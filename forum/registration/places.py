"""Who gets a place: floors, ceilings and the pool. The only module that changes `taken`.

A registration of sector s gets a place iff taken_s < ceiling_s and
taken + Σ over the other sectors t of max(0, floor_t − taken_t) < capacity (floors count until `release_at`),
and its organisation holds fewer places than its cap (`caps`). Source: docs/architecture.md, "Places"; R01.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, inspect, select
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value

from forum.database import read_locked
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import caps, deadlines, held_places, queries, sharing
from forum.registration.caps import Held
from forum.registration.errors import CapacityBelowTaken, NoPlaceFree, NoSuchSector, NotLive, SectorFull
from forum.registration.models import Registration
from forum.registration.senders import Sender

# Lock the rows of event and sectors: PostgreSQL reads a joined row without a lock as it was before the wait for locks.
LOCKED = read_locked(
    select(Event, Sector)
    .join(Sector, Sector.event_id == Event.id)
    .options(defer(Event.lead), defer(Event.sharing), defer(Event.programme_points), defer(Event.facts))
    .options(defer(Sector.invited))
    .order_by(Sector.position)
)
# The columns of an event and its sectors that decide who gets a place. `trial_of` copies only these.
EVENT_TRIED = (
    *("id", "timezone", "starts_at", "ends_at", "cancelled_at", "release_at", "has_waiting_list"),
    *("organisation_cap", "offer_hours", "offer_cutoff_hours", "line_order", "capacity", "taken"),
)
SECTOR_TRIED = ("id", "key", "position", "name", "floor", "ceiling", "taken", "reserved", "policy")
# By sector id: how many more places the sector could take now if no other sector took any.
Left = dict[int, int]
SHORT_HOLD = timedelta(hours=6)
SCARCE = 5  # a sector's places are scarce when at most one fifth of them is left
LOCKED_BY_ID = LOCKED.where(Event.id == bindparam("event_id"))
LOCKED_CURRENT = LOCKED.where(Event.is_current, Event.is_published)
LOCKED_BY_SLUG = LOCKED.where(Event.slug == bindparam("slug"), Event.is_published)


def lock(event: Event) -> None:
    """Lock the event until the caller commits, so that one admission at a time decides; read the counters afresh.

    This must be the first statement about places in the transaction. PostgreSQL locks the rows; on SQLite the writer
    already holds the lock on the database.
    """
    # Take the id without reading event.id, which could make the session load the event before it is locked.
    identity = inspect(event).identity
    if _lock(LOCKED_BY_ID, {"event_id": identity[0] if identity else None}) is None:
        # Read the event by itself: the query above returns no row for an event without sectors.
        db.session.refresh(event, with_for_update={"key_share": True})


def lock_live(registration: Registration) -> None:
    """Lock the event, then read the registration afresh. Raises NotLive.

    Every change locks the event first, so that no two changes deadlock.
    """
    lock(registration.event)
    db.session.refresh(registration)
    if not registration.is_live:
        raise NotLive


def lock_sector(key: str, slug: str | None = None) -> tuple[Event, Sector]:
    """Lock the published event with this slug and its sectors in one statement; return event and sector.

    Without a slug it is the current event. Raises NoSuchSector.
    """
    event = _lock(LOCKED_BY_SLUG, {"slug": slug}) if slug else _lock(LOCKED_CURRENT, {})
    if event is None or (sector := find_sector(event, key)) is None:
        raise NoSuchSector
    return event, sector


def _lock(query: Select[Event, Sector], values: Mapping[str, Any]) -> Event | None:
    rows = db.session.execute(query, values).all()
    if not rows:
        return None
    event = rows[0][0]
    set_committed_value(event, "sectors", [sector for _event, sector in rows])
    return event


def admit(registration: Registration, now: datetime, held: Held | None = None) -> bool:
    """Give the registration a place if the rule allows it; return whether it got one.

    `held` has the number of places of each organisation, if that is known already, and is updated.
    """
    if not may_take(registration, now, held):
        return False
    if held is not None:
        held.count(registration.organisation_key, registration.sector.id)
    _take(registration)
    return True


def admit_on_trial(trial: Event, registration: Registration, now: datetime, held: Held | None = None) -> bool:
    """Take a place for the registration in a copy of its event (`trial_of`), if the rule allows one there."""
    sector = next(sector for sector in trial.sectors if sector.id == registration.sector_id)
    if not _is_free(sector, trial, registration.organisation_key, now, held):
        return False
    if held is not None:
        held.count(registration.organisation_key, sector.id)
    sector.taken += 1
    trial.taken += 1
    return True


def give_back_on_trial(trial: Event, registration: Registration) -> None:
    """Free the registration's place, if it holds one, in a copy of its event (`trial_of`)."""
    if registration.holds_place:
        next(sector for sector in trial.sectors if sector.id == registration.sector_id).taken -= 1
        trial.taken -= 1


def trial_of(event: Event) -> Event:
    """Return a copy of the event and its sectors, detached from the session: rules tried on it store nothing.

    The copy has the event's id, and so the event's registrations.
    """
    sectors = [Sector(**{name: getattr(sector, name) for name in SECTOR_TRIED}) for sector in event.sectors]
    return Event(**{name: getattr(event, name) for name in EVENT_TRIED}, sectors=sectors)


def has_room(
    sector: Sector,
    now: datetime,
    organisation_key: str | None = None,
    *,
    own: caps.Own | None = None,
    left: Left | None = None,
) -> bool:
    """Return whether a place could be held now for a person (of this organisation, if one is given).

    `left` is what `places_left` returns now, and `own` are the organisation's own caps, if the caller has them.
    Raises SectorFull if there is neither a place in the sector nor a waiting list. If only the organisation's cap
    prevents it, no place is held and nothing is refused: the sender may be a stranger, who must not learn who else
    comes from the organisation. `actions.confirm` decides, once the address is known to be the person's.
    """
    if sector.policy != SectorPolicy.OPEN:
        return False
    event = sector.event
    # Once no offers are made any more, a newcomer must not get a place before those who wait.
    would_pass = deadlines.is_too_near(event, now) and queries.has_line(sector)
    is_free = not would_pass and (places_left(event, now) if left is None else left)[sector.id] > 0
    if not is_free and not takes_waiters(event, now):
        raise SectorFull
    return is_free and caps.has_room(event, organisation_key, sector.id, own=own)


def hold(registration: Registration, sender: Sender, *, now: datetime) -> None:
    """Hold a place for a registration until its address is confirmed, for a shorter time when few places are left.

    No place is held if the client already has as many unconfirmed places as it may have.
    """
    event, client = registration.event, sender.client
    if client is not None and queries.count_places_held_for(event, client) >= sender.most_held:
        return
    is_scarce = _is_scarce(registration.sector, event, now)
    _take(registration)
    until = registration.confirm_by
    registration.held_until = min(until, now + SHORT_HOLD) if is_scarce else until
    registration.asked_from = client


def keep(registration: Registration) -> None:
    """Make a held place permanent once its address is confirmed: delete its deadline and the client's digest."""
    registration.held_until = registration.asked_from = None


def release(registration: Registration) -> None:
    """Free the registration's place, if it holds one."""
    if registration.holds_place:
        _count(registration.sector, -1)
        registration.holds_place = False
    registration.held_until = registration.asked_from = None


def reserve(sector: Sector, now: datetime) -> None:
    """Hold a place of the sector for an invited person; it counts as taken. Raises NoPlaceFree."""
    if not places_left(sector.event, now)[sector.id]:
        raise NoPlaceFree
    _count(sector, 1, reserved=1)


def set_apart(sector: Sector) -> None:
    """Count one of the places taken as held for somebody without a registration."""
    _count(sector, 0, reserved=1)


def give_back(sector: Sector) -> None:
    """Free a place that was held for somebody without a registration."""
    _count(sector, -1, reserved=-1)


def hand_over(registration: Registration) -> None:
    """Turn a place that was held for the invited person into the registration's own."""
    _count(registration.sector, 0, reserved=-1)
    registration.holds_place = True


def may_take(registration: Registration, now: datetime, held: Held | None = None) -> bool:
    """Return whether the registration would get a place now."""
    return _is_free(registration.sector, registration.event, registration.organisation_key, now, held)


def _is_free(
    sector: Sector, event: Event, organisation_key: str | None, now: datetime, held: Held | None = None
) -> bool:
    """Return whether the rule at the head of this file allows this sector and organisation a place now."""
    return places_left(event, now)[sector.id] > 0 and caps.has_room(event, organisation_key, sector.id, held)


def places_left(event: Event, now: datetime) -> Left:
    """Return by sector id how many more places the sector could take now if no other sector took any."""
    free = event.capacity - event.taken
    kept = [kept_for(sector, event, now) for sector in event.sectors]
    reserved = sum(kept)
    return {
        sector.id: max(0, min(sector.ceiling - sector.taken, free - (reserved - own)))
        for sector, own in zip(event.sectors, kept, strict=True)
    }


def kept_for(sector: Sector, event: Event, now: datetime) -> int:
    """Return how many free places only this sector can take now: the rest of its floor, until `release_at`."""
    if event.release_at is not None and now >= event.release_at:
        return 0
    return max(0, sector.floor - sector.taken)


def takes_waiters(event: Event, now: datetime) -> bool:
    """Return whether somebody may join the waiting list: no place is offered once the event is too near."""
    return event.has_waiting_list and now < deadlines.offers_end_at(event)


def merge(sector: Sector, into: Sector, *, floor: int, ceiling: int) -> None:
    """Add a sector's counters of places to those of another one of its event.

    Raises CapacityBelowTaken, SharesDoNotFit.
    """
    sharing.refuse_misfit([sector, into], floor, ceiling)
    into.floor, into.ceiling = floor, ceiling
    into.taken, into.reserved = into.taken + sector.taken, into.reserved + sector.reserved
    sector.floor = sector.ceiling = sector.taken = sector.reserved = 0


def mend(event: Event) -> dict[str, list[int]]:
    """Set the counters of a locked event to the number of held places; return corrected ones as [before, after] by key.

    The key is a sector's, or "event"; "ngo, reserved" counts only places of ngo that are held for people without a
    registration. Raises CapacityBelowTaken when more places are held than allowed.
    """
    held, reserved = held_places.count_places(event), held_places.count_reserved(event)
    counters: dict[str, tuple[Event | Sector, int, int]] = {
        sector.key: (sector, held.get(sector.id, 0), sector.ceiling) for sector in event.sectors
    }
    counters["event"] = (event, sum(held.values()), event.capacity)
    if any(number > limit for _row, number, limit in counters.values()):
        raise CapacityBelowTaken
    wrong = {
        key: [row.taken, number] for key, (row, number, _limit) in counters.items() if row.taken != number
    }
    for row, number, _limit in counters.values():
        row.taken = number
    for sector in event.sectors:
        number = reserved.get(sector.id, 0)
        if sector.reserved != number:
            wrong[f"{sector.key}, reserved"] = [sector.reserved, number]
            sector.reserved = number
    return wrong


def _take(registration: Registration) -> None:
    _count(registration.sector, 1)
    registration.holds_place = True


def _count(sector: Sector, step: int, *, reserved: int = 0) -> None:
    sector.taken += step
    sector.event.taken += step
    sector.reserved += reserved


def _is_scarce(sector: Sector, event: Event, now: datetime) -> bool:
    """Return whether at most a fifth is left of the most places that the sector can have."""
    others = sum(other.floor for other in event.sectors if other is not sector)
    released = event.release_at is not None and now >= event.release_at
    most = min(sector.ceiling, event.capacity - (0 if released else others))
    return places_left(event, now)[sector.id] * SCARCE <= most
