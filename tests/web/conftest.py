"""Fixtures for tests of the web layer."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def run_together():
    """Return a function that calls another in many threads at once and returns the results."""

    def run(number, function):
        with ThreadPoolExecutor(number) as pool:
            return [future.result() for future in [pool.submit(function) for _ in range(number)]]

    return run
