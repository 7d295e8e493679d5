"""Fixtures for tests of the code that all parts of the forum share."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads
