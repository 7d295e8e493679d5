"""The worker runs its jobs, reports that it is alive, and ends orderly on a signal (R29, R11)."""

import threading
from datetime import timedelta
from itertools import count
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text, update

from forum import clock
from forum.audit.models import AuditEntry
from forum.cli import cli
from forum.database import start_write
from forum.extensions import db
from forum.health import steady_clock
from forum.jobs import worker
from forum.jobs.table import JOBS, Job
from forum.jobs.worker import Worker, run_job
from forum.outbox import heartbeats
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage, WorkerHeartbeat
from forum.registration.enums import Status
from forum.registration.models import ProtectedIdentity
from tests.factories.events import NOW, make_event
from tests.factories.mails import make_mails, states
from tests.factories.news import make_post
from tests.factories.registrations import register, write
from tests.factories.steady_clock import go_steadily


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def _now(frozen):
    assert frozen == NOW


def broken(*, now):
    """Write to the database and then fail, as a broken job."""
    db.session.add(WorkerHeartbeat(name="half done", seen_at=now))
    db.session.flush()
    raise RuntimeError("as planned")


def names() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(WorkerHeartbeat.name).order_by(WorkerHeartbeat.name)))


def test_job_is_committed(database):
    def note(*, now):
        heartbeats.beat("a job", now=now)
        return 3

    assert (run_job(Job("note", 1, note)), names()) == (3, ["a job"])


def test_job_that_fails_leaves_nothing_and_stops_no_other(app, database, caplog):
    done = []
    worker = Worker(app, [Job("broken", 1, broken), Job("next", 1, lambda *, now: done.append(now) or 1)])

    worker.run_jobs()

    assert (done, names()) == ([NOW], [worker.name])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "job broken failed"
    ]


def test_job_comes_again_only_when_its_time_has_come(app, database, monkeypatch):
    moment, done = [1000.0], []
    monkeypatch.setattr("forum.jobs.worker.time.monotonic", lambda: moment[0])
    worker = Worker(app, [Job("often", 10, lambda *, now: done.append(moment[0]) or 1)])

    for second in (1000.0, 1009.0, 1010.0, 1015.0, 1020.0):
        moment[0] = second
        worker.run_jobs()

    assert done == [1000.0, 1010.0, 1020.0]


@pytest.mark.parametrize(("seconds", "rests"), [(0.011, 1), (0.06, 5), (0.2, 10)])
def test_short_parts_that_follow_at_once_leave_others_time_to_write_as_one_long_part_does(
    database, monkeypatch, seconds, rests
):
    moments, rested = count(0, seconds), []
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    monkeypatch.setattr(worker, "_let_others_write", lambda: rested.append(None))
    monkeypatch.setattr(worker, "_run_part", lambda *_: 1)
    done = run_job(Job("tags", 1, lambda _part, *, now: 1, each=lambda *, now: range(10)))
    assert (done, len(rested)) == (10, rests)


def test_job_that_another_worker_runs_is_left_to_it(app, database):
    """Of two workers at once, the second skips the job on PostgreSQL, and on SQLite waits for the first's commit."""
    running, ran = threading.Event(), []

    def first(*, now):
        running.set()
        if database.get_bind().dialect.name == "postgresql":
            assert finished.wait(30)
        ran.append("first")
        return 1

    def second():
        assert running.wait(30)
        with app.app_context():
            run_job(Job("same", 1, lambda *, now: ran.append("second") or 1))
        finished.set()

    finished = threading.Event()
    other = threading.Thread(target=second)
    other.start()
    run_job(Job("same", 1, first))
    other.join(30)

    is_postgresql = database.get_bind().dialect.name == "postgresql"
    assert ran == (["first"] if is_postgresql else ["first", "second"])


def test_worker_sends_mail_runs_jobs_and_ends_when_told(app, database, smtp_server, monkeypatch):
    monkeypatch.setitem(app.config, "MAIL_SERVER", "127.0.0.1")
    state = app.extensions["mail"]
    state.server, state.port = "127.0.0.1", smtp_server.port
    make_mails(25)
    database.rollback()
    idle = threading.Event()
    worker = Worker(app, [])
    send = worker.send_mail
    worker.send_mail = lambda: send() or idle.set() or False
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert idle.wait(60)

    worker.stop()
    thread.join(30)

    assert not thread.is_alive()
    assert (states(), names()) == ([("sent", 1)] * 25, [])


