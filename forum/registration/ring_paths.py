"""The paths of the sector ring: a dot for each place in rows around the table, or a band for many.

The module computes numbers and SVG path data. Every length is in units of the drawing; a share is a part of the
circle, counted clockwise from twelve o'clock.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MIDDLE = 150.0  # the radius of the ring's middle row of seats, in units of the drawing; the centre is 0, 0
AISLE = 1.5  # how many columns of seats are left out between two sectors
# The distance of two seats below which the ring gets another row of seats.
CLOSEST = 9.0
# The distance of two seats below which the ring shows bands, when it has its last row already.
TOO_CLOSE = 7.5
# The largest distance of two seats: a dot grows with the distance, and few places would become huge dots.
WIDEST = 17.0
MOST_ROWS = 4
WAITING_GAP = 1.15  # how far the dots of waiting people are from the last row, in distances of two seats
BAND = 34.0  # thickness of the ring's coloured bands, one a sector, in units of the drawing
BAND_AISLE = 0.02  # the gap between two bands, as a share of the whole circle


@dataclass(frozen=True)
class Part:
    """A sector's numbers as they are drawn: `count` places, of which `used` are taken or held.

    A sector that may have places (`is_there`) keeps its gap in the circle even while it has none.
    """

    taken: int
    used: int
    count: int
    waiting: int
    is_there: bool

    @property
    def is_drawn(self) -> bool:
        """Whether the sector gets a part of the circle."""
        return self.is_there or self.count > 0


@dataclass(frozen=True)
class Wedge:
    """A sector's part of the circle, in shares from twelve o'clock and clockwise, and the distance of its label."""

    start: float
    end: float
    rim: float
    taken_path: str = ""
    held_path: str = ""
    free_path: str = ""
    waiting_path: str = ""
    reach: str = ""

    @property
    def middle(self) -> float:
        """The middle of the sector's part, as a share of the circle."""
        return (self.start + self.end) / 2


def seat_all(parts: Sequence[Part]) -> tuple[float, float, list[Wedge]]:
    """Return a dot's width, the inner radius of the ring and each sector's dots, in columns from the inside out."""
    rows, columns, pitch = _rows(parts)
    circle = _columns_around(parts, columns)
    pitch = min(pitch, WIDEST)
    seat = round(pitch * 0.84, 1)
    radii = [MIDDLE + pitch * (row - (rows - 1) / 2) for row in range(rows)]
    outer = radii[-1] + seat / 2
    # Put every label outside the dots of waiting people, even if only a neighbouring sector has such dots.
    rim = outer + (seat * WAITING_GAP if any(part.waiting for part in parts) else 0)
    wedges, column = [], AISLE / 2
    for part, width in zip(parts, columns, strict=True):
        points = [_point((column + n // rows + 0.5) / circle, radii[n % rows]) for n in range(part.count)]
        behind = radii[-1] + pitch * WAITING_GAP
        waiting = [_point((column + n + 0.5) / circle, behind) for n in range(min(part.waiting, width))]
        start, end, side = column / circle, (column + width) / circle, 0.4 / circle
        wedges.append(
            Wedge(
                start,
                end,
                rim,
                _dots(points[: part.taken]),
                _dots(points[part.taken : part.used]),
                _dots(points[part.used :]),
                _dots(waiting),
                _sheet(start - side, end + side, radii[0] - seat / 2 - 5, outer + 5) if width else "",
            )
        )
        column += width + AISLE if width else 0
    return seat, radii[0] - seat / 2 - 10, wedges


def has_room(parts: Sequence[Part]) -> bool:
    """Return whether all places can be drawn as dots that do not touch, with the gaps between sectors."""
    _number, _columns, pitch = _rows(parts)
    return pitch >= TOO_CLOSE


def _rows(parts: Sequence[Part]) -> tuple[int, list[int], float]:
    """Return in how many rows all seats fit, how many columns each sector has, and how far apart the seats are."""
    for rows in range(1, MOST_ROWS + 1):
        columns = [max(int(part.is_drawn), -(-part.count // rows)) for part in parts]
        pitch = 2 * math.pi * MIDDLE / _columns_around(parts, columns)
        if pitch >= CLOSEST:
            break
    return rows, columns, pitch


def _columns_around(parts: Sequence[Part], columns: Sequence[int]) -> float:
    """Return how many columns of seats fit around the whole circle, counting the aisles between sectors as columns."""
    return sum(columns) + AISLE * sum(part.is_drawn for part in parts) or 1


def lay_bands(parts: Sequence[Part]) -> tuple[float, float, list[Wedge]]:
    """Return a band's width, the radius of the table and each sector's bands: taken, then held, then free."""
    drawn = sum(part.count > 0 for part in parts)
    aisle = BAND_AISLE if drawn > 1 else 0.0
    unit = (1 - aisle * drawn) / (sum(part.count for part in parts) or 1)
    wedges, at = [], 0.0
    for part in parts:
        start = at + aisle / 2
        taken_to, held_to, end = (start + unit * number for number in (part.taken, part.used, part.count))
        wedges.append(
            Wedge(
                start,
                end,
                MIDDLE + BAND / 2,
                bow(start, taken_to),
                bow(taken_to, held_to),
                bow(held_to, end),
                reach=_sheet(start, end, MIDDLE - BAND / 2 - 5, MIDDLE + BAND / 2 + 5) if part.count else "",
            )
        )
        at += unit * part.count + aisle if part.count else 0
    return BAND, MIDDLE - BAND / 2 - 10, wedges


def _point(share: float, radius: float) -> tuple[float, float]:
    angle = 2 * math.pi * share
    return radius * math.sin(angle), -radius * math.cos(angle)


def _dots(points: Sequence[tuple[float, float]]) -> str:
    """Return one path of dots: each is a line of no length, and its round ends make the dot."""
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)


def bow(start: float, end: float) -> str:
    """Return the path of an arc, drawn through its middle so that a whole circle is a path like any other."""
    if end - start <= 1e-9:
        return ""
    points = (_point(share, MIDDLE) for share in (start, (start + end) / 2, end))
    return "M" + f"A{MIDDLE:g} {MIDDLE:g} 0 0 1 ".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _sheet(start: float, end: float, inner: float, outer: float) -> str:
    """Return the outline of a piece of a ring."""
    (x1, y1), (x2, y2) = _point(start, outer), _point(end, outer)
    (x3, y3), (x4, y4) = _point(end, inner), _point(start, inner)
    wide = int(end - start > 0.5)
    there, back = f"A{outer:.1f} {outer:.1f} 0 {wide} 1", f"A{inner:.1f} {inner:.1f} 0 {wide} 0"
    return f"M{x1:.1f} {y1:.1f}{there} {x2:.1f} {y2:.1f}L{x3:.1f} {y3:.1f}{back} {x4:.1f} {y4:.1f}Z"
