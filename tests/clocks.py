"""A clock for tests."""

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
