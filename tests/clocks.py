"""A clock for tests, and a moment at which it stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from forum import clock
from tests.factories.events import NOW


class Clock:
    """A clock that stays at NOW until it is moved."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        clock.freeze(NOW)

    def forward(self, **units: float) -> None:
        """Move the clock forward, with the arguments of a timedelta."""
        self.now += timedelta(**units)
        clock.freeze(self.now)


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """Freeze the clock within the block; after it the clock is as before."""
    before = list(clock._frozen)
    clock.freeze(moment)
    yield
    clock._frozen[:] = before
