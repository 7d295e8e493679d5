"""What the outbox's tests share."""

import pytest

from tests.factories.events import NOW


@pytest.fixture(autouse=True)
def _now(frozen):
    """Mails are made and sent at NOW."""
    assert frozen == NOW
