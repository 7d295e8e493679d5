"""Real processes on SQLite with a full, read-only or broken disk, or a lock that is held for long (R13–R15).

The visitor gets a page that names the fault and keeps the answers. Nothing is half stored, the database file stays
intact, and once the disk works again web and worker go on without a restart.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum import clock
from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.outbox import delivery
from forum.outbox.actions import Attachment
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.factories.mails import make_mail, states
from tests.faults.disks import refusing, small_disk
from tests.faults.races import open_event
from tests.faults.visitor import ANSWERS, BUSY, RECEIVED, Visitor
from tools.pages import Pages
from tools.running import Running, children, kill, prepare, wait_for

EMAIL = "thordis@example.org"
WRITES = "write,pwrite64,writev,pwritev"


class Served(Running):
    """The forum's running processes, and an app of the test's own on the same database."""

    def __init__(self, app: Flask, database: Path, *how: Any, **settings: Any):
        super().__init__(*how, **settings)
        self.app = app
        self.database = database


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path / "disk", megabytes=6) as disk:
        yield disk


@pytest.fixture
def forum_on(settings, static_folder, sqlite_template, make_app, tmp_path) -> Iterator[Callable[..., Served]]:
    """Return a function that prepares an instance with an open event in a folder, and serves it."""
    started: list[Served] = []

    def start(folder: Path, *options: str, before=lambda: None) -> Served:
        instance = prepare(folder / "instance", static_folder, sqlite_template)
        app = make_app(f"sqlite:///{instance / 'forum.sqlite3'}", INSTANCE=instance)
        with app.app_context():
            open_event()
            db.engine.dispose()
        before()
        own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
        given = {**own, "INSTANCE": instance, "FORM_MIN_SECONDS": 0, "LIMITS_ENABLED": 0}
        running = Served(app, instance / "forum.sqlite3", "serve", tmp_path, *options, settings=given)
        started.append(running)
        wait_for(running.answers, running)
        return running

    yield start
    for running in started:
        kill(running)


def test_a_full_disk_refuses_keeps_the_answers_and_goes_on_when_there_is_space(forum_on, disk):
    forum = forum_on(disk.folder)
    first, second = Visitor(forum.url), Visitor(forum.url)
    assert first.register("justice", "before@example.org").outcome == RECEIVED
    wait_for(lambda: mails(forum) == {"sent": 1}, forum)
    pids = forum.pids()

    disk.fill()
    refused = second.register("justice", EMAIL)
    reading = second.get("/en/register")
    disk.free()

    assert (refused.outcome, reading.status) == (BUSY, 200)
    assert {name: refused.answer.hidden[name] for name in ANSWERS} == ANSWERS
    assert registered(forum) == ["before@example.org"]
    assert second.try_again(refused).outcome == RECEIVED
    wait_for(lambda: mails(forum) == {"sent": 2}, forum)
    assert forum.pids() == pids
    assert_sound(forum, 2)


@pytest.mark.usefixtures("frozen")
def test_a_mail_that_does_not_fit_on_the_disk_leaves_no_half_file_and_comes_later(make_app, sqlite_url, disk):
    """A mail that should be written to a full disk as a file leaves no half file, and is written once there is room."""
    folder = disk.folder / "instance" / "mail"
    with make_app(sqlite_url, INSTANCE=disk.folder / "instance").app_context():
        folder.mkdir()
        mail = make_mail(attachments=[Attachment("a", "text/plain", b"x" * 100_000)])
        disk.fill()
        delivery.deliver_due()
        db.session.refresh(mail)
        assert (mail.status, mail.last_error[:7], list(folder.iterdir())) == ("awaiting_retry", "OSError", [])
        disk.free()
        clock.freeze(mail.next_attempt_at)
        db.session.rollback()
        delivery.deliver_due()
        assert (states(), len(list(folder.iterdir()))) == ([("sent", 2)], 1)


def test_a_read_only_disk_is_a_page_that_says_so_until_it_can_be_written(forum_on, disk):
    forum = forum_on(disk.folder, "--web-only", before=lambda: disk.set_read_only(True))
    visitor = Visitor(forum.url)

    refused = visitor.register("justice", EMAIL)
    ready, status = visitor.get("/readyz"), visitor.get("/status")
    disk.set_read_only(False)

    assert refused.outcome == BUSY
    # /readyz names the database, too: on a read-only disk SQLite cannot even read once the last process has removed the
    # log file beside the database.
    assert (ready.status, '"database"' in ready.text) == (503, True)
    assert (status.status, '"writable"' in status.text) == (503, True)
    assert '"writable"' not in visitor.get("/status").text
    assert visitor.try_again(refused).outcome == RECEIVED
    assert_sound(forum, 1)


@pytest.mark.parametrize(
    ("calls", "error"),
    [
        *(pytest.param(WRITES, error, marks=pytest.mark.slow) for error in ("ENOSPC", "EROFS", "EIO")),
        ("fsync,fdatasync", "EIO"),
    ],
)
def test_a_disk_that_fails_at_the_write_or_at_the_sync(forum_on, tmp_path, calls, error):
    """A write or sync of SQLite's log file, which holds the commits, fails once; the next attempt succeeds."""
    forum = forum_on(tmp_path, "--web-only")
    visitor, log = Visitor(forum.url), Path(f"{forum.database}-wal")
    assert visitor.register("justice", "before@example.org").outcome == RECEIVED
    (web,) = children(forum.process.pid)

    with refusing(children(web), log, calls=calls, error=error):
        refused = visitor.register("justice", EMAIL)

    assert (refused.outcome, registered(forum)) == (BUSY, ["before@example.org"])
    assert visitor.try_again(refused).outcome == RECEIVED
    assert_sound(forum, 2)


