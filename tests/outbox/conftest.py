"""Fixtures for tests of the outbox."""

import pytest

from tests.factories.events import NOW


@pytest.fixture(autouse=True)
def _now(frozen):
    """Freeze the clock, so that mails are created and sent at NOW."""
    assert frozen == NOW
