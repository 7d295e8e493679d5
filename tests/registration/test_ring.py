"""The ring chart has one dot for each place of the event, in the sectors' order, and a label at each arc."""

import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forum.registration.ring import SectorShare, draw_ring, percent, share_out
from forum.registration.ring_labels import WIDEST
from forum.registration.ring_paths import CLOSEST

FIVE = (
    SectorShare("politics", "Politics", places=70, taken=31, held=3, words="up to 36 left"),
    SectorShare("justice", "Justice", places=75, taken=52, held=4, words="up to 19 left"),
    SectorShare("tech", "IT and telecom", places=70, taken=22, held=2, words="up to 46 left"),
    SectorShare("ngo", "NGOs", places=45, taken=45, waiting=8, words="8 waiting"),
    SectorShare("other", "Other", places=30, taken=9, held=1, words="up to 20 left"),
)


def test_ring_counts_what_is_taken_held_waiting_and_left():
    view = draw_ring(FIVE, 250)

    assert (view.total, view.taken, view.held, view.waiting, view.left) == (250, 159, 10, 8, 81)
    assert [arc.left for arc in view.shares] == [36, 19, 46, 0, 20]
    assert [arc.number for arc in view.shares] == [1, 2, 3, 4, 5]
    assert view.shared  # the ceilings allow 121 more people, but only 81 places are left


def test_ring_draws_each_place_of_the_event_once_however_high_the_ceilings():
    view = draw_ring(FIVE, 250)

    drawn = [len(_dots(arc.taken_path + arc.held_path + arc.free_path)) for arc in view.shares]
    assert drawn == [34 + 24, 56 + 13, 24 + 31, 45, 10 + 13]
    assert sum(drawn) == 250
    assert [len(_dots(arc.taken_path)) for arc in view.shares] == [31, 52, 22, 45, 9]
    assert [len(_dots(arc.held_path)) for arc in view.shares] == [3, 4, 2, 0, 1]


def test_ring_draws_those_who_wait_outside_and_only_as_many_as_have_room():
    few = draw_ring(FIVE, 250).shares[3]
    many = draw_ring((SectorShare("ngo", "NGOs", places=9, taken=9, waiting=300),), 9).shares[0]

    assert len(_dots(few.waiting_path)) == 8
    assert 1 <= len(_dots(many.waiting_path)) <= 9
    farthest = max(math.hypot(*dot) for dot in _dots(few.taken_path))
    assert all(math.hypot(*dot) > farthest for dot in _dots(few.waiting_path))


def test_the_drawing_says_whether_dots_of_people_who_wait_are_left_out():
    def crowded(waiting: int) -> bool:
        return draw_ring(
            (SectorShare("ngo", "NGOs", places=9, taken=9, waiting=waiting),), 9
        ).leaves_out_waiting

    assert (crowded(0), crowded(2), crowded(300)) == (False, False, True)


def test_a_label_below_or_above_the_ring_is_within_the_drawing():
    """At the ring's bottom stands a full sector whose label is beyond the dots of those who wait."""
    sectors = [
        SectorShare("justice", "Justice", places=10, taken=4, words="6 left"),
        SectorShare("ngo", "Barnens rätt i samhället", places=10, taken=10, waiting=13, words="13 waiting"),
        SectorShare("other", "Other", places=10, taken=4, words="6 left"),
    ]
    for shown in (sectors, sectors[1:], sectors[1:2]):
        view = draw_ring(tuple(shown), 10 * len(shown))
        assert view.named
        for arc in view.shares:
            lowest = arc.label.y + 1.12 * 22 * (len(arc.label.lines) - 1) + 1.28 * 20
            assert (arc.label.y - 18 >= -view.height / 2, lowest + 4 <= view.height / 2) == (True, True)


def test_ring_takes_the_number_left_from_the_rules_when_told():
    view = draw_ring((SectorShare("ngo", "NGOs", places=60, taken=20, left=5),), 60, left=5)

    assert (view.left, view.shares[0].left, view.shares[0].free_seats) == (5, 5, 5)


def test_free_places_are_drawn_where_they_are_kept():
    """A sector's arc has at least as many free dots as places are still kept for it alone by its floor."""
    assert share_out(10, [8, 2, 2, 2], [8, 0, 0, 0]) == [8, 1, 1, 0]
    assert share_out(81, [36, 19, 46, 0, 20], [0] * 5) == [24, 13, 31, 0, 13]
    assert share_out(2, [9, 9, 9], [0, 0, 0]) == [1, 1, 0]


def test_ring_without_sectors_is_empty():
    view = draw_ring((), 0)

    assert (view.shares, view.total, view.left, view.percent) == ((), 0, 0, 0)


