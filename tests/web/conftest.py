"""What tests of the web layer share."""

from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture
def run_together():
    """Call a function in many threads at once and return its results."""

    def run(number, function):
        with ThreadPoolExecutor(number) as pool:
            return [future.result() for future in [pool.submit(function) for _ in range(number)]]

    return run
