"""Positions of the labels at the arcs of the sector ring: names if they fit on a phone, else numbers.

All numbers are in the units of the drawing. A text's length is estimated from its letters, rather too long than too
short.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560.0, 424.0  # the least size of a ring's drawing with names at the arcs
WIDEST = 640.0  # the most width of a ring's drawing: in a wider one the names would be too small on a phone
NUMBERED = 430.0, 400.0  # the size of a ring's drawing with numbers at the arcs
OVERHANG = 12.0  # how many units of the drawing a sector's name may extend beyond it, into the page's margin
# Font size of a sector's name, in units of the drawing, and the width of a letter as a share of that size.
NAME = 22.0, 0.52
WORDS = 20.0, 0.44  # font size and relative letter width of the words under a sector's name
AWAY = 15.0  # the distance from a sector's arc to its name, in units of the drawing
NUMBER_AWAY = 18.0
LINE = 20.0
# How far the letters of a label reach above the base of its first line, and below the base of its last line.
ABOVE, BELOW = 18.0, 6.0
# From the base of one line of a name to that of the next, and from there to the base of the words.
NEXT_NAME, NEXT_WORDS = 1.12 * NAME[0], 1.28 * WORDS[0]
# A name is centred on its point if the sine of its angle is below this: it is near the ring's top or bottom.
SIDE = 0.22


@dataclass(frozen=True)
class Spot:
    """The texts for an arc, its `middle` as a share of the circle, and `rim`, the radius at which it ends."""

    name: str
    words: str
    middle: float
    rim: float


@dataclass(frozen=True)
class Label:
    """The position of an arc's label and the direction of its text; `lines` is the sector's name, () for a number."""

    x: int
    y: int
    side: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class LaidOut:
    """The labels of all arcs, and the size of the drawing that has room for them."""

    labels: tuple[Label, ...]
    width: float
    height: float


def lay_out_names(spots: Sequence[Spot]) -> LaidOut | None:
    """Return the names at their arcs, in one line or two; None if one of them does not fit."""
    needed, tall, labels = WIDTH / 2, HEIGHT / 2, []
    for spot in spots:
        x, y, side = _stand(spot, AWAY)
        lines = _break(spot.name, WIDTH / 2 - _reach(x, side, 0))
        length = max(
            *(len(line) * NAME[0] * NAME[1] for line in lines), len(spot.words) * WORDS[0] * WORDS[1]
        )
        needed = max(needed, _reach(x, side, length) - OVERHANG)
        label = _name(spot, x, y, side, lines)
        tall = max(tall, ABOVE - label.y, label.y + _depth(spot, lines))
        labels.append(label)
    return (
        LaidOut(tuple(labels), 2 * math.ceil(needed), 2 * math.ceil(tall)) if 2 * needed <= WIDEST else None
    )


def lay_out_numbers(spots: Sequence[Spot]) -> LaidOut:
    """Return the points at which the arcs' numbers are drawn."""
    stands = [_stand(spot, NUMBER_AWAY) for spot in spots]
    return LaidOut(tuple(Label(round(x), round(y + 6), "middle") for x, y, _side in stands), *NUMBERED)


def _stand(spot: Spot, away: float) -> tuple[float, float, str]:
    angle, radius = 2 * math.pi * spot.middle, spot.rim + away
    side = "right" if math.sin(angle) > SIDE else "left" if math.sin(angle) < -SIDE else "middle"
    return radius * math.sin(angle), -radius * math.cos(angle), side


def _reach(x: float, side: str, length: float) -> float:
    """Return the distance from the centre of the drawing to the far end of a text of this length."""
    return abs(x) + (length / 2 if side == "middle" else length)


def _break(name: str, space: float) -> tuple[str, ...]:
    """Return the name in one line or, if it does not fit, divided at the space nearest to its middle."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if not spaces or len(name) * NAME[0] * NAME[1] <= space + OVERHANG:
        return (name,)
    at = min(spaces, key=lambda at: max(at, len(name) - at - 1))
    return name[:at], name[at + 1 :]


def _depth(spot: Spot, lines: tuple[str, ...]) -> float:
    """Return the distance from the base of a label's first line to its lowest point."""
    return NEXT_NAME * (len(lines) - 1) + (NEXT_WORDS if spot.words else 0) + BELOW


def _name(spot: Spot, x: float, y: float, side: str, lines: tuple[str, ...]) -> Label:
    """Return the label; it stands above (x, y) at the ring's top, below at the bottom, and centred at the sides."""
    height = LINE * (len(lines) + bool(spot.words))
    y += AWAY - height * (1 + math.cos(2 * math.pi * spot.middle)) / 2
    return Label(round(x), round(y), side, lines)
