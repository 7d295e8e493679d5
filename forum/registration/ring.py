"""The geometry of the sector ring: one table seen from above, an arc of seats for each sector.

Pure geometry, without Flask and the database. `templates/components/ring.html` draws it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle
from typing import Any

CENTRE = 200.0
RIM = 124.0  # radius of the table's edge
SEATS = 134.0  # radius at which the seats begin, outwards
FREE, HELD, TAKEN = 9.0, 19.0, 30.0  # length of a seat's mark, outwards, by its state
LABEL = 184.0
GAP = 0.014  # gap between two sectors, as a part of the whole circle
# Smallest arc, as a part of the whole circle: a sector of one place can still be read and pressed.
SMALLEST = 1 / 36
COUNTABLE = 400  # with more places than this, seats are drawn as one band

OWN_TONES = ("politics", "justice", "tech", "ngo", "other")


@dataclass(frozen=True)
class SectorShare:
    """One sector's places.

    `left` is set if the rules give another number than places − taken − held; `tone` is a colour class of
    `css/tokens.css`, set if it is not the sector's own; `url` is the link of the arc.
    """

    key: str
    name: str
    places: int
    taken: int
    waiting: int = 0
    held: int = 0
    tone: str = ""
    note: str = ""
    url: str = ""
    left: int | None = None


@dataclass(frozen=True)
class Arc:
    """A sector as drawn: its number, words and numbers, and SVG path data ("" where there is nothing to draw).

    `kept` is the whole arc; on it lie the taken seats, then the held seats, then the free ones. Seats that the rules
    keep from the sector at present (places − taken − held − left) are not drawn: only the table's edge is seen there.
    """

    number: int
    key: str
    name: str
    tone: str
    note: str
    url: str
    places: int
    taken: int
    held: int
    waiting: int
    left: int
    percent: int
    rim: str
    kept: str
    free_arc: str
    held_arc: str
    taken_arc: str
    taken_seats: int
    held_seats: int
    free_seats: int
    label_x: float
    label_y: float

    @property
    def is_full(self) -> bool:
        """Return whether nobody of this sector can get a place now."""
        return self.left == 0


@dataclass(frozen=True)
class RingView:
    """The numbers and arcs that the ring and the list beside it show. `counted`: each seat is drawn separately."""

    total: int
    taken: int
    held: int
    waiting: int
    left: int
    percent: int
    counted: bool
    shares: tuple[Arc, ...]

    @property
    def is_full(self) -> bool:
        """Return whether no place is left."""
        return self.left == 0


def draw_ring(shares: Sequence[SectorShare], capacity: int, *, left: int | None = None) -> RingView:
    """Draw the sectors around the table, each as wide as its places, clockwise from twelve o'clock.

    `capacity` is the event's; `left` replaces capacity − taken − held if the rules give another number.
    """
    taken, held = sum(share.taken for share in shares), sum(share.held for share in shares)
    return RingView(
        total=capacity,
        taken=taken,
        held=held,
        waiting=sum(share.waiting for share in shares),
        left=max(0, capacity - taken - held if left is None else left),
        percent=percent(taken + held, capacity),
        counted=sum(share.places for share in shares) <= COUNTABLE,
        shares=_arcs(shares),
    )


def percent(part: int, whole: int) -> int:
    """Return a whole percentage, 0–100: 100 only when nothing is left and 0 only when nothing is taken."""
    if whole <= 0:
        return 0
    if 0 < part < whole:
        return min(99, max(1, round(100 * part / whole)))
    return 100 if part >= whole else 0


def spread(places: Sequence[int]) -> list[float]:
    """Return the sectors' shares of the circle, proportional to places; small ones get SMALLEST, empty ones nothing."""
    seated = [max(0, number) for number in places]
    small: set[int] = set()
    while True:
        room = 1 - SMALLEST * len(small)
        rest = sum(number for index, number in enumerate(seated) if index not in small)
        widths = [_width(number, index in small, room, rest) for index, number in enumerate(seated)]
        too_small = {index for index, width in enumerate(widths) if 0 < width < SMALLEST - 1e-12}
        if not too_small or len(small | too_small) * SMALLEST >= 1:
            return widths
        small |= too_small


