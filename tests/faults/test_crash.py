"""kill -9 at the commit of registering, confirming and cancelling: all of it or nothing, on both (R05, R17)."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import func, select, text

from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.config import PROJECT
from forum.database import start_write
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import actions
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import register

ACTS = ("register", "confirm", "cancel")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", ACTS)
def test_a_crash_leaves_all_or_nothing(app, settings, database_url, database, tmp_path, name, moment):
    event = make_event()
    if name != "register":
        registration = register(event)
        if name == "cancel":
            start_write(db.session)
            actions.confirm(registration, now=NOW)
            db.session.commit()
    before = _state()
    db.session.rollback()
    environment = {
        **os.environ,
        "FORUM_SECRET_KEY": settings["SECRET_KEY"],
        "FORUM_DATA_KEYS": settings["DATA_KEYS"],
    }
    command = [
        sys.executable,
        "-m",
        "tests.faults.crasher",
        database_url,
        str(tmp_path / "instance"),
        name,
        moment,
    ]
    ended = subprocess.run(
        command, check=False, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    after = _state()
    assert (after == before) == (moment == "before")
    _everything_agrees()


def _state() -> tuple:
    """What the three tables hold, in numbers."""
    statuses = db.session.execute(select(Registration.status, Registration.holds_place)).all()
    mails = db.session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    return [tuple(row) for row in statuses], list(mails), list(acts)


def _everything_agrees() -> None:
    """Counters match rows, each registration has its mail and its record, the chain is whole, the file is sound."""
    held = db.session.scalar(select(func.count()).where(Registration.holds_place))
    assert db.session.scalar(select(Event.taken)) == held == db.session.scalar(select(func.sum(Sector.taken)))
    registrations = db.session.scalar(select(func.count()).select_from(Registration))
    received = select(func.count()).where(OutboxMessage.kind.startswith("received"))
    recorded = select(func.count()).where(AuditEntry.action == "registration.received")
    assert registrations == db.session.scalar(received) == db.session.scalar(recorded)
    assert audit.verify() is None
    if db.session.get_bind().dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
