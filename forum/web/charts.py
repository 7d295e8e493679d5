"""Geometry of charts: bars and curves as SVG paths, from plain numbers; `templates/components/chart.html` draws them.

A drawing holds no text and is stretched to the width that the page has. Labels and numbers are text of the page beside
it, so they keep their size on a phone, when enlarged, and on paper.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BAR_LENGTH, BAR_MIDDLE = 300, 8  # a bar's length and the height of its middle line, in SVG units
THINNEST = 2.0  # the least length of a part of a bar, so that one person among thousands is seen
WIDTH, HEIGHT = 600, 200  # the width and height of the drawing of curves, in SVG units
MOST_LINES = 5  # the most horizontal lines of a chart above the one at 0
MOST_POINTS = 200  # the most points of a curve: with more days than this, some are left out of the drawing
STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Part:
    """A part of a bar, or a curve: the kind of numbers, its SVG path, and for a curve the path of the area below it."""

    kind: str
    path: str
    area: str = ""


@dataclass(frozen=True)
class Curves:
    """Curves over the same days; `grid` is the path of the horizontal lines, `ticks` are the numbers beside them."""

    curves: tuple[Part, ...]
    ticks: tuple[int, ...]
    grid: str


def draw_bars(rows: Sequence[Mapping[str, int]]) -> list[tuple[Part, ...]]:
    """Return a bar for each row of numbers: a part for each number, in order, without parts for 0.

    All bars have the same scale: the longest bar fills its drawing.
    """
    most = max((sum(row.values()) for row in rows), default=0)
    kinds = max((len(row) for row in rows), default=0)
    unit = (BAR_LENGTH - THINNEST * kinds) / max(1, most)
    return [tuple(_parts(row, unit)) for row in rows]


def _parts(row: Mapping[str, int], unit: float) -> list[Part]:
    parts, start = [], 0.0
    for kind, number in row.items():
        if number > 0:
            end = start + max(THINNEST, number * unit)
            parts.append(Part(kind, f"M{start:.1f} {BAR_MIDDLE}H{end:.1f}"))
            start = end
    return parts


def draw_curves(series: Mapping[str, Sequence[int]]) -> Curves:
    """Return a curve for each kind of numbers; each kind has one number for each day."""
    ticks = round_numbers(max((max(numbers, default=0) for numbers in series.values()), default=0))
    top = ticks[-1]
    lines = " ".join(f"M0 {_height(tick, top)}H{WIDTH}" for tick in ticks)
    return Curves(tuple(_curve(kind, numbers, top) for kind, numbers in series.items()), tuple(ticks), lines)


def round_numbers(highest: int) -> list[int]:
    """Return equally spaced round numbers from 0 up to `highest` or a little more; the last one is above 0.

    >>> round_numbers(181)
    [0, 50, 100, 150, 200]
    """
    size = 1
    while True:
        for step in STEPS:
            space = step * size
            lines = -(-max(1, highest) // space)
            if lines <= MOST_LINES:
                return [space * number for number in range(lines + 1)]
        size *= 10


def _curve(kind: str, numbers: Sequence[int], top: int) -> Part:
    if not numbers:
        return Part(kind, "")
    # Draw the number of a single day as a level line: a single point would not be seen.
    shown = [*numbers, *numbers] if len(numbers) == 1 else list(numbers)
    last = len(shown) - 1
    count = min(MOST_POINTS, len(shown))
    positions = [round(index * last / (count - 1)) for index in range(count)]
    points = [f"{position * WIDTH / last:.1f} {_height(shown[position], top)}" for position in positions]
    path = "M" + "L".join(points)
    return Part(kind, path, f"{path}V{HEIGHT}H0Z")


def _height(number: int, top: int) -> str:
    return f"{HEIGHT - number * HEIGHT / top:.1f}"
