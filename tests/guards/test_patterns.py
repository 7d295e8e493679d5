"""No regular expression of the project needs more than linear time (S35).

Steps are counted, not seconds (tests/guards/backtracking.py), so a busy machine does not change the result. The
patterns in `OWN_FILES` are exempt: they only read the project's own files, never a text that was sent.
"""

import ast
import importlib
import pkgutil
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

import pytest

import forum
from forum.registration import forms
from forum.settings.project import PROJECT
from tests.guards.backtracking import Matcher, texts, worst_growth

# How often the steps may grow when a text doubles: a little above 2, because short texts have a constant part.
TWICE = 2.6
ANCHORED = {"match", "fullmatch"}
INLINE = {"sub", "subn", "split", "search", "match", "fullmatch", "findall", "finditer"}
OWN_FILES = {f"forum.web.static_sources.{name}" for name in ("_CSS_COMMENT", "_CSS_IMPORT", "_CSS_URL")}


@pytest.fixture(autouse=True)
def _deep():
    """Allow deep recursion, because the matcher calls itself for each letter."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(5_000)
    yield
    sys.setrecursionlimit(before)


def patterns() -> dict[str, tuple[re.Pattern, set[str]]]:
    """Return the project's patterns and the methods with which the code uses them."""
    found = {"forum.registration.forms.PHONE": (re.compile(forms.PHONE), {"match"})}
    called = methods_called()
    for module in pkgutil.walk_packages(forum.__path__, "forum."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                used = called[name]
                ways = used & ANCHORED | ({"search"} if used - ANCHORED else set())
                found.setdefault(f"{module.name}.{name}", (value, ways))
    return found | dict(inline())


def methods_called() -> defaultdict[str, set[str]]:
    """Return, by each name in the code, the methods that are called on it, in one pass over all files."""
    called = defaultdict(set)
    for path in (PROJECT / "forum").rglob("*.py"):
        for name, method in re.findall(r"\b(\w+)\.([a-z]+)\(", path.read_text()):
            called[name].add(method)
    return called


def inline() -> Iterator[tuple[str, tuple[re.Pattern, set[str]]]]:
    """Yield the patterns that are written within a call, such as re.sub(r"x+", …)."""
    for path in sorted((PROJECT / "forum").rglob("*.py")):
        for pattern, used, line in written_in(path.read_text()):
            way = used if used in ANCHORED else "search"
            yield f"{path.relative_to(PROJECT)}:{line}", (re.compile(pattern), {way})


def written_in(source: str) -> Iterator[tuple[str, str, int]]:
    """Yield (pattern, method, line) of each call such as re.sub. Fail for a pattern that is not a constant."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "re"
            and node.func.attr in INLINE
        ):
            first = node.args[0]
            assert isinstance(first, ast.Constant), f"line {node.lineno}: a pattern that nobody has seen"
            yield first.value, node.func.attr, node.lineno


PATTERNS = patterns()


@pytest.mark.parametrize("name", sorted(set(PATTERNS) - OWN_FILES))
def test_pattern_grows_evenly(name):
    pattern, ways = PATTERNS[name]
    assert ways, "nobody uses it, or not by its name"
    growth, text = worst_growth(pattern, ways)
    assert growth <= TWICE, text


def test_patterns_that_are_left_out_are_there():
    assert set(PATTERNS) >= OWN_FILES
    assert len(PATTERNS) > 30


@pytest.mark.parametrize(
    ("wrong", "way"),
    [
        (r"\s*x$", "search"),
        (r"\s*.*?\s*<>", "match"),
        (r"(a|a)*b", "fullmatch"),
        (r"(\w+\s?)+$", "match"),
        (r"=\?.*\?=", "search"),
        (r"<!--.*?-->", "search"),
    ],
)
def test_a_pattern_that_backtracks_is_found(wrong, way):
    """Control: patterns with quadratic, cubic and exponential time are found."""
    assert worst_growth(re.compile(wrong), {way})[0] > TWICE


def test_a_pattern_that_is_put_together_is_found():
    """Control: a pattern that is built at runtime is found."""
    with pytest.raises(AssertionError, match="nobody has seen"):
        list(written_in("import re\nre.sub(word + '+', '', text)"))


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_counting_matcher_finds_what_python_finds(name):
    """Control: the counting matcher finds the same matches as Python's, for each pattern and its test texts."""
    pattern, _ways = PATTERNS[name]
    for before, piece, tail in islice(sorted(texts(pattern)), 0, None, 3):
        text = before + piece * 3 + tail
        for at in range(len(text)):
            match = pattern.match(text, at)
            assert Matcher(pattern, text).end("match", at) == (match.end() if match else None), (text, at)