def arc_path(start: float, end: float, radius: float) -> str:
    """Return the SVG path of an arc between two shares of the circle from twelve o'clock; "" if it has no length.

    The path has two arcs that meet in its middle, because one SVG arc cannot be a whole circle.
    """
    if end - start <= 1e-9:
        return ""
    middle = _point((start + end) / 2, radius)
    start_point, end_point, bow = _point(start, radius), _point(end, radius), f"A{radius:g} {radius:g} 0 0 1"
    return f"M{start_point}{bow} {middle}{bow} {end_point}"


def _arcs(shares: Sequence[SectorShare]) -> tuple[Arc, ...]:
    widths, tones = spread([share.places for share in shares]), _tones(shares)
    gap = GAP if sum(width > 0 for width in widths) > 1 else 0.0
    arcs, at = [], 0.0
    for number, (share, width, tone) in enumerate(zip(shares, widths, tones, strict=True), start=1):
        start, end = at + gap / 2, max(at + gap / 2, at + width - gap / 2)
        arcs.append(_draw(share, number, tone, start, end))
        at += width
    return tuple(arcs)


def _draw(share: SectorShare, number: int, tone: str, start: float, end: float) -> Arc:
    places = max(0, share.places)
    left, taken_seats, held_seats, free_seats = _seats(share, places)
    return Arc(
        number=number,
        key=share.key,
        name=share.name,
        tone=tone,
        note=share.note,
        url=share.url,
        places=places,
        taken=share.taken,
        held=share.held,
        waiting=share.waiting,
        left=left,
        percent=percent(share.taken + share.held, places),
        taken_seats=taken_seats,
        held_seats=held_seats,
        free_seats=free_seats,
        **_paths(start, end, (taken_seats, held_seats, free_seats), places),
        **_label((start + end) / 2),
    )


def _seats(share: SectorShare, places: int) -> tuple[int, int, int, int]:
    """Return how many places are left, and how many seats to draw as taken, held and free, at most all seats."""
    taken = min(places, share.taken)
    held = min(places - taken, share.held)
    unused = places - taken - held
    left = max(0, unused if share.left is None else share.left)
    return left, taken, held, min(left, unused)


def _paths(start: float, end: float, seats: tuple[int, int, int], places: int) -> dict[str, Any]:
    """Return the arcs of the table's edge, of the whole sector and, one after another, of each kind of seats."""
    seat = (end - start) / places if places else 0.0
    taken_end, held_end, free_end = (start + seat * seated for seated in accumulate(seats))
    return {
        "rim": arc_path(start, end, RIM),
        "kept": arc_path(start, end, SEATS + TAKEN / 2),
        "free_arc": arc_path(held_end, free_end, SEATS + FREE / 2),
        "held_arc": arc_path(taken_end, held_end, SEATS + HELD / 2),
        "taken_arc": arc_path(start, taken_end, SEATS + TAKEN / 2),
    }


def _label(share: float) -> dict[str, Any]:
    angle = 2 * math.pi * share
    x, y = CENTRE + LABEL * math.sin(angle), CENTRE - LABEL * math.cos(angle)
    return {"label_x": round(x, 1), "label_y": round(y, 1)}


def _tones(shares: Sequence[SectorShare]) -> list[str]:
    """Return the colour class of each sector: its own if it has one, else sector-6, sector-7 … in order."""
    further = cycle(range(6, 13))
    return [
        share.tone or (f"sector-{share.key}" if share.key in OWN_TONES else f"sector-{next(further)}")
        for share in shares
    ]


def _width(places: int, lifted: bool, room: float, rest: int) -> float:
    if lifted:
        return SMALLEST
    return room * places / rest if places else 0.0


def _point(share: float, radius: float) -> str:
    angle = 2 * math.pi * share
    return f"{CENTRE + radius * math.sin(angle):.2f} {CENTRE - radius * math.cos(angle):.2f}"
