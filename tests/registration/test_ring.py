"""The ring chart's geometry: arcs as long as their places, in order, no seat drawn twice, no arc without a number."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.registration.ring import (
    CENTRE,
    GAP,
    RIM,
    SMALLEST,
    SectorShare,
    arc_path,
    draw_ring,
    percent,
    spread,
)

FIVE = (
    SectorShare("politics", "Politics", places=60, taken=28, held=3, waiting=2),
    SectorShare("justice", "Justice", places=70, taken=58),
    SectorShare("tech", "IT and telecom", places=60, taken=22),
    SectorShare("ngo", "NGOs", places=45, taken=45, waiting=9),
    SectorShare("other", "Other", places=15, taken=6),
)


def test_ring_counts_what_is_taken_held_waiting_and_left():
    view = draw_ring(FIVE, 250)

    assert (view.total, view.taken, view.held, view.waiting, view.left) == (250, 159, 3, 11, 88)
    assert [arc.left for arc in view.shares] == [29, 12, 38, 0, 9]
    assert [arc.number for arc in view.shares] == [1, 2, 3, 4, 5]


def test_ring_takes_the_number_left_from_the_rules_when_told():
    pooled = SectorShare("ngo", "NGOs", places=60, taken=20, left=5)

    view = draw_ring([pooled], 60, left=5)

    assert (view.left, view.shares[0].left, view.shares[0].free_seats) == (5, 5, 5)


def test_ring_never_draws_more_seats_than_places_when_overfull():
    view = draw_ring([SectorShare("tech", "IT", places=10, taken=12, held=2)], 10)

    arc = view.shares[0]
    assert (arc.taken, arc.taken_seats, arc.held_seats, arc.free_seats, arc.left) == (12, 10, 0, 0, 0)
    assert (view.left, view.is_full, arc.percent, view.percent) == (0, True, 100, 100)


def test_ring_without_sectors_is_empty():
    view = draw_ring([], 0)

    assert (view.shares, view.total, view.left, view.percent) == ((), 0, 0, 0)


def test_ring_of_one_sector_is_a_whole_circle():
    arc = draw_ring([SectorShare("other", "Everybody", places=8, taken=0)], 8).shares[0]

    begins, ends = _ends(arc.rim)
    assert (begins, arc.taken_arc, arc.held_arc) == (ends, "", "")


def test_ring_gives_a_sector_without_places_no_arc_but_keeps_it_in_the_list():
    view = draw_ring([SectorShare("ngo", "NGOs", places=0, taken=0), *FIVE[:2]], 130)

    assert (view.shares[0].rim, view.shares[0].name, view.shares[0].is_full) == ("", "NGOs", True)


def test_ring_starts_at_twelve_and_runs_clockwise():
    first = draw_ring(FIVE[:2], 130).shares[0]

    (start_x, start_y), (end_x, _) = _ends(first.rim)
    assert CENTRE < start_x < end_x
    assert start_y == pytest.approx(CENTRE - RIM, abs=0.5)


def test_ring_keeps_own_colours_and_gives_further_sectors_their_own():
    keys = ["schools", "ngo", "health", *(f"more-{number}" for number in range(6))]

    view = draw_ring([SectorShare(key, key, places=5, taken=1) for key in keys], 45)

    assert [arc.tone for arc in view.shares] == [
        "sector-6", "sector-ngo", "sector-7", "sector-8", "sector-9", "sector-10", "sector-11", "sector-12", "sector-6",
    ]  # fmt: skip


def test_ring_of_many_places_melts_into_bands():
    assert draw_ring([SectorShare("tech", "IT", places=401, taken=7)], 401).counted is False
    assert draw_ring(FIVE, 250).counted is True


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, 0), (3, 0, 0), (0, 9, 0), (1, 1000, 1), (999, 1000, 99), (5, 5, 100), (7, 5, 100), (1, 3, 33)],
)
def test_percent_is_whole_and_honest_at_the_ends(part, whole, shown):
    assert percent(part, whole) == shown


def test_arc_path_of_no_length_is_empty():
    assert arc_path(0.25, 0.25, RIM) == ""


@given(st.lists(st.integers(min_value=0, max_value=3000), min_size=1, max_size=12))
def test_spread_fills_the_circle_in_proportion(places):
    widths = spread(places)

    assert sum(widths) == pytest.approx(1 if any(places) else 0)
    assert all((width == 0) == (number == 0) for width, number in zip(widths, places, strict=True))
    assert all(width >= SMALLEST - 1e-9 for width in widths if width)
    large = [(w, n) for w, n in zip(widths, places, strict=True) if w > SMALLEST + 1e-9]
    assert all(w / large[0][0] == pytest.approx(n / large[0][1]) for w, n in large)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 300), st.integers(0, 300), st.integers(0, 50), st.integers(-5, 300) | st.none()
        ),
        min_size=1,
        max_size=12,
    )
)
def test_ring_draws_each_seat_once_and_each_arc_with_its_number(rows):
    shares = [
        SectorShare(f"s{index}", "S", places=places, taken=taken, held=held, left=left)
        for index, (places, taken, held, left) in enumerate(rows)
    ]

    view = draw_ring(shares, sum(places for places, *_ in rows))

    for arc in view.shares:
        assert 0 <= arc.taken_seats + arc.held_seats + arc.free_seats <= arc.places
        assert bool(arc.rim) == (arc.places > 0)
        assert bool(arc.taken_arc) == (arc.taken_seats > 0)
        assert math.hypot(arc.label_x - CENTRE, arc.label_y - CENTRE) < CENTRE
    assert sum(_turn(arc.rim) for arc in view.shares) <= 1 + 1e-3
    assert view.left >= 0


def test_ring_arcs_leave_the_gap_between_two_sectors():
    one, two = draw_ring(FIVE[:2], 130).shares

    assert _turn(one.rim) + _turn(two.rim) == pytest.approx(1 - 2 * GAP, abs=1e-3)


def _points(path):
    numbers = r"(-?[\d.]+) (-?[\d.]+)"
    return [(float(x), float(y)) for x, y in re.findall(rf"(?:M|1 ){numbers}", path)]


def _ends(path):
    points = _points(path)
    return points[0], points[-1]


def _turn(path):
    """Return which part of the circle a path covers: twice the angle between its beginning and its middle."""
    if not path:
        return 0.0
    (x1, y1), (x2, y2) = _points(path)[:2]
    angle = math.atan2(x2 - CENTRE, CENTRE - y2) - math.atan2(x1 - CENTRE, CENTRE - y1)
    return 2 * ((angle / (2 * math.pi)) % 1)
