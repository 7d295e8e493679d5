"""A table of counts in which no number below LEAST (five) can be read or worked out (P10).

The total of every row and every column is always shown. A total that is too small would itself point at people, so the
smallest rows are counted together under OTHERS (`registration.small_numbers`), and so are the smallest columns. Within
the table each number below LEAST is hidden, zeros included, and as many larger numbers as are needed: even after
subtracting the shown numbers from the totals, a reader must think it possible that each hidden small number is LEAST or
more.

Numbers by state (`protect_states`) have no totals of rows. Nobody is in two states, so subtracting the numbers of one
state from those of another reveals nothing.
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product

from forum.registration.small_numbers import LEAST, list_together

OTHERS = "*"  # the key under which the smallest rows, or columns, are counted together

Cells = list[list[int]]
Place = tuple[int, int]


@dataclass(frozen=True)
class Table:
    """A table that may be shown: `cells[row][column]` is None where hidden, and every total is LEAST or more."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[int | None, ...], ...]
    row_totals: tuple[int, ...]
    column_totals: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number of people in the table: the sum of all cells, hidden ones included."""
        return sum(self.row_totals)

    @property
    def hidden(self) -> set[tuple[str, str]]:
        """The cells whose numbers the public does not read, each as (row, column)."""
        shown = zip(product(self.rows, self.columns), chain.from_iterable(self.cells), strict=True)
        return {key for key, number in shown if number is None}

    @property
    def hides_any(self) -> bool:
        """Whether any number of the table is hidden."""
        return bool(self.hidden)


@dataclass(frozen=True)
class State:
    """How many people of each key, such as a sector, are in one state, or in several states that are counted together.

    The number of a key is None if it is part of `others`, the sum of several keys. Each number is LEAST or more, and so
    are `total` and, unless it is 0, `others`.
    """

    states: tuple[str, ...]
    numbers: Mapping[str, int | None]
    others: int
    total: int


def protect_states(
    counts: Mapping[tuple[str, str], int], keys: Sequence[str], states: Sequence[str]
) -> list[State]:
    """Return the numbers by state that may be shown, of counts by (key, state); [] if too few people have these states.

    Within each state, keys with small numbers are counted together, as `protect` does with the rows of a table. So a
    reader who also knows a public table of the same people learns no more than from that table or this list alone.
    """
    totals = {state: sum(counts.get((key, state), 0) for key in keys) for state in states}
    if sum(totals.values()) < LEAST:
        return []
    return [_state(counts, keys, together) for together in _grouped(states, totals).values()]


def _state(counts: Mapping[tuple[str, str], int], keys: Sequence[str], states: tuple[str, ...]) -> State:
    numbers = {key: sum(counts.get((key, state), 0) for state in states) for key in keys}
    together = _grouped(keys, numbers).get(OTHERS, ())
    shown = {key: None if key in together else number for key, number in numbers.items()}
    return State(states, shown, sum(numbers[key] for key in together), sum(numbers.values()))


def protect(
    counts: Mapping[tuple[str, str], int],
    rows: Sequence[str],
    columns: Sequence[str],
    also: Collection[tuple[str, str]] = (),
) -> Table | None:
    """Turn counts by (row, column) into a table that may be shown; None if there are too few people in all.

    `also` are the cells that an earlier table has hidden: they stay hidden whatever their numbers.
    """
    if sum(counts.values()) < LEAST:
        return None
    row_groups = _grouped(rows, {row: sum(counts.get((row, one), 0) for one in columns) for row in rows})
    column_groups = _grouped(
        columns, {column: sum(counts.get((one, column), 0) for one in rows) for column in columns}
    )
    cells = [
        [
            sum(counts.get((row, column), 0) for row in below for column in beside)
            for beside in column_groups.values()
        ]
        for below in row_groups.values()
    ]
    keys = list(product(row_groups, column_groups))
    hidden = _hide(cells, {place for place, key in zip(_places(cells), keys, strict=True) if key in also})
    return Table(
        tuple(row_groups),
        tuple(column_groups),
        tuple(
            tuple(None if (row, column) in hidden else number for column, number in enumerate(numbers))
            for row, numbers in enumerate(cells)
        ),
        tuple(sum(numbers) for numbers in cells),
        tuple(sum(numbers) for numbers in zip(*cells, strict=True)),
    )


def _grouped(keys: Sequence[str], totals: Mapping[str, int]) -> dict[str, tuple[str, ...]]:
    """Return the keys of the table's rows or columns, each with the keys that it sums up: itself, or several as OTHERS.

    Every total is LEAST or more. Keys without anybody are among the OTHERS, too: if such a key were missing in the
    table, a reader who knows all keys would learn that nobody belongs to it.
    """
    together = list_together(keys, totals)
    shown: dict[str, tuple[str, ...]] = {key: (key,) for key in keys if key not in together}
    return {**shown, OTHERS: together} if together else shown


def _hide(cells: Cells, also: set[Place]) -> set[Place]:
    """Return the cells whose numbers must be hidden; `also` are cells that an earlier table has hidden."""
    hidden = also | {place for place in _places(cells) if _at(cells, place) < LEAST}
    while (exposed := _find_exposed(cells, hidden)) is not None:
        hidden |= _next_to_hide(cells, hidden, exposed)
    return hidden


def _find_exposed(cells: Cells, hidden: set[Place]) -> Place | None:
    """Return a hidden cell of which the shown numbers reveal that it is below LEAST; None if there is no such cell."""
    small = (place for place in sorted(hidden) if _at(cells, place) < LEAST)
    return next((place for place in small if not _may_be_large(cells, hidden, place)), None)


def _next_to_hide(cells: Cells, hidden: set[Place], exposed: Place) -> set[Place]:
    """Return which cells to hide next, so that the number of the cell `exposed` can no longer be worked out.

    They are the other three corners of a rectangle with `exposed`, of all such rectangles the one with the fewest
    people. If no rectangle is enough, the shown cell with the smallest number is returned. A shown cell is always left:
    were all hidden, every number could be as large as the totals, which are LEAST or more.
    """
    rectangles = [
        {(row, exposed[1]), (exposed[0], column), (row, column)} - hidden
        for row, column in _places(cells)
        if row != exposed[0] and column != exposed[1]
    ]
    enough = [corners for corners in rectangles if _may_be_large(cells, hidden | corners, exposed)]
    if enough:
        return min(enough, key=lambda corners: (sum(_at(cells, each) for each in corners), sorted(corners)))
    shown = [place for place in _places(cells) if place not in hidden]
    return {min(shown, key=lambda place: (_at(cells, place), place))}


def _may_be_large(cells: Cells, hidden: set[Place], place: Place) -> bool:
    """Return whether the shown numbers and totals allow the hidden number in this cell to be LEAST or more.

    To raise this number, a hidden number in its column must fall, then a hidden number in the row of the fallen one
    must rise, and so on, until a number in the row of this cell falls. Such chains are followed, each as far as its
    numbers allow, until the number in this cell is large enough.
    """
    numbers = [list(row) for row in cells]
    while (lacking := LEAST - _at(numbers, place)) > 0:
        way = _find_way(numbers, hidden, place)
        if not way:
            return False
        falling, rising = way[0::2], way[1::2]
        step = min(lacking, *(_at(numbers, each) for each in falling))
        for row, column in falling:
            numbers[row][column] -= step
        for row, column in (place, *rising):
            numbers[row][column] += step
    return True


def _find_way(numbers: Cells, hidden: set[Place], place: Place) -> list[Place]:
    """Return hidden cells to lower and to raise in turn, so that cell `place` can rise and totals stay; [] if none."""
    queue: deque[list[Place]] = deque(
        [other] for other in sorted(hidden) if other[1] == place[1] and other != place and _at(numbers, other)
    )
    seen = {way[0] for way in queue}
    while queue:
        way = queue.popleft()
        row, _column = way[-1]
        if row == place[0]:
            return way
        for rising in (one for one in sorted(hidden) if one[0] == row and one[1] != way[-1][1]):
            for falling in (one for one in sorted(hidden) if one[1] == rising[1] and one[0] != row):
                if falling not in seen and falling != place and _at(numbers, falling):
                    seen.add(falling)
                    queue.append([*way, rising, falling])
    return []


def _places(cells: Cells) -> Iterator[Place]:
    return ((row, column) for row, numbers in enumerate(cells) for column in range(len(numbers)))


def _at(cells: Cells, place: Place) -> int:
    return cells[place[0]][place[1]]
