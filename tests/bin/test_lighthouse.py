"""`make lighthouse` installs pinned packages only, and fails for a page below a required score."""

import json
import subprocess
import sys
from contextlib import nullcontext
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

from forum.settings.project import PROJECT

LOCK = PROJECT / "tools" / "lighthouse" / "package-lock.json"


@pytest.fixture(scope="module")
def lighthouse():
    """Load bin/lighthouse as a module."""
    loader = SourceFileLoader("lighthouse_command", str(PROJECT / "bin" / "lighthouse"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    # The module must be in sys.modules before it runs: `@dataclass` looks up there the module of each class.
    sys.modules[loader.name] = module
    loader.exec_module(module)
    yield module
    del sys.modules[loader.name]


@pytest.mark.parametrize(
    ("performance", "others", "enough"),
    [
        ([97, 98, 100], [100, 100, 100], True),
        ([97, 97, 100], [100, 100, 100], False),
        ([100, 100, 100], [100, 99, 100], False),
    ],
    ids=["median of performance is enough", "median is too low", "one run found a fault"],
)
def test_the_median_of_performance_and_the_lowest_other_scores_count(lighthouse, performance, others, enough):
    page = lighthouse.Measured(
        "front", [report(speed, seo) for speed, seo in zip(performance, others, strict=True)]
    )
    assert page.is_enough() is enough
    assert bool(page.faults()) is not enough


@pytest.mark.parametrize(
    ("ends", "comes", "runs"),
    [
        (["run Lighthouse again", ""], True, 2),
        (["run Lighthouse again"] * 9, False, 3),
        (["no such page", ""], False, 1),
    ],
    ids=["a trace that was not recorded", "one that never is", "another failure"],
)
def test_a_trace_that_was_not_recorded_is_recorded_again(
    lighthouse, monkeypatch, tmp_path, ends, comes, runs
):
    said = iter(ends)
    begun = []

    def run(command, **_options):
        begun.append(command)
        words = next(said)
        return subprocess.CompletedProcess(command, int(bool(words)), stderr=words)

    (tmp_path / "report.json").write_text("{}")
    monkeypatch.setattr(lighthouse.subprocess, "run", run)
    with nullcontext() if comes else pytest.raises(subprocess.CalledProcessError):
        assert lighthouse.measure("http://127.0.0.1", tmp_path / "report.json") == {}
    assert len(begun) == runs


def test_lock_gives_a_hash_for_each_package_and_no_address():
    packages = {name: package for name, package in json.loads(LOCK.read_text())["packages"].items() if name}
    assert packages["node_modules/lighthouse"]["version"] == "12.2.3"
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def report(performance: int, seo: int) -> dict:
    """Return a report like Lighthouse's: each category has one audit, which fails when its score is below 1."""
    scores = {"performance": performance, "accessibility": 100, "best-practices": 100, "seo": seo}
    return {
        "categories": {
            name: {"score": score / 100, "auditRefs": [{"id": name, "weight": 1}]}
            for name, score in scores.items()
        },
        "audits": {name: {"score": int(score == 100), "title": name} for name, score in scores.items()},
    }
