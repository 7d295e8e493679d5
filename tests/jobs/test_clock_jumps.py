"""A clock that is wrong for a few minutes while the worker runs ends and sends nothing too early (R18)."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from forum import clock
from forum.jobs import worker
from forum.jobs.clock_jumps import JumpWatch
from forum.jobs.table import Job
from forum.jobs.worker import Worker
from tests.factories.events import NOW

SECOND, MINUTE, HOUR = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours"))


@pytest.mark.parametrize("jump", [HOUR, -HOUR, timedelta(days=365), 61 * SECOND])
def test_a_jump_counts_for_ten_minutes(jump):
    """For ten minutes after a jump the clock is not relied on. A clock that is set right again jumps once more."""
    watch = JumpWatch()
    looks = [watch.is_settled(NOW + number * MINUTE, 60 * number) for number in range(3)]
    looks += [watch.is_settled(NOW + jump + number * MINUTE, 60 * number) for number in range(3, 13)]
    assert looks == [*[True] * 3, *[False] * 10]
    assert watch.is_settled(NOW + jump + 13 * MINUTE, 60 * 13)
    assert not watch.is_settled(NOW + 14 * MINUTE, 60 * 14)
    assert watch.is_settled(NOW + 24 * MINUTE, 60 * 24)


def test_a_pause_and_a_clock_that_is_corrected_slowly_are_no_jump():
    """A worker that starts after days, or whose clock is corrected in small steps, need not rest before its jobs."""
    assert JumpWatch().is_settled(NOW + timedelta(days=9), 5)
    watch = JumpWatch()
    assert all(watch.is_settled(NOW + number * (MINUTE + 59 * SECOND), 60 * number) for number in range(60))


@pytest.mark.usefixtures("database")
def test_jobs_that_rest_after_a_jump_run_again_ten_minutes_later_and_others_go_on(app, monkeypatch, caplog):
    ran, passed = [], [100.0]
    jobs = [
        Job("ends", 1, lambda *, now: ran.append("ended") or 1, rests_after_jump=True),
        Job("else", 1, lambda *, now: ran.append("else") or 1),
    ]
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: passed[0], sleep=None))
    runner = Worker(app, jobs)
    for minute, ahead in ((0, 0), (1, 60), (9, 60), (10, 0), (19, 0), (20, 0)):
        clock.freeze(NOW + (minute + ahead) * MINUTE)
        passed[0] = 100.0 + 60 * minute
        runner.run_jobs()
        ran.append(minute)
    assert ran == ["ended", "else", 0, "else", 1, "else", 9, "else", 10, "else", 19, "ended", "else", 20]
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == ["the clock jumped by 3600 seconds", "the clock jumped by -3600 seconds"]
