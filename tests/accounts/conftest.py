"""A clock that stands, and an organiser."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from forum import clock
from forum.accounts.models import User
from tests.factories.events import NOW, make_event
from tools.organisers import make_user


class Clock:
    """Stands at NOW until it is told to move on."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        clock.freeze(NOW)

    def forward(self, **units: float) -> None:
        """Move on by a timedelta's units."""
        self.now += timedelta(**units)
        clock.freeze(self.now)


@pytest.fixture(autouse=True)
def time() -> Iterator[Clock]:
    """The clock of the test."""
    yield Clock()
    clock.freeze(None)


@pytest.fixture
def event(database):
    """The current event."""
    return make_event()


@pytest.fixture
def user(database, event) -> User:
    """An organiser of every event, with password and authenticator."""
    return make_user()
