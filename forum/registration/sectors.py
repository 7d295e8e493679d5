"""Changing an event's capacity and its sectors: order, floors, ceilings, policies, names; adding, closing, removing.

Numbers change through `sharing.change_shares` and `sharing.change_share` alone. A trial on a copy of the event
(`places.trial_of`) uses the same functions as a change that is stored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.columns import Text
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.folding import search_fold
from forum.registration import bare_holds, sharing
from forum.registration.errors import LastSector, SectorInUse, SharesRefused
from forum.registration.models import Registration

LONGEST_KEY = 30


class FaultKind(Enum):
    """The kinds of limits that capacity, floors (places kept) and ceilings (most places) can break."""

    CAPACITY_BELOW_TAKEN = "capacity below taken"
    FLOORS_ABOVE_CAPACITY = "floors above capacity"
    CEILING_BELOW_TAKEN = "ceiling below taken"
    FLOOR_ABOVE_CEILING = "floor above ceiling"


@dataclass(frozen=True)
class Fault:
    """A broken limit: the number asked for, the number allowed, and the sector's key, or "" for the event."""

    kind: FaultKind
    given: int
    limit: int
    key: str = ""


@dataclass(frozen=True)
class Share:
    """The floor (places kept), ceiling (most places) and policy that a sector is to have."""

    key: str
    floor: int
    ceiling: int
    policy: SectorPolicy


def find_faults(event: Event, capacity: int, shares: Sequence[Share]) -> list[Fault]:
    """Return every limit that capacity and shares would break together, the event's own first."""
    faults = []
    if capacity < event.taken:
        faults.append(Fault(FaultKind.CAPACITY_BELOW_TAKEN, capacity, event.taken))
    if (floors := sum(share.floor for share in shares)) > capacity:
        faults.append(Fault(FaultKind.FLOORS_ABOVE_CAPACITY, capacity, floors))
    taken = {sector.key: sector.taken for sector in event.sectors}
    for share in shares:
        if share.ceiling < taken[share.key]:
            faults.append(Fault(FaultKind.CEILING_BELOW_TAKEN, share.ceiling, taken[share.key], share.key))
        if share.floor > share.ceiling:
            faults.append(Fault(FaultKind.FLOOR_ABOVE_CEILING, share.floor, share.ceiling, share.key))
    return faults


def apply(event: Event, capacity: int, shares: Sequence[Share]) -> None:
    """Give the event this capacity and its sectors these shares, in this order. Raises SharesRefused.

    `shares` name each sector of the event once. The event must be locked, or be a copy for a trial.
    """
    if faults := find_faults(event, capacity, shares):
        raise SharesRefused(faults)
    sectors = {sector.key: sector for sector in event.sectors}
    numbers = {share.key: (share.floor, share.ceiling) for share in shares}
    sharing.change_shares(event, capacity=capacity, shares=numbers)
    is_reordered = [share.key for share in shares] != [sector.key for sector in event.sectors]
    for position, share in enumerate(shares):
        sector = sectors[share.key]
        sector.policy = share.policy
        if is_reordered:
            sector.position = position
    event.sectors.sort(key=lambda sector: sector.position)


def arrange(event: Event, capacity: int, shares: Sequence[Share], *, actor: str, now: datetime) -> bool:
    """Apply capacity and shares to a locked event; return whether anything is new. Raises SharesRefused."""
    before = _numbers(event)
    apply(event, capacity, shares)
    if (after := _numbers(event)) == before:
        return False
    changed = {
        key: [before.get(key), numbers] for key, numbers in after.items() if before.get(key) != numbers
    }
    audit.record("event.places_changed", event, actor=actor, at=now, changed=changed)
    return True


def add(
    event: Event,
    texts: Mapping[str, Text],
    *,
    floor: int,
    ceiling: int,
    policy: SectorPolicy,
    actor: str,
    now: datetime,
) -> Sector:
    """Add a sector to a locked event, as the last one. Raises SharesRefused."""
    shares = [*shares_of(event), Share("", floor, ceiling, policy)]
    if faults := _faults_of_new(event, shares):
        raise SharesRefused(faults)
    sector = Sector(
        key=_new_key(event, texts["name"]),
        position=max((sector.position for sector in event.sectors), default=-1) + 1,
        name=texts["name"],
        invited=texts["invited"],
        floor=floor,
        ceiling=ceiling,
        taken=0,
        policy=policy,
    )
    event.sectors.append(sector)
    db.session.flush()
    audit.record("sector.added", sector, actor=actor, at=now, key=sector.key, floor=floor, ceiling=ceiling)
    return sector


def describe(sector: Sector, texts: Mapping[str, Text], *, actor: str, now: datetime) -> list[str]:
    """Set the sector's name and its description; return which of the two have changed."""
    changed = [name for name in ("name", "invited") if getattr(sector, name) != texts[name]]
    for name in changed:
        setattr(sector, name, texts[name])
    if changed:
        audit.record("sector.described", sector, actor=actor, at=now, fields=changed)
    return changed


def close(sector: Sector, *, actor: str, now: datetime) -> None:
    """Close the sector: keep no place for it, and lower its ceiling to the places taken."""
    sharing.change_share(sector, floor=0, ceiling=sector.taken)
    audit.record("sector.closed", sector, actor=actor, at=now, ceiling=sector.ceiling)


def remove(sector: Sector, *, actor: str, now: datetime) -> None:
    """Delete a sector in which nobody ever registered, and no bare hold has a place; the caller has locked the event.

    Raises SectorInUse, LastSector.
    """
    if number := count_registrations(sector) + bare_holds.count_in(sector):
        raise SectorInUse(number)
    if len(sector.event.sectors) == 1:
        raise LastSector
    audit.record("sector.removed", sector, actor=actor, at=now, key=sector.key)
    sector.event.sectors.remove(sector)


def shares_of(event: Event) -> list[Share]:
    """Return the share of each sector, in order."""
    return [Share(sector.key, sector.floor, sector.ceiling, sector.policy) for sector in event.sectors]


def count_registrations(sector: Sector) -> int:
    """Return how many registrations belong to the sector, those included that have ended."""
    mine = select(func.count()).where(
        Registration.event_id == sector.event_id, Registration.sector_id == sector.id
    )
    return db.session.scalar(mine) or 0


def _numbers(event: Event) -> dict[str, list]:
    numbers: dict[str, list] = {"event": [event.capacity]}
    for position, sector in enumerate(event.sectors):
        numbers[sector.key] = [position, sector.floor, sector.ceiling, str(sector.policy)]
    return numbers


def _faults_of_new(event: Event, shares: Sequence[Share]) -> list[Fault]:
    new, floors = shares[-1], sum(share.floor for share in shares)
    faults = []
    if floors > event.capacity:
        faults.append(Fault(FaultKind.FLOORS_ABOVE_CAPACITY, event.capacity, floors))
    if new.floor > new.ceiling:
        faults.append(Fault(FaultKind.FLOOR_ABOVE_CEILING, new.floor, new.ceiling))
    return faults


def _new_key(event: Event, name: Text) -> str:
    """Return a key for URLs: the name in lower-case ASCII, with a number if another sector has or had that key."""
    letters = search_fold(name.in_language("en")).replace(" ", "-")
    plain = "".join(letter for letter in letters if letter.isascii() and (letter.isalnum() or letter == "-"))
    stem = plain.strip("-")[:LONGEST_KEY].strip("-") or "sector"
    taken = {key for sector in event.sectors for key in (sector.key, *sector.merged_keys)}
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(key for key in numbered if key not in taken)
