"""An act, such as cancelling, that is killed at a commit is done completely or not at all (R05, R06, R17).

The process is killed right before and right after its first commit, its second and so on, until the act ends without
being killed: no commit is left out, not even one that is added to an act later.
"""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import func, select, text

from forum import clock
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox import delivery
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import longest_delivery
from forum.registration import actions
from forum.registration.models import Registration
from tests.factories.events import NOW, room
from tests.factories.mails import make_mail, mark_all_sent
from tests.factories.registrations import confirmed, register, write

pytestmark = pytest.mark.slow  # this module is slow, because each act runs in processes that are killed


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def _now(frozen):
    assert frozen == NOW


def before_register():
    room()


def before_confirm():
    register(room())


def before_accept():
    """Cancel a registration, so that the person who waits has an offer."""
    event = room()
    holder, _waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW)


def before_cancel():
    """Save an event whose only place is held, with nobody waiting."""
    confirmed(room())


def before_expire():
    """Save an unconfirmed registration that is about to expire, and a person who waits for its place."""
    event = room(opens_at=NOW - timedelta(days=9))
    register(event, now=NOW - timedelta(hours=49))
    confirmed(event, now=NOW - timedelta(hours=1))
    mark_all_sent()


def before_review():
    """Save a registration that waits for the organisers' decision."""
    event = room()
    write(setattr, event.sectors[0], "policy", SectorPolicy.REVIEW)
    confirmed(event)


ACTS = {
    "register": before_register,
    "confirm": before_confirm,
    "accept": before_accept,
    "cancel": before_cancel,
    "expire": before_expire,
    "approve": before_review,
    "decline": before_review,
}


@pytest.mark.parametrize("name", ACTS)
def test_a_crash_leaves_all_or_nothing(crash, name):
    ACTS[name]()
    before = state()
    assert crash(name, "before", 1)
    assert state() == before
    everything_agrees()
    assert crash(name, "after", 1)
    assert state() != before
    everything_agrees()


@pytest.mark.parametrize("name", ACTS)
def test_an_act_has_no_other_commit(crash, name):
    """An act has one commit only: between two commits, other processes would see it half done."""
    ACTS[name]()
    assert not crash(name, "before", 2)


def test_a_mail_survives_a_crash_at_each_commit_of_its_delivery(crash, smtp_server):
    """The mail is sent once; twice if the worker dies after the server has taken the mail and before noting that."""
    server = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": smtp_server.port}
    copies = []
    for number in count(1):
        for moment in ("before", "after"):
            smtp_server.clear()
            mail = make_mail()
            died = crash("deliver", moment, number, **server)
            if not died:
                assert copies == [1, 1, 2, 1]
                return
            clock.freeze(NOW + longest_delivery())
            deliver(smtp_server.port)
            clock.freeze(NOW)
            db.session.refresh(mail)
            assert (mail.status, mail.content) == ("sent", None)
            assert {message["Message-ID"] for message in smtp_server.messages} == {mail.message_id}
            copies.append(len(smtp_server.messages))


def deliver(port: int) -> None:
    """Deliver as the next worker does, after the dead worker's lease has ended."""
    from flask import current_app

    transport = current_app.extensions["mail"]
    current_app.config["MAIL_SERVER"] = transport.server = "127.0.0.1"
    transport.port = port
    delivery.deliver_due()
    db.session.rollback()


def state() -> tuple:
    """Return a summary of the database's tables, to compare before and after a crash."""
    db.session.rollback()
    statuses = db.session.execute(
        select(Registration.status, Registration.holds_place).order_by(Registration.id)
    )
    mails = db.session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id)).all()
    acts = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    return [tuple(row) for row in statuses], list(mails), list(acts)


def everything_agrees() -> None:
    """Check counters, mails, audit entries, the audit chain and the integrity of the database file."""
    held = db.session.scalar(select(func.count()).where(Registration.holds_place))
    assert db.session.scalar(select(Event.taken)) == held == db.session.scalar(select(func.sum(Sector.taken)))
    registrations = db.session.scalar(select(func.count()).select_from(Registration))
    received = select(func.count()).where(OutboxMessage.kind.startswith("received"))
    recorded = select(func.count()).where(AuditEntry.action == "registration.received")
    assert registrations == db.session.scalar(received) == db.session.scalar(recorded)
    assert audit.verify() is None
    if db.session.get_bind().dialect.name == "sqlite":
        assert db.session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
