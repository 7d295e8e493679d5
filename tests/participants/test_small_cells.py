"""In a public table of counts no number below five can be read or worked out (P10)."""

from collections import defaultdict
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from forum.participants.small_cells import OTHERS, Table, protect, protect_states
from forum.registration.small_numbers import LEAST

ROWS, COLUMNS = ("politics", "justice", "ngo"), ("SE", "NO", "FI")


def counts_of(*lines: tuple[int, ...]) -> dict[tuple[str, str], int]:
    return {
        (ROWS[row], COLUMNS[column]): number
        for row, line in enumerate(lines)
        for column, number in enumerate(line)
    }


def make_table(*lines: tuple[int, ...]) -> Table:
    table = protect(counts_of(*lines), ROWS[: len(lines)], COLUMNS[: len(lines[0])])
    assert table is not None
    return table


def possible_tables(table: Table) -> list[tuple[tuple[int, ...], ...]]:
    """Return every table of whole numbers from 0 on that has the shown cells and totals, tried one by one."""
    lines = [
        [
            line
            for line in product(*([each] if each is not None else range(total + 1) for each in shown))
            if sum(line) == total
        ]
        for shown, total in zip(table.cells, table.row_totals, strict=True)
    ]
    return [
        tried for tried in product(*lines) if tuple(map(sum, zip(*tried, strict=True))) == table.column_totals
    ]


def test_a_table_without_small_numbers_hides_nothing():
    table = make_table((5, 9), (7, 30))
    assert table.cells == ((5, 9), (7, 30))
    assert (table.row_totals, table.column_totals, table.total) == ((14, 37), (12, 39), 51)
    assert not table.hides_any


def test_a_small_number_is_hidden_with_others_that_keep_it_hidden():
    table = make_table((3, 20, 9), (6, 8, 40), (50, 60, 70))
    assert table.cells == ((None, None, 9), (None, None, 40), (50, 60, 70))


def test_nobody_is_hidden_like_a_few():
    table = make_table((0, 20, 9), (6, 8, 40), (50, 60, 70))
    assert table.cells == ((None, None, 9), (None, None, 40), (50, 60, 70))


def test_small_totals_are_counted_together():
    table = make_table((1, 0, 1), (20, 30, 2), (9, 40, 0))
    assert table.rows == ("justice", OTHERS)
    assert table.row_totals == (52, 51)
    assert table.columns == ("NO", OTHERS)


def test_a_key_without_anybody_is_counted_together_with_others():
    assert make_table((20, 30, 0), (9, 40, 0)).columns == ("NO", OTHERS)


def test_too_few_people_give_no_table():
    assert protect(counts_of((2, 2)), ROWS[:1], COLUMNS[:2]) is None
    assert protect({}, ROWS, ()) is None


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 7), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_hidden_small_number_can_be_worked_out(lines):
    counts = counts_of(*map(tuple, lines))
    table = protect(counts, ROWS[: len(lines)], COLUMNS)
    if table is None:
        assert sum(counts.values()) < LEAST
        return
    assert table.total == sum(counts.values())
    assert min(*table.row_totals, *table.column_totals) >= LEAST
    assert all(number is None or number >= LEAST for row in table.cells for number in row)
    tables = possible_tables(table)
    for row, numbers in enumerate(table.cells):
        for column, number in enumerate(numbers):
            if number is None:
                assert max(tried[row][column] for tried in tables) >= LEAST


def test_keys_with_equally_few_people_are_counted_together_with_a_larger_one():
    """If 4, 4 and 4 were summed without a larger key, readers who know the rule could divide the sum of 12 by three."""
    assert shown_of(6, 4, 4, 4) == ((None, None, None, None), 18)
    assert shown_of(7, 6, 4, 4) == ((7, None, None, None), 14)
    assert shown_of(7, 6, 4, 3) == ((7, 6, None, None), 7)
    assert shown_of(9, 1, 1, 1, 1, 1) == ((None,) * 6, 14)


def test_of_keys_with_equally_many_people_none_joins_the_others_alone():
    """If only one of two keys with 5 people were summed with the key with 4, only 5 and 4 would fit the sum of 9."""
    assert shown_of(7, 5, 5, 4) == ((7, None, None, None), 14)


def test_whoever_knows_the_rule_finds_two_values_for_each_number_that_is_counted_with_others():
    """For up to five keys with 0 to 8 people each, at least two values of each hidden number fit what is shown."""
    for size in range(1, 6):
        alike = defaultdict(list)
        for numbers in product(range(9), repeat=size):
            alike[shown_of(*numbers)].append(numbers)
        for (shown, _rest), possible in alike.items():
            for number, values in zip(shown, map(set, zip(*possible, strict=True)), strict=True):
                assert len(values) > 1 if number is None else values == {number}


def shown_of(*numbers: int) -> tuple[tuple[int | None, ...], int]:
    """Publish these numbers, one for each key; return them, hidden ones as None, and the sum of the hidden ones."""
    keys = "abcdef"[: len(numbers)]
    states = protect_states(
        {(key, ""): number for key, number in zip(keys, numbers, strict=True)}, keys, [""]
    )
    if not states:
        return (None,) * len(numbers), 0
    return tuple(states[0].numbers[key] for key in keys), states[0].others


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 7), min_size=3, max_size=3), min_size=2, max_size=3))
def test_no_number_by_state_is_small_or_follows_from_a_table_of_the_same_people(lines):
    """Shown numbers and sums of hidden ones are five or more; a table of one state's people shows the same numbers."""
    states = ("confirmed", "waiting", "in_review")
    counts = {
        (ROWS[row], states[column]): number
        for row, line in enumerate(lines)
        for column, number in enumerate(line)
    }
    keys = ROWS[: len(lines)]
    for state in protect_states(counts, keys, states):
        shown = [number for number in state.numbers.values() if number is not None]
        assert min([state.total, *shown]) >= LEAST
        assert state.others == 0 or state.others >= LEAST
        assert sum(shown) + state.others == state.total
        mine = {(key, "SE"): sum(counts[key, one] for one in state.states) for key in keys}
        table = protect(mine, keys, ["SE"])
        assert {key: number for key, number in state.numbers.items() if number is not None} == {
            key: total for key, total in zip(table.rows, table.row_totals, strict=True) if key != OTHERS
        }
    assert protect_states(counts, keys, ()) == []