def test_ring_gives_a_sector_without_places_no_arc_but_keeps_it_in_the_list():
    view = draw_ring((SectorShare("ngo", "NGOs", places=0, taken=0), *FIVE[:2]), 145)

    assert (view.shares[0].reach, view.shares[0].name, view.shares[0].is_full) == ("", "NGOs", True)


def test_ring_starts_at_twelve_and_runs_clockwise():
    first, last = (_dots(draw_ring(FIVE, 250).shares[number].taken_path)[0] for number in (0, 4))

    assert first[0] > 0 > first[1]
    assert last[0] < 0


def test_ring_keeps_own_colours_and_gives_further_sectors_their_own():
    keys = ["schools", "ngo", "health", *(f"more-{number}" for number in range(6))]

    view = draw_ring(tuple(SectorShare(key, key, places=5, taken=1) for key in keys), 45)

    assert [arc.tone for arc in view.shares] == [
        "sector-6", "sector-ngo", "sector-7", "sector-8", "sector-9", "sector-10", "sector-11", "sector-12", "sector-6",
    ]  # fmt: skip


def test_ring_of_many_places_melts_into_bands():
    many = draw_ring((SectorShare("tech", "IT", places=421, taken=7, held=3),), 421)
    small = draw_ring(FIVE, 250, small=True)

    assert (many.counted, small.counted, draw_ring(FIVE, 250).counted) == (False, False, True)
    assert all("A150 150" in path for path in (many.shares[0].taken_path, many.shares[0].held_path))
    assert (small.named, small.shares[3].free_path, small.shares[3].held_path) == (False, "", "")


@pytest.mark.parametrize(
    ("names", "named"),
    [
        (("Politik", "Rättsväsende", "IT och telekom", "Civilsamhälle", "Övriga"), True),
        (("Valg", "Oikeuslaitos ja syyttäjät", "Operaattorit", "Järjestöt", "Muut"), True),
        (("Politik", "Lastenoikeusjärjestöjen yhteistyöverkosto", "Rätt", "Muut", "Övriga"), False),
        (tuple(f"S{number}" for number in range(7)), False),
    ],
)
def test_names_stand_at_the_arcs_where_they_have_room_else_numbers(names, named):
    view = draw_ring(
        tuple(SectorShare(name, name, places=20, taken=4, words="upp till 9 kvar") for name in names), 140
    )

    assert view.named is named
    assert view.width <= WIDEST
    assert [" ".join(arc.label.lines) for arc in view.shares] == (list(names) if named else [""] * len(names))


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [(0, 0, 0), (3, 0, 0), (0, 9, 0), (1, 1000, 1), (999, 1000, 99), (5, 5, 100), (7, 5, 100), (1, 3, 33)],
)
def test_percent_is_whole_and_honest_at_the_ends(part, whole, shown):
    assert percent(part, whole) == shown


@given(
    st.integers(0, 400),
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 60)), min_size=1, max_size=12),
)
def test_what_is_left_is_shared_out_to_the_last_place_and_to_nobody_too_much(free, rows):
    openings, kept = [opening for opening, _ in rows], [own for _, own in rows]

    seats = share_out(free, openings, kept)

    assert sum(seats) == min(free, sum(openings))
    assert all(0 <= seat <= opening for seat, opening in zip(seats, openings, strict=True))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 90), st.integers(0, 90), st.integers(0, 20), st.integers(0, 40)),
        min_size=1,
        max_size=12,
    )
)
@example([(places, 0, 0, 0) for places in (13, 13, 13, 17, 17, 21, 25, 37, 41, 45, 73, 85)])
def test_ring_seats_nobody_on_anothers_lap(rows):
    shares = tuple(
        SectorShare(
            f"s{index}", "S", places=places, taken=min(taken, places), held=0, waiting=waiting, kept=kept
        )
        for index, (places, taken, kept, waiting) in enumerate(rows)
    )

    view = draw_ring(shares, sum(share.places for share in shares))

    if not view.counted:
        return
    dots = [dot for arc in view.shares for dot in _dots(arc.taken_path + arc.free_path)]
    assert len(dots) == view.taken + view.left
    assert view.seat >= CLOSEST * 0.7
    nearest = (
        min(math.dist(one, other) for at, one in enumerate(dots) for other in dots[:at])
        if len(dots) > 1
        else 99
    )
    assert nearest >= view.seat * 0.98


def _dots(path):
    return [(float(x), float(y)) for x, y in re.findall(r"M(-?[\d.]+) (-?[\d.]+)h0", path)]
