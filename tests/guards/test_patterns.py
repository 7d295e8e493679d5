"""No regular expression of ours can be made to think for long (S35): each meets 100 kB of what its kind chokes on.

The bound is a second of the processor's time, not of the clock's, for what takes a few milliseconds, so that a busy
machine does not matter; a pattern that backtracks by the square of the length or worse takes minutes.
"""

import importlib
import pkgutil
import re
import time
from collections import deque

import pytest

import forum
from forum.config import PROJECT
from forum.registration import forms

SIZE, SECONDS = 100_000, 1.0
ANCHORED = {"match", "fullmatch"}
PIECES = (
    "a",
    " ",
    "-",
    "<",
    "&",
    "'",
    "/r/",
    "%",
    "1",
    "a.",
    "=",
    "\u200b",
    "[",
    "(",
    "*",
    "#",
    "http:",
    "a@",
    "\n\n\n",
)


def patterns() -> dict[str, tuple[re.Pattern, set[str]]]:
    """Every compiled pattern in a module of ours, and the ways in which the code uses one of that name."""
    source = "\n".join(path.read_text() for path in (PROJECT / "forum").rglob("*.py"))
    found = {"forum.registration.forms.PHONE": (re.compile(forms.PHONE), {"match"})}
    for module in pkgutil.walk_packages(forum.__path__, "forum."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                used = set(re.findall(rf"\b{name}\.(fullmatch|match|[a-z]+)\(", source))
                found.setdefault(
                    f"{module.name}.{name}",
                    (value, used & ANCHORED | ({"search"} if used - ANCHORED else set())),
                )
    return found


def slowest(pattern: re.Pattern, ways: set[str], size: int = SIZE) -> float:
    """The seconds of the worst text; it grows in steps, so that a bad pattern is known before it takes hours."""
    worst = 0.0
    for part in (size // 100, size // 10, size):
        for piece in PIECES:
            text = piece * (part // len(piece)) + "\x01"
            for way in ways:
                started = time.thread_time()
                deque(pattern.finditer(text), maxlen=0) if way == "search" else getattr(pattern, way)(text)
                worst = max(worst, time.thread_time() - started)
                if worst > (SECONDS if part == size else SECONDS / 20):
                    return SECONDS + worst
    return worst


PATTERNS = patterns()


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_pattern_is_quick_on_a_hundred_kilobytes(name):
    pattern, ways = PATTERNS[name]
    assert ways, "nobody uses it, or not by its name"
    assert slowest(pattern, ways) <= SECONDS


@pytest.mark.parametrize(("wrong", "way"), [(r"\s*x$", "search"), (r"\s*.*?\s*<>", "match")])
def test_a_pattern_that_backtracks_is_found(wrong, way):
    """The control: patterns that take the square of the length, or its cube."""
    assert slowest(re.compile(wrong), {way}) > SECONDS
