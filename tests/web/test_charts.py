"""The geometry of charts: numbers in, paths out."""

import re
from itertools import pairwise

import pytest

from forum.web.charts import BAR_LENGTH, HEIGHT, MOST_LINES, THINNEST, draw_bars, draw_curves, round_numbers


def points(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path)]


def ends(part):
    start, end = re.fullmatch(r"M([\d.]+) \d+H([\d.]+)", part.path).groups()
    return float(start), float(end)


def test_bars_share_one_scale_and_their_parts_follow_each_other():
    bars = draw_bars([{"place": 30, "other": 10}, {"place": 10, "other": 0}, {"place": 0, "other": 0}])
    unit = (BAR_LENGTH - 2 * THINNEST) / 40
    assert [[part.kind for part in bar] for bar in bars] == [["place", "other"], ["place"], []]
    (start, middle), (again, end) = map(ends, bars[0])
    assert (start, middle, again, end) == pytest.approx((0, 30 * unit, middle, 40 * unit), abs=0.06)
    assert ends(bars[1][0]) == pytest.approx((0, 10 * unit), abs=0.06)


def test_one_person_among_thousands_is_seen_and_no_bar_is_longer_than_its_drawing():
    bars = draw_bars([{"place": 100_000, "other": 1}, {"place": 1, "other": 1}])
    assert ends(bars[1][0]) == (0, THINNEST)
    assert all(end <= BAR_LENGTH for bar in bars for _start, end in map(ends, bar))
    assert draw_bars([]) == []


@pytest.mark.parametrize("highest", [0, 1, 3, 5, 6, 181, 999, 100_000])
def test_lines_stand_at_round_numbers_that_reach_the_highest(highest):
    numbers = round_numbers(highest)
    spaces = {after - before for before, after in pairwise(numbers)}
    assert (numbers[0], len(spaces), numbers[-1] >= max(1, highest)) == (0, 1, True)
    assert len(numbers) <= MOST_LINES + 1
    assert str(spaces.pop()).rstrip("0") in {"1", "2", "5"}


def test_curves_go_from_the_first_day_to_the_last_on_one_scale():
    drawn = draw_curves({"received": [0, 5, 10], "ended": [0, 0, 5]})
    assert drawn.ticks == (0, 2, 4, 6, 8, 10)
    assert [points(curve.path) for curve in drawn.curves] == [
        [(0, HEIGHT), (300, 100), (600, 0)],
        [(0, HEIGHT), (300, HEIGHT), (600, 100)],
    ]
    assert drawn.curves[0].area == drawn.curves[0].path + f"V{HEIGHT}H0Z"


def test_one_day_is_a_level_line_and_no_day_is_nothing():
    assert points(draw_curves({"received": [1]}).curves[0].path) == [(0, 0), (600, 0)]
    assert draw_curves({"received": []}).curves[0].path == ""


def test_a_long_time_is_drawn_with_a_bounded_number_of_points():
    drawn = points(draw_curves({"received": list(range(4000))}).curves[0].path)
    assert len(drawn) == 200
    assert (drawn[0][0], drawn[-1]) == (0, pytest.approx((600, HEIGHT / 4000), abs=0.1))
