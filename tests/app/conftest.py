"""Fixtures for tests of the application's own tools."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads
