"""The balance of an event for organisers: the places that are taken, kept for sectors (floors) or open to all.

The module has the numbers and the paths of a ring diagram, and uses neither Flask nor the request.
`templates/components/balance.html` shows the balance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from forum.events import queries as events
from forum.events.models import Event
from forum.registration import listing, places
from forum.registration.enums import Status
from forum.registration.ring import SectorShare, tones
from forum.registration.ring_paths import bow
from forum.web.languages import in_language

GAP = 0.012  # the gap between two bands of the ring diagram, as a share of the whole circle


@dataclass(frozen=True)
class SectorBalance:
    """A sector's places: `held` ones are taken but not confirmed yet; `kept` ones are free and kept for this sector.

    `reserved` ones are taken, too: they are held for people without a registration for them, who are invited or for
    whom a delegation's contact has named an address that is registered already (`bare_holds`).
    """

    key: str
    name: str
    tone: str
    confirmed: int
    held: int
    kept: int
    floor: int
    ceiling: int
    in_review: int
    waiting: int
    reserved: int = 0

    @property
    def taken(self) -> int:
        """The number of places that are confirmed, held for registered people, or held otherwise."""
        return self.confirmed + self.held + self.reserved


@dataclass(frozen=True)
class Band:
    """A sector in the ring diagram: SVG paths of its confirmed, held and kept (free, for this sector) places, or ""."""

    tone: str
    confirmed: str
    held: str
    kept: str


@dataclass(frozen=True)
class Balance:
    """An event's places: taken + kept (for one sector) + open (to all) + idle = capacity; and the sectors in order.

    Nobody can take the `idle` places: the sectors' ceilings together let fewer people in than there are places.
    """

    capacity: int
    is_off: bool
    sectors: tuple[SectorBalance, ...]
    idle: int = 0

    def total(self, name: str) -> int:
        """Return the sum of a number, named as a field such as "held", over all sectors."""
        return sum(getattr(sector, name) for sector in self.sectors)

    @property
    def taken(self) -> int:
        """The number of places that are taken in all sectors."""
        return self.total("taken")

    @property
    def kept(self) -> int:
        """The number of free places that floors keep for their sectors."""
        return self.total("kept")

    @property
    def free(self) -> int:
        """The number of places that are not taken and that the ceilings allow somebody to take."""
        return self.capacity - self.taken - self.idle

    @property
    def open(self) -> int:
        """The number of free places that are kept for no sector; below 0 where more places are kept than are free."""
        return self.free - self.kept

    @property
    def widest(self) -> int:
        """The number that a full-width bar stands for: the largest ceiling or number of places of a sector, or 1."""
        return max([1, *(max(sector.ceiling, sector.taken + sector.kept) for sector in self.sectors)])

    @property
    def bands(self) -> tuple[Band, ...]:
        """The sectors of the ring diagram, clockwise from twelve o'clock, each as wide as its taken and kept places."""
        return tuple(band for band, _end in self._drawn())

    @property
    def open_path(self) -> str:
        """The path of the open places, the last part of the ring diagram; "" where there are none."""
        drawn = self._drawn()
        start = drawn[-1][1] if drawn else 0.0
        if not drawn:
            return bow(0.0, 1.0) if self.open > 0 else ""
        idle = self.idle * (1 - GAP * (len(drawn) + 1)) / self.capacity if self.idle else 0.0
        return bow(start, 1 - GAP - idle) if self.open > 0 else ""

    def _drawn(self) -> Sequence[tuple[Band, float]]:
        shown = [sector for sector in self.sectors if sector.taken or sector.kept]
        gaps = GAP * (len(shown) + (self.open > 0))
        unit = (1 - gaps) / max(1, self.capacity, self.taken + self.kept)
        drawn, at = [], 0.0
        for sector in shown:
            held, kept = at + unit * sector.confirmed, at + unit * sector.taken
            end = kept + unit * sector.kept
            band = Band(
                sector.tone,
                confirmed=bow(at, held),
                held=bow(held, kept),
                kept=bow(kept, end),
            )
            at = end + GAP
            drawn.append((band, at))
        return drawn


def balance_of(event: Event, counts: listing.Counts, now: datetime) -> Balance:
    """Return the event's balance from its counters and the counts of its registrations."""
    is_off = events.is_off(event, now)
    shares = [SectorShare(sector.key, "", sector.ceiling, sector.taken) for sector in event.sectors]
    sectors = []
    for sector, tone in zip(event.sectors, tones(shares), strict=True):
        confirmed = counts.get((sector.id, Status.CONFIRMED), 0)
        sectors.append(
            SectorBalance(
                key=sector.key,
                name=in_language(sector.name),
                tone=tone,
                confirmed=confirmed,
                held=max(0, sector.taken - sector.reserved - confirmed),
                reserved=sector.reserved,
                kept=0 if is_off else places.kept_for(sector, event, now),
                floor=sector.floor,
                ceiling=sector.ceiling,
                in_review=counts.get((sector.id, Status.IN_REVIEW), 0),
                waiting=counts.get((sector.id, Status.WAITING), 0),
            )
        )
    return Balance(event.capacity, is_off, tuple(sectors), idle=0 if is_off else event.idle)
