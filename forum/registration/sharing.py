"""Changing the limits of places: an event's capacity, a sector's floor and ceiling, never below the places taken.

Only `places` changes counters. The caller has locked the event, or passes a copy of it.
"""

from collections.abc import Mapping, Sequence

from forum.events.models import Event, Sector
from forum.registration.errors import CapacityBelowTaken, SharesDoNotFit


def change_share(sector: Sector, *, floor: int, ceiling: int) -> None:
    """Set a sector's floor (places kept) and ceiling (most). Raises CapacityBelowTaken, SharesDoNotFit."""
    refuse_misfit([sector], floor, ceiling)
    sector.floor, sector.ceiling = floor, ceiling


def change_shares(event: Event, *, capacity: int, shares: Mapping[str, tuple[int, int]]) -> None:
    """Set the event's capacity and each sector's floor and ceiling at once; `shares` has (floor, ceiling) by key.

    Raises CapacityBelowTaken, SharesDoNotFit.
    """
    asked = [(sector, *shares[sector.key]) for sector in event.sectors]
    if capacity < event.taken or any(ceiling < sector.taken for sector, _floor, ceiling in asked):
        raise CapacityBelowTaken
    is_odd = any(not 0 <= floor <= ceiling for _sector, floor, ceiling in asked)
    if is_odd or sum(floor for _sector, floor, _ceiling in asked) > capacity:
        raise SharesDoNotFit
    event.capacity = capacity
    for sector, floor, ceiling in asked:
        sector.floor, sector.ceiling = floor, ceiling


def refuse_misfit(sectors: Sequence[Sector], floor: int, ceiling: int) -> None:
    """Raise CapacityBelowTaken or SharesDoNotFit if these sectors cannot have this floor and ceiling together."""
    event = sectors[0].event
    if ceiling < sum(sector.taken for sector in sectors):
        raise CapacityBelowTaken
    others = sum(other.floor for other in event.sectors if other not in sectors)
    if not 0 <= floor <= ceiling or others + floor > event.capacity:
        raise SharesDoNotFit
