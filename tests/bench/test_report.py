"""`make bench` fails on refused requests, and if the forum compares worse with a reference server than published."""

import json
from dataclasses import asdict, replace

import pytest

from bench.load import Figures, together
from bench.report import Report, Row, in_digits, in_turns, per_second

PUBLISHED = Row("Pages", "front page", "100 a second ±5 %, p50 1.0, p99 2.0 ms", "bare: 50", "2.00", "≥ 2.0")


@pytest.mark.parametrize(
    ("now", "is_worse"),
    [
        ({"ratio": "1.85"}, False),
        ({"ratio": "1.75"}, True),
        ({"ratio": "1.75", "value": "88 a second ±10 %"}, False),
        ({"ratio": "2.50"}, False),
        ({"ratio": "2.50", "aim": "≤ 2.1"}, True),
        ({"ratio": "2.50", "aim": "p95 ≤ 25 ms"}, True),
        ({"ratio": "1.50", "aim": "p95 ≤ 25 ms"}, False),
        ({"ratio": "2.50", "aim": "", "value": "p50 20, p95 23 ms"}, True),
        ({"ratio": "2.50", "aim": "", "is_cost": True}, True),
        ({"ratio": "1.50", "aim": "", "is_cost": True}, False),
        ({"ratio": "1.00", "what": "another page"}, False),
        ({"ratio": "", "reference": ""}, False),
    ],
)
def test_a_ratio_that_is_worse_than_the_runs_differ_is_a_fault(tmp_path, now, is_worse):
    published, report = tmp_path / "benchmarks.json", Report()
    published.write_text(json.dumps({"rows": [asdict(PUBLISHED)]}))
    report.add(replace(PUBLISHED, **now))
    assert bool(report.worse(published)) == is_worse
    assert report.worse(None) == {}


def test_a_published_ratio_that_a_whole_run_lacks_is_a_fault(tmp_path):
    published, report = tmp_path / "benchmarks.json", Report()
    lone = replace(PUBLISHED, what="a row without a ratio", ratio="", reference="")
    published.write_text(json.dumps({"rows": [asdict(PUBLISHED), asdict(lone)]}))
    report.add(replace(PUBLISHED, what="front page, renamed"))
    told = report.missing(published), report.missing(None)
    assert told == (["Pages, front page: published, and not measured"], [])


@pytest.mark.parametrize(("again", "is_fault"), [("1.75", True), ("1.85", False)])
def test_a_ratio_that_is_worse_is_a_fault_when_it_is_worse_again(tmp_path, again, is_fault):
    published, reports = tmp_path / "benchmarks.json", (Report(), Report())
    published.write_text(json.dumps({"rows": [asdict(PUBLISHED)]}))
    for report, ratio in zip(reports, ("1.70", again), strict=True):
        report.part = "pages"
        report.add(replace(PUBLISHED, ratio=ratio))
    first, second = reports
    assert first.parts_of(first.worse(published)) == ["pages"]
    assert bool(first.still_worse(second, published)) == is_fault


def test_fault_of_a_row_fails_the_run_whatever_is_published():
    report = Report()
    report.add(replace(PUBLISHED, fault="UnequalStatements: 8 for many, 7 for few"))
    assert report.refused() == ["Pages, front page: UnequalStatements: 8 for many, 7 for few"]


def test_runs_of_one_turn_are_compared_with_each_other():
    """A machine that becomes half as fast halves both rates, so the ratio of forum and reference server stays."""
    forum, bare = Figures([40.0, 40.0, 20.0]), Figures([20.0, 20.0, 10.0])
    row = per_second("Pages", "front page", forum, ("bare", bare))
    assert (row.ratio, row.ratio_spread) == ("2.00", 0.0)


def test_a_machine_that_becomes_slower_hides_no_ratio_that_fell():
    """The tolerance comes from the ratios of single runs, not from their rates, which a slower machine changes, too."""
    bare = Figures([16.0, 16.0, 8.0, 16.0, 8.0])
    before, now = ([share * rate for rate in bare.rates] for share in (2.5, 1.5))
    rows = [per_second("Pages", "front page", Figures(rates), ("bare", bare)) for rates in (before, now)]
    assert rows[1].is_worse_than(rows[0])


def test_one_turn_apart_hides_no_ratio_that_is_worse():
    """A single disturbed turn in each run does not widen the tolerance: the ratio of the other turns rose by 45 %."""
    beside = [1.0] * 5
    before, now = [1.6, 1.1, 1.1, 1.1, 1.1], [2.4, 1.6, 1.6, 1.6, 1.6]
    rows = [Row("Files", "a file", "", is_cost=True, **in_turns(ours, beside)) for ours in (before, now)]
    assert rows[1].is_worse_than(rows[0])


def test_the_tolerance_is_the_median_distance_of_the_turns():
    """Of the ratios 1.0, 1.2, 1.3, 1.5 and 2.0 the distances from 1.3 are 0.3, 0.1, 0, 0.2 and 0.7."""
    assert in_turns([1.0, 1.2, 1.3, 1.5, 2.0], [1.0] * 5)["ratio_spread"] == round(20 / 1.3, 1)


def test_figures_of_several_turns_are_combined():
    """Rates are kept, each percentile is the median of that of the turns, and counts are added up."""
    turns = [
        Figures([rate], p50, p99, errors, number, seconds)
        for rate, p50, p99, errors, number, seconds in (
            (10.0, 1.0, 9.0, 0, 64, 0.5),
            (30.0, 3.0, 5.0, 2, 64, 0.25),
            (20.0, 8.0, 7.0, 1, 32, 0.25),
        )
    ]
    figures = together([{"front page": turn} for turn in turns])
    assert figures == {"front page": Figures([10.0, 30.0, 20.0], 3.0, 7.0, 3, 160, 1.0)}


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (12.3456, "12.35"),
        (2.0, "2.00"),
        (0.9249, "0.925"),
        (0.5, "0.500"),
        (0.9999, "1.00"),
        (0.0849, "0.0849"),
    ],
)
def test_small_ratios_have_three_digits(ratio, told):
    assert in_digits(ratio) == told


def test_what_stands_beside_the_forum_is_no_measure_of_it():
    beside = replace(PUBLISHED, what="8 clients, without turns at computing")
    assert not replace(beside, ratio="0.50").is_worse_than(beside)


def test_a_refused_request_is_a_fault(tmp_path):
    report = Report()
    report.add(per_second("Pages", "front page", Figures([10.0, 12.0], errors=3)))
    assert report.refused() == ["Pages, front page: 3 requests were refused"]
    assert Report().still_worse(report, None) == report.refused()
