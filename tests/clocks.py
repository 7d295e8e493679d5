"""A clock for tests, and a moment at which it stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest

from forum import clock
from forum.web import limits
from tests.factories.events import NOW

REAL_TIME = limits.time.time


class Clock:
    """A clock that stays at NOW until it is moved."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        clock.freeze(NOW)

    def forward(self, **units: float) -> None:
        """Move the clock forward, with the arguments of a timedelta."""
        self.now += timedelta(**units)
        clock.freeze(self.now)


def count_from_later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the time by which rate limits count and cookies expire to `seconds` from the real time, which goes on.

    Do not set it to a moment that a test has noted before: a cookie that was signed after that moment is refused as one
    from the future, but only if a second has begun between both.
    """
    monkeypatch.setattr(limits.time, "time", lambda: REAL_TIME() + seconds)


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Freeze the clock within the block; after it the clock is as before."""
    before = list(clock._frozen)
    clock.freeze(moment)
    yield
    clock._frozen[:] = before