@pytest.mark.slow
def test_a_lock_that_somebody_holds_for_long_is_waited_for_then_told_of(forum_on, tmp_path):
    """While another process holds the write lock, pages can be read; a form waits BUSY_SECONDS, then fails (R15)."""
    forum = forum_on(tmp_path, "--web-only")
    people = {f"p{number}@example.org": Visitor(forum.url) for number in range(3)}
    reader, pages = Visitor(forum.url), []
    with (
        closing(sqlite3.connect(forum.database, isolation_level=None)) as other,
        ThreadPoolExecutor(3) as pool,
    ):
        other.execute("BEGIN EXCLUSIVE")
        attempts = [pool.submit(visitor.register, "justice", email) for email, visitor in people.items()]
        while not all(attempt.done() for attempt in attempts):
            pages.append(reader.get("/en/register").status)
        other.execute("ROLLBACK")
    refused = [attempt.result() for attempt in attempts]
    assert ([one.outcome for one in refused], set(pages)) == ([BUSY] * 3, {200})
    again = [visitor.try_again(one).outcome for visitor, one in zip(people.values(), refused, strict=True)]
    assert again == [RECEIVED] * 3
    assert_sound(forum, 3)


def registered(forum) -> list[str]:
    with forum.app.app_context():
        return list(db.session.scalars(select(Registration.email).order_by(Registration.id)))


def mails(forum) -> dict[str, int]:
    with forum.app.app_context():
        counted = select(OutboxMessage.status, func.count()).group_by(OutboxMessage.status)
        return {str(status): number for status, number in db.session.execute(counted)}


def assert_sound(forum, number: int) -> None:
    """Check the number of registrations, their mails and audit entries, and the integrity of the database file."""
    with forum.app.app_context():
        counts = [
            db.session.scalar(select(func.count()).select_from(t)) for t in (Registration, OutboxMessage)
        ]
        assert [*counts, db.session.scalar(select(Event.taken))] == [number] * 3
        assert audit.verify() is None
    with closing(sqlite3.connect(forum.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_long_answers_are_shown_at_once_while_the_disk_is_full(make_app, sqlite_template, disk):
    """Answers too long for a cookie, which a full disk cannot store, are shown at once; later they are stored."""
    shutil.copy(sqlite_template, disk.folder / "forum.sqlite3")
    app = make_app(f"sqlite:///{disk.folder / 'forum.sqlite3'}", FORM_MIN_SECONDS=0)
    with app.app_context():
        open_event()
    letters = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150}
    answers = {name: "𐌰" * length for name, length in letters.items()}
    form = Pages(app).get("registration.details", sector="justice")
    disk.fill()
    page = form.submit({**answers, "email": EMAIL, "country": "IS"}, expect=200)
    disk.free()
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Check your answers", "𐌰" * 100)
    assert page.submit(button="Svenska").location == "/sv/register/justice/check"
    with app.app_context():
        db.engine.dispose()
