"""The worker verifies the audit trail every day, some entries at a time; pages and monitors show the result (S46)."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from forum import clock
from forum.accounts.enums import Role
from forum.audit import checking, heads
from forum.cli import cli
from forum.database import start_write
from forum.extensions import db
from forum.health import checks
from forum.jobs.table import JOBS
from forum.jobs.worker import Worker
from tests.audit.test_chain import record, tamper
from tests.factories.events import NOW, make_event
from tests.factories.registrations import write

DAY = timedelta(days=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database, monkeypatch):
    """Save an event with five audit entries about it, and let the worker check two entries at a time."""
    monkeypatch.setattr(checking, "ENTRIES_AT_ONCE", 2)
    made = make_event()
    for number in range(5):
        record(made, number=number)
    return made


def check(now):
    start_write(db.session)
    number = checking.check_some(now=now)
    db.session.commit()
    return number


def state(now):
    """Return whether the check for monitors finds the audit trail in order at this moment, and its sentence."""
    [finding] = checks.examine(["chain"], now)
    return finding.is_well, finding.words


def words(pages):
    return pages.get("log.index", event="nf27").text


def test_check_goes_on_where_it_stopped_and_rests_for_a_day(sign_in_as, event):
    pages = sign_in_as(Role.ORGANISER, event)
    assert state(NOW) == (True, "the worker has not checked the record of who did what yet")
    assert "The log has not been checked yet." in words(pages)
    # The trail has a sixth entry: the view of the log.
    assert [check(NOW) for _run in range(4)] == [2, 2, 2, 0]
    assert state(NOW) == (True, f"the worker checked 6 entries on {NOW:%Y-%m-%d}")
    assert "and found whole: 6 entries" in words(pages)
    assert check(NOW + DAY - timedelta(seconds=1)) == 0
    assert check(NOW + DAY) == 2
    assert state(NOW + 4 * DAY)[0] is False


def test_fault_is_kept_for_page_and_monitor(sign_in_as, event):
    tamper("UPDATE audit_entries SET actor = 'user:9' WHERE id = 4")
    assert [check(NOW), check(NOW)] == [2, 1]
    assert checking.find_check().whole_at is None
    assert state(NOW) == (
        False,
        f"the worker checked 3 entries on {NOW:%Y-%m-%d} and found a fault: forum audit verify",
    )
    clock.freeze(NOW)
    assert "The log is not whole" in words(sign_in_as(Role.ORGANISER, event))


def run_worker(app, now):
    clock.freeze(now)
    Worker(app, [job for job in JOBS if "audit" in job.name]).run_jobs()


def test_worker_that_was_away_or_begins_late_finds_no_fault(app, event, monkeypatch):
    """A worker that starts late notes the head (newest entry's hash) before it checks the trail, on both databases."""
    monkeypatch.setattr(checking, "ENTRIES_AT_ONCE", 1000)
    run_worker(app, NOW + 3 * DAY)
    assert state(NOW + 3 * DAY)[0]
    run_worker(app, NOW + 6 * DAY)
    assert state(NOW + 6 * DAY)[0]


def test_missing_head_is_told_apart_from_changed_entries(app, sign_in_as, event, monkeypatch):
    monkeypatch.setattr(checking, "ENTRIES_AT_ONCE", 1000)
    heads.note(now=NOW - 5 * DAY)
    check(NOW)
    assert checking.find_check().is_whole
    assert state(NOW) == (
        False,
        f"the worker checked 5 entries on {NOW:%Y-%m-%d} and lacks the noted heads or the key: forum audit verify",
    )
    clock.freeze(NOW)
    page = words(sign_in_as(Role.ORGANISER, event))
    assert "could not show that the log is whole" in page
    assert "changed or removed" not in page
    heads.note(now=NOW)
    assert check(NOW + checking.AFTER_FAULT - timedelta(seconds=1)) == 0
    assert check(NOW + checking.AFTER_FAULT) == 6  # the trail has a sixth entry: the view of the log
    assert state(NOW + checking.AFTER_FAULT)[0]


def test_command_keeps_what_it_found(app, event):
    tamper("UPDATE audit_entries SET actor = 'user:9' WHERE id = 2")
    clock.freeze(NOW)
    for actor, code in (("user:9", 1), ("command", 0)):
        changed = text("UPDATE audit_entries SET actor = :actor WHERE id = 2")
        write(db.session.execute, changed, {"actor": actor})
        assert app.test_cli_runner().invoke(cli, ["audit", "verify"]).exit_code == code
        db.session.rollback()
        assert state(NOW)[0] is (code == 0)


@pytest.mark.parametrize(
    "silenced",
    [
        "UPDATE chain_checks SET ended_at = '2099-01-01 00:00:00.000000'",
        "UPDATE audit_entries SET key = 'deadbeefdeadbeef' WHERE id = 5",
        "DELETE FROM audit_details; DELETE FROM audit_entries",
    ],
)
def test_check_cannot_be_silenced_by_one_field(event, monkeypatch, silenced):
    monkeypatch.setattr(checking, "ENTRIES_AT_ONCE", 1000)
    check(NOW)
    assert state(NOW)[0]
    tamper("UPDATE audit_entries SET actor = 'user:9' WHERE id = 2", *silenced.split(";"))
    db.session.expire_all()
    for days in (1, 2):
        check(NOW + days * DAY)
        assert state(NOW + days * DAY)[0] is False


def test_trail_that_nobody_has_checked_for_days_is_not_well(event):
    assert [state(NOW + days * DAY)[0] for days in (3, 4)] == [True, False]
