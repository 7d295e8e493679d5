"""A job whose row is gone, or that fails before its first part, does nothing and is run again at its next time."""

import logging

import pytest

from forum.jobs.table import JOBS, Job
from forum.jobs.worker import Worker, run_job
from forum.outbox import heartbeats

# Jobs whose parts are rows that may be deleted; nobody deletes an event, a task that runs or a mailing that has begun.
KEPT = {
    "erase again",
    "expire registrations",
    "end tasks",
    "end mailings of past events",
    "settle mailings",
}
IN_PARTS = [job for job in JOBS if job.each is not None and job.name not in KEPT]


@pytest.mark.usefixtures("database", "frozen")
def test_a_part_whose_row_is_gone_meanwhile_does_nothing(caplog):
    """A part of a job does nothing, and logs no error, if its row was deleted after the job had listed it."""
    assert len(IN_PARTS) > 10
    with caplog.at_level(logging.ERROR):
        for job in IN_PARTS:
            assert run_job(Job(job.name, 1, job.run, each=lambda *, now: [987_654])) == 0
    assert caplog.records == []


@pytest.mark.usefixtures("database", "frozen")
def test_a_job_that_cannot_list_its_parts_is_logged_and_runs_none(caplog):
    def fail(*, now):
        raise RuntimeError("as planned")

    ran = []
    assert run_job(Job("listing", 1, ran.append, each=fail)) == 0
    assert (ran, [record.getMessage() for record in caplog.records]) == ([], ["job listing failed"])


def test_a_worker_that_cannot_say_goodbye_ends_all_the_same(app, database, monkeypatch, caplog):
    worker = Worker(app, [])

    def fail(_name):
        raise RuntimeError("as planned")

    monkeypatch.setattr(heartbeats, "forget", fail)
    with app.app_context():
        worker._say_goodbye()
    assert [record.getMessage() for record in caplog.records] == ["worker: goodbye failed"]
