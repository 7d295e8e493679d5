"""The sector ring: one table seen from above, with a dot for each place.

This module has numbers and paths, and uses neither Flask nor the database. `templates/components/ring.html` draws it.
The ring has as many dots as the event has places that are taken, held or can still be taken, not as many as the sum of
the sectors' ceilings: so it is right until the last place is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle

from forum.registration.ring_labels import Label, Spot, lay_out_names, lay_out_numbers
from forum.registration.ring_paths import Part, Wedge, has_room, lay_bands, seat_all

COUNTABLE = 420  # an event with more places than this gets bands in the ring instead of dots
MOST_NAMES = 6  # in a ring with more sectors than this, numbers replace the names at the arcs
OWN_TONES = ("politics", "justice", "tech", "ngo", "other")


@dataclass(frozen=True)
class SectorShare:
    """One sector's places.

    `places` is the most that the sector may take, and `kept` how many free places only this sector can take. `left` is
    set if the rules give another number than places − taken − held. `words` are shown under the name at the arc; `tone`
    is a colour class of `css/tokens.css` that replaces the sector's own; `url` is the target of a click on the arc.
    """

    key: str
    name: str
    places: int
    taken: int
    waiting: int = 0
    held: int = 0
    kept: int = 0
    tone: str = ""
    note: str = ""
    words: str = ""
    url: str = ""
    left: int | None = None

    @property
    def used(self) -> int:
        """The places that are taken or held."""
        return self.taken + self.held

    @property
    def open(self) -> int:
        """The number of places that the sector could take now if no other sector took any of them."""
        return max(0, self.places - self.used if self.left is None else self.left)

    @property
    def offered(self) -> int:
        """The number of open places that visitors are shown; 0 for a sector that shows a note in its place."""
        return 0 if self.note else self.open


@dataclass(frozen=True)
class Arc:
    """A sector as drawn: its number, words and numbers, and SVG path data ("" where there is nothing to draw).

    `free_seats` is the number of free places drawn for the sector (each free place is drawn once); `left` is the number
    that it could take. `reach` is the path of the clickable area.
    """

    number: int
    key: str
    name: str
    tone: str
    note: str
    words: str
    url: str
    places: int
    taken: int
    held: int
    waiting: int
    left: int
    percent: int
    free_seats: int
    taken_path: str
    held_path: str
    free_path: str
    waiting_path: str
    reach: str
    label: Label

    @property
    def is_full(self) -> bool:
        """Whether nobody of this sector can be given a place now."""
        return self.left == 0


@dataclass(frozen=True)
class RingView:
    """The values that the ring and the list beside it show.

    `seat` is the width of a dot or a band. `counted`: every place is a dot of its own. `named`: the arcs have their
    names, else their numbers. `shared`: the sectors could take more than is left, so that a sector's number is a limit.
    """

    total: int
    taken: int
    held: int
    waiting: int
    left: int
    percent: int
    counted: bool
    named: bool
    shared: bool
    seat: float
    table: float
    width: float
    height: float
    shares: tuple[Arc, ...]

    @property
    def hole(self) -> float:
        """The width of the hole in a hollow dot."""
        return round(self.seat * 0.54, 1)

    @property
    def is_full(self) -> bool:
        """Whether no place is left."""
        return self.left == 0

    @property
    def draws_waiting(self) -> bool:
        """Whether people who wait are drawn: the legend must then explain their dots."""
        return any(share.waiting_path for share in self.shares)

    @property
    def leaves_out_waiting(self) -> bool:
        """Whether somewhere more people wait than dots have room beside the sector's arc."""
        # Count the dots of a path by its moves ("M"): each dot begins with one.
        return any(0 < arc.waiting_path.count("M") < arc.waiting for arc in self.shares)


