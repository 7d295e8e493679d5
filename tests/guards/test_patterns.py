"""No regular expression of ours can be made to think for long (S35): each meets 100 kB of what its kind chokes on.

The bound is a second for what takes a few milliseconds, so that a busy machine does not matter; a pattern that
backtracks exponentially, or by the square of the length, takes minutes.
"""

import importlib
import pkgutil
import re
import time

import pytest

import forum
from forum.registration import forms

SIZE, SECONDS = 100_000, 1.0
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


def patterns() -> dict[str, re.Pattern]:
    """Every compiled pattern in a module of ours, and the texts that become one."""
    found: dict[str, re.Pattern] = {"forum.registration.forms.PHONE": re.compile(forms.PHONE)}
    for module in pkgutil.walk_packages(forum.__path__, "forum."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                found.setdefault(f"{module.name}.{name}", value)
    return found


def slowest(pattern: re.Pattern) -> float:
    """The seconds of the worst text, whichever way the pattern is used; given up after a second."""
    worst = 0.0
    for piece in PIECES:
        text = piece * (SIZE // len(piece)) + "\x01"
        for way in (pattern.fullmatch, pattern.match, pattern.search):
            started = time.perf_counter()
            way(text)
            worst = max(worst, time.perf_counter() - started)
            if worst > SECONDS:
                return worst
    return worst


@pytest.mark.parametrize("name", sorted(patterns()))
def test_pattern_is_quick_on_a_hundred_kilobytes(name):
    assert slowest(patterns()[name]) < SECONDS


def test_a_pattern_that_backtracks_is_found():
    """The control, at a size at which the wrong pattern needs a second and not a day."""
    started = time.perf_counter()
    re.fullmatch(r"(a+)+b", "a" * 24)
    assert time.perf_counter() - started > slowest(re.compile(r"a+b?")) / 10
