"""`make bench` fails on refused requests, and if the forum compares worse with a reference server than published."""

import json
from dataclasses import asdict, replace

import pytest

from bench.load import Figures
from bench.report import Report, Row, per_second

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
        ({"ratio": "1.00", "what": "another page"}, False),
        ({"ratio": "", "reference": ""}, False),
    ],
)
def test_a_ratio_that_is_worse_than_the_runs_differ_is_a_fault(tmp_path, now, is_worse):
    published, report = tmp_path / "benchmarks.json", Report()
    published.write_text(json.dumps({"rows": [asdict(PUBLISHED)]}))
    report.add(replace(PUBLISHED, **now))
    assert bool(report.faults(published)) == is_worse
    assert report.faults(None) == []


def test_a_published_ratio_that_a_whole_run_lacks_is_a_fault(tmp_path):
    published, report = tmp_path / "benchmarks.json", Report()
    lone = replace(PUBLISHED, what="a row without a ratio", ratio="", reference="")
    published.write_text(json.dumps({"rows": [asdict(PUBLISHED), asdict(lone)]}))
    report.add(replace(PUBLISHED, what="front page, renamed"))
    told = [
        report.faults(published, is_whole=True),
        report.faults(published),
        report.faults(None, is_whole=True),
    ]
    assert told == [["Pages, front page: published, and not measured"], [], []]


def test_what_stands_beside_the_forum_is_no_measure_of_it():
    beside = replace(PUBLISHED, what="8 clients, without turns at computing")
    assert not replace(beside, ratio="0.50").is_worse_than(beside)


def test_a_refused_request_is_a_fault():
    report = Report()
    report.add(per_second("Pages", "front page", Figures([10.0, 12.0], errors=3)))
    assert report.faults(None) == ["Pages, front page: 3 requests were refused"]