def test_worker_goes_on_when_a_round_fails(app, database, monkeypatch, caplog):
    monkeypatch.setattr("forum.jobs.worker.PAUSE_SECONDS", 0)
    worker = Worker(app, [])
    rounds = []

    def step():
        rounds.append(1)
        if len(rounds) == 1:
            raise RuntimeError("the database is away")
        worker.stop()
        return False

    worker._loop(step)

    assert len(rounds) == 2


@pytest.mark.parametrize("days", [-2, 2], ids=["long gone", "written by a wrong clock"])
def test_heartbeat_forgets_workers_that_are_of_another_time(database, days):
    start_write(database)
    heartbeats.beat("old", now=NOW + timedelta(days=days))
    database.commit()
    start_write(database)
    heartbeats.beat("new", now=NOW)
    database.commit()

    assert (names(), heartbeats.last_beat(now=NOW)) == (["new"], NOW)


def test_jobs_show_a_scheduled_post_when_its_time_has_come(database):
    make_event()
    post = make_post(published_at=NOW - timedelta(seconds=1), announced_at=None)

    done = {job.name: run_job(job) for job in JOBS}

    assert done["announce posts"] == 1
    database.refresh(post)
    assert post.announced_at == NOW


def test_jobs_seal_everybodys_answers_anew(database):
    """All answers about protected identity are encrypted anew, so that two backups do not show whose answer changed."""
    event = make_event()
    register(event), register(event, is_protected=True, real_name="Verkliga Namnet")
    job = next(job for job in JOBS if job.name == "seal answers anew")

    def stored(table: str) -> list[bytes]:
        found = database.execute(text(f"SELECT answer FROM {table} ORDER BY registration_id"))  # noqa: S608
        return [bytes(answer) for (answer,) in found]

    before = {table: stored(table) for table in ("protected_identities", "care_answers")}
    opened = [row.answer for row in database.scalars(select(ProtectedIdentity))]
    assert (run_job(job), [row.answer for row in database.scalars(select(ProtectedIdentity))]) == (4, opened)
    for table, sealed in before.items():
        assert [one == other for one, other in zip(sealed, stored(table), strict=True)] == [False, False]


def register_two_days_ago(event):
    """Make a registration whose mail was sent at once and that was never confirmed."""
    registration = register(event, now=NOW - timedelta(hours=48))
    start_write(db.session)
    sent = {"status": MessageStatus.SENT, "sent_at": OutboxMessage.created_at}
    mine = OutboxMessage.registration_id == registration.id
    db.session.execute(update(OutboxMessage).where(mine).values(sent))
    db.session.commit()
    return registration


def test_jobs_end_a_registration_that_nobody_confirmed(database):
    registration = register_two_days_ago(make_event())

    done = {job.name: run_job(job) for job in JOBS}

    database.refresh(registration)
    assert (done["expire registrations"], registration.status) == (1, Status.EXPIRED)


def test_event_whose_counters_are_wrong_stops_no_other_and_is_set_right_by_command(app, database, caplog):
    """A counter that would fall below zero fails the transaction, so each event needs a transaction of its own."""
    ill = register_two_days_ago(make_event())
    start_write(database)
    ill.event.is_current, ill.event.taken, ill.sector.taken = False, 0, 0
    database.commit()
    well = register_two_days_ago(make_event(slug="nf28"))
    job = next(job for job in JOBS if job.name == "expire registrations")

    assert (run_job(job), well.status, ill.status) == (1, Status.EXPIRED, Status.PENDING)
    failed = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert failed == [f"job expire registrations, {ill.event_id} failed"]

    sector = ill.sector.key
    mended = app.test_cli_runner().invoke(cli, ["mend-counters"])
    assert (mended.exit_code, sorted(mended.output.splitlines())) == (
        0, [f"nf27: {sector} 0 -> 1; event 0 -> 1", "nf28: agree"],
    )  # fmt: skip
    entry = database.scalars(select(AuditEntry).where(AuditEntry.action == "event.counters_mended")).one()
    assert entry.details.payload == {"counters": {sector: [0, 1], "event": [0, 1]}}
    assert (run_job(job), ill.status, ill.event.taken) == (1, Status.EXPIRED, 0)


def test_jobs_that_delete_for_good_wait_until_the_clock_has_gone_steadily_for_a_day(database):
    """A clock that jumps a year ahead deletes no registration that nobody has confirmed (R18)."""
    register_two_days_ago(make_event())
    job = next(job for job in JOBS if job.name == "forget unconfirmed")
    expire = next(job for job in JOBS if job.name == "expire registrations")
    run_job(expire)
    jumped = NOW + timedelta(days=365)
    clock.freeze(jumped)
    write(steady_clock.watch, now=jumped)
    assert run_job(job) == 0
    go_steadily(jumped)
    assert run_job(job) == 1