@lru_cache(maxsize=64)
def draw_ring(
    shares: tuple[SectorShare, ...], capacity: int, *, left: int | None = None, small: bool = False
) -> RingView:
    """Return the ring with a dot for each place, sector after sector, clockwise from twelve o'clock.

    `capacity` is the event's; `left` overrides capacity − taken − held where the rules say otherwise. A small ring has
    bands instead of dots and numbers instead of names. Drawings are cached, because equal numbers give equal drawings.
    """
    taken, held = sum(share.taken for share in shares), sum(share.held for share in shares)
    room = max(0, capacity - taken - held if left is None else left)
    free = share_out(room, [share.open for share in shares], [share.kept for share in shares])
    counts = [share.used + more for share, more in zip(shares, free, strict=True)]
    parts = [Part(s.taken, s.used, n, s.waiting, s.places > 0) for s, n in zip(shares, counts, strict=True)]
    counted = not small and sum(counts) <= COUNTABLE and has_room(parts)
    seat, table, wedges = seat_all(parts) if counted else lay_bands(parts)
    spots = [Spot(s.name, s.words, wedge.middle, wedge.rim) for s, wedge in zip(shares, wedges, strict=True)]
    named = lay_out_names(spots) if counted and len(shares) <= MOST_NAMES else None
    laid_out = named or lay_out_numbers(spots)
    return RingView(
        total=capacity,
        taken=taken,
        held=held,
        waiting=sum(share.waiting for share in shares),
        left=room,
        percent=percent(taken + held, capacity),
        counted=counted,
        named=named is not None,
        shared=sum(share.offered for share in shares) > room,
        seat=seat,
        table=table,
        width=laid_out.width,
        height=laid_out.height,
        shares=_arcs(shares, free, wedges, laid_out.labels),
    )


def percent(part: int, whole: int) -> int:
    """Return `part` of `whole` in whole per cent: 100 only when nothing is left, 0 only when nothing is taken."""
    if whole <= 0:
        return 0
    if 0 < part < whole:
        return min(99, max(1, round(100 * part / whole)))
    return 100 if part >= whole else 0


def share_out(free: int, openings: Sequence[int], kept: Sequence[int]) -> list[int]:
    """Share the free places: what is kept for each sector, one for each, the rest in proportion to what each can take.

    >>> share_out(81, [36, 19, 46, 0, 20], [0, 0, 0, 0, 0])
    [24, 13, 31, 0, 13]
    """
    free = min(free, sum(openings))
    seats = [min(opening, own) for opening, own in zip(openings, kept, strict=True)]
    if sum(seats) > free:
        seats = [0 for _ in openings]
    first = [int(opening > seated == 0) for opening, seated in zip(openings, seats, strict=True)]
    if sum(seats) + sum(first) <= free:
        seats = [seated + one for seated, one in zip(seats, first, strict=True)]
    rooms = [opening - seated for opening, seated in zip(openings, seats, strict=True)]
    rest, room = free - sum(seats), sum(rooms) or 1
    whole = [rest * each // room for each in rooms]
    by_remainder = sorted(range(len(rooms)), key=lambda index: -(rest * rooms[index] % room))
    for index in by_remainder[: rest - sum(whole)]:
        whole[index] += 1
    return [seated + more for seated, more in zip(seats, whole, strict=True)]


def _arcs(
    shares: Sequence[SectorShare], free: Sequence[int], wedges: Sequence[Wedge], labels: Sequence[Label]
) -> tuple[Arc, ...]:
    return tuple(
        Arc(
            number=number,
            key=share.key,
            name=share.name,
            tone=tone,
            note=share.note,
            words=share.words,
            url=share.url,
            places=max(0, share.places),
            taken=share.taken,
            held=share.held,
            waiting=share.waiting,
            left=share.open,
            percent=percent(share.used, share.places),
            free_seats=seats,
            taken_path=wedge.taken_path,
            held_path=wedge.held_path,
            free_path=wedge.free_path,
            waiting_path=wedge.waiting_path,
            reach=wedge.reach,
            label=label,
        )
        for number, (share, tone, seats, wedge, label) in enumerate(
            zip(shares, tones(shares), free, wedges, labels, strict=True), start=1
        )
    )


def tones(shares: Sequence[SectorShare]) -> list[str]:
    """Return the colour class of each sector: its own if it has one, else sector-6, sector-7 … in order."""
    further = cycle(range(6, 13))
    return [
        share.tone or (f"sector-{share.key}" if share.key in OWN_TONES else f"sector-{next(further)}")
        for share in shares
    ]
