"""A clock that tests move."""

from datetime import datetime, timedelta

from forum import clock
from tests.factories.events import NOW


class Clock:
    """Stands at NOW until it is told to move on."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        clock.freeze(NOW)

    def forward(self, **units: float) -> None:
        """Move on by a timedelta's units."""
        self.now += timedelta(**units)
        clock.freeze(self.now)
