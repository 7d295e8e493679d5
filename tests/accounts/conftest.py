"""Fixtures for tests of accounts: a frozen clock and an organiser."""

import pytest

from forum.accounts.models import User
from tools.organisers import make_user


@pytest.fixture(autouse=True)
def _standing(time):
    """Use a frozen clock in every test."""


@pytest.fixture
def user(database, event) -> User:
    """Save an organiser of all events, with password and authenticator."""
    return make_user()
