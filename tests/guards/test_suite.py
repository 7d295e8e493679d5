"""The tests run in random order, do not sleep for a fixed time, and do not depend on speed.

A loop with a time limit that looks repeatedly until something has happened may sleep. Measurements belong in bench/,
with one exception, which is listed.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from forum.settings.project import PROJECT
from tests.ordering import begin_with_long

STOPWATCHES = {"perf_counter", "perf_counter_ns", "process_time", "thread_time", "time_ns", "timeit"}
MEASURING = {
    # This module measures that known and unknown addresses take the same time (S24).
    "tests/registration/test_same_work.py": 2,
}


# A moment of the real time that a test has noted, to set the time to it or to a later one.
NOTED_TIME = re.compile(r"^ +\w+(, \w+)* = (\w+\.)*time\.time\(\)", re.MULTILINE)


def found_in(source: str) -> Iterator[str]:
    """Yield "sleep" for each sleep outside a loop, and the name of each function that measures time."""
    tree = ast.parse(source)
    looped = {id(inner) for loop in ast.walk(tree) if isinstance(loop, ast.While) for inner in ast.walk(loop)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in STOPWATCHES or (name == "sleep" and id(node) not in looped):
                yield name


def test_no_test_waits_by_the_clock_or_proves_by_it():
    found = {}
    for path in sorted((PROJECT / "tests").rglob("*.py")):
        if "node_modules" not in path.parts and (names := list(found_in(path.read_text()))):
            found[path.relative_to(PROJECT).as_posix()] = names
    assert {path: len(names) for path, names in found.items()} == MEASURING, found


def test_no_test_sets_the_time_to_a_moment_that_it_has_noted():
    """A cookie signed after that moment would be refused, but only if a second has begun: see `count_from_later`."""
    paths = sorted((PROJECT / "tests").glob("**/test_*.py"))
    assert len(paths) > 500
    assert [path.name for path in paths if NOTED_TIME.search(path.read_text())] == []


@pytest.mark.parametrize(
    ("line", "is_noted"),
    [
        ("    now = limits.time.time()", True),
        ("    now, late = limits.time.time(), NOW", True),
        ("    now = [limits.time.time()]", False),
        ("    count_from_later(monkeypatch, 60)", False),
    ],
)
def test_a_noted_time_is_found(line, is_noted):
    """Control: the check finds a noted time; a list of one, which a fixture lets stand from the start, may be noted."""
    assert bool(NOTED_TIME.search(line)) is is_noted


def imported_from_tests(source: str) -> list[str]:
    """Return the names that a Python file imports from tests/."""
    nodes = list(ast.walk(ast.parse(source)))
    modules = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    modules += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return [module for module in modules if module.split(".")[0] == "tests"]


def test_what_tests_share_with_bench_and_bin_lies_in_tools():
    """Benchmarks and scripts import nothing from tests/, so that moving a test cannot break them."""
    paths = [*(PROJECT / "bench").glob("*.py"), *(PROJECT / "tools").glob("*.py")]
    programs = [path for path in (PROJECT / "bin").iterdir() if path.is_file()]
    paths += [path for path in programs if path.read_bytes().startswith(b"#!/usr/bin/env py")]
    assert len(paths) > 20
    assert {path.name for path in paths if imported_from_tests(path.read_text())} == set()


@pytest.mark.parametrize(
    "line", ["from tests import clocks", "import tests.clocks", "from tests.clocks import Clock"]
)
def test_an_import_from_tests_is_found(line):
    """Control: each form of an import from tests/ is found."""
    assert imported_from_tests(line) != []


def test_order_is_another_each_time():
    """pytest-randomly is installed, and no configuration turns it off."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert any(name.startswith("pytest-randomly") for name in settings["dependency-groups"]["dev"])
    turned_off = "no:randomly"
    assert turned_off not in settings["tool"]["pytest"]["ini_options"]["addopts"]
    for name in ("Makefile", ".ci/run", "bin/check"):
        assert turned_off not in (PROJECT / name).read_text(), name


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import time\ntime.sleep(1)", ["sleep"]),
        ("async def f():\n    await asyncio.sleep(1)", ["sleep"]),
        ("for _ in range(3):\n    sleep(1)", ["sleep"]),
        ("start = time.perf_counter()\nassert time.perf_counter() - start < 1", ["perf_counter"] * 2),
        ("while not is_there():\n    assert time.monotonic() < end\n    time.sleep(0.1)", []),
        ("page.sleepless()", []),
    ],
)
def test_a_test_that_waits_or_measures_is_found(source, names):
    """Control: the check finds a sleep outside a waiting loop, and a function that measures time, and nothing else."""
    assert list(found_in(source)) == names


@dataclass(frozen=True)
class Item:
    """A collected test, with only the attributes on which its order depends."""

    nodeid: str
    is_long: bool = False

    def get_closest_marker(self, name):
        return self.is_long or None


def test_each_worker_begins_with_modules_of_long_tests_and_no_test_is_lost():
    quick = [Item(f"tests/test_quick.py::test_{number}") for number in range(90)]
    long = [Item(f"tests/test_{name}.py::test_{n}", is_long=n == 4) for name in "abcd" for n in range(5)]
    listed = [*quick[:50], *long, *quick[50:]]
    ordered = begin_with_long(listed, 3)
    assert sorted(item.nodeid for item in ordered) == sorted(item.nodeid for item in listed)
    parts = ordered[:36], ordered[36:73], ordered[73:]
    assert [part[0].nodeid[:13] for part in parts] == ["tests/test_a.", "tests/test_b.", "tests/test_c."]
    assert [sum("quick" not in item.nodeid for item in part) for part in parts] == [10, 5, 5]
    assert begin_with_long(listed, 1)[:20] == long
