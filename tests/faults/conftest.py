"""Fixtures for race tests: processes, and a function that starts a race in them."""

import pytest

from tests.faults.racers import PROCESSES, Race, Racers

pytest.register_assert_rewrite("tests.faults.races")  # so that failed assertions there are explained


@pytest.fixture(scope="module")
def racers():
    """Give four processes that are reused for all races."""
    with Racers() as racers:
        yield racers


@pytest.fixture
def race(app, racers, settings, tmp_path, database_url, database):
    """Return `race(act, jobs)`, which runs a race, returns outcomes in the jobs' order and empties the session."""
    own = {**settings, "INSTANCE": tmp_path / "instance", "DATABASE_URL": database_url}

    def run(act, jobs, *, with_lock=True):
        shared = [jobs[number::PROCESSES] for number in range(PROCESSES)]
        database.remove()
        outcomes = iter(racers.run(Race(own, act, shared, with_lock)))
        database.remove()
        came = [[next(outcomes) for _ in own_jobs] for own_jobs in shared]
        return [came[number % PROCESSES][number // PROCESSES] for number in range(len(jobs))]

    return run
