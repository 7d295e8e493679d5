"""A clock that stands, and an organiser."""

import pytest

from forum.accounts.models import User
from tools.organisers import make_user


@pytest.fixture(autouse=True)
def _standing(time):
    """Every test's clock stands."""


@pytest.fixture
def user(database, event) -> User:
    """An organiser of every event, with password and authenticator."""
    return make_user()
