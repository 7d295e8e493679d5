"""`make lighthouse` itself: what it installs is pinned, and it says no to a page that is below what is asked."""

import json
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest

from forum.config import PROJECT

LOCK = PROJECT / "tests" / "lighthouse" / "package-lock.json"


@pytest.fixture(scope="module")
def lighthouse():
    """bin/lighthouse as a module."""
    loader = SourceFileLoader("lighthouse_command", str(PROJECT / "bin" / "lighthouse"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # dataclasses look their module up
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
def test_what_is_asked_is_asked(lighthouse, performance, others, enough):
    page = lighthouse.Measured(
        "front", [report(speed, seo) for speed, seo in zip(performance, others, strict=True)]
    )
    assert page.is_enough() is enough
    assert bool(page.faults()) is not enough


def test_lock_gives_a_hash_for_each_package_and_no_address():
    packages = {name: package for name, package in json.loads(LOCK.read_text())["packages"].items() if name}
    assert packages["node_modules/lighthouse"]["version"] == "12.2.3"
    assert [
        name for name, package in packages.items() if not package["integrity"].startswith("sha512-")
    ] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def report(performance: int, seo: int) -> dict:
    """A report in Lighthouse's shape: one audit in each category, which fails where less than all is there."""
    scores = {"performance": performance, "accessibility": 100, "best-practices": 100, "seo": seo}
    return {
        "categories": {
            name: {"score": score / 100, "auditRefs": [{"id": name, "weight": 1}]}
            for name, score in scores.items()
        },
        "audits": {name: {"score": int(score == 100), "title": name} for name, score in scores.items()},
    }
