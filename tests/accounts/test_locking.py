"""Simultaneous changes of an account wait for each other without a deadlock: they lock the account's row first and
the audit chain last."""

import threading
from collections.abc import Callable
from contextlib import contextmanager

import pytest
from sqlalchemy import event as engine_events
from sqlalchemy import select, text

from forum import clock
from forum.accounts import actions, colleagues, links, management, queries, recovery_codes
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.models import Membership, RecoveryCode, User
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from tests.factories.events import make_event
from tools.organisers import OTHER_PASSWORD, make_user

SECONDS = 60
IS_BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


@pytest.fixture
def app(make_app, postgres_url):
    return make_app(postgres_url)


def use_a_code(user: User, way_in: dict) -> None:
    actions.finish_sign_in(way_in["second factor"], way_in["code"], browser="", now=clock.now())


def set_a_password(_user: User, way_in: dict) -> None:
    actions.reset_password(way_in["reset"], OTHER_PASSWORD, now=clock.now())


def renew_codes(user: User, _way_in: dict) -> None:
    # Lock the account's row first, as views do by `start_own_write` before they change the user's own account.
    queries.lock_user(user.id)
    actions.renew_recovery_codes(user, now=clock.now())


def disable(user: User, _way_in: dict) -> None:
    management.disable(user, actor="command", now=clock.now())


@pytest.mark.postgresql
@pytest.mark.parametrize("order", [1, -1], ids=["as told", "the other way"])
@pytest.mark.parametrize(
    "pair", [(use_a_code, renew_codes), (set_a_password, disable)], ids=lambda pair: pair[0].__name__
)
def test_two_changes_of_an_account_end_one_after_the_other(app, database, pair, order):
    """Two threads change one account; the first waits, holding a lock, until the second waits or has ended."""
    user_id, way_in = prepared_account()
    first, second = pair[::order]
    refusals = race(app, user_id, way_in, first, second)
    assert "first" not in refusals
    assert set(refusals.values()) <= {"LinkRefused", "CodeRefused"}
    database.rollback()
    assert audit.verify() is None


def prepared_account() -> tuple[int, dict[str, str]]:
    user = make_user()
    start_write(db.session)
    way_in = {
        "second factor": links.issue(user, LinkPurpose.SECOND_FACTOR, now=clock.now()),
        "reset": links.issue(user, LinkPurpose.RESET, now=clock.now()),
        "code": recovery_codes.renew(user)[0],
    }
    db.session.commit()
    return user.id, way_in


def race(app, user_id, way_in, first, second) -> dict[str, str]:
    """Pause `first` after its first lock until `second` waits for it or has ended; return the errors of both."""
    refusals: dict[str, str] = {}
    began, ended = threading.Event(), threading.Event()

    def run(name: str, act) -> None:
        with app.app_context():
            start_write(db.session)
            try:
                act(db.session.get(User, user_id), way_in)
                db.session.commit()
            except Exception as refusal:
                db.session.rollback()
                refusals[name] = type(refusal).__name__

    def run_second() -> None:
        began.wait(SECONDS)
        run("second", second)
        ended.set()

    other = threading.Thread(target=run_second)
    other.start()
    with app.app_context(), stopping(began, ended):
        run("first", first)
    began.set()
    other.join(SECONDS)
    assert not other.is_alive()
    return refusals


@contextmanager
def stopping(began: threading.Event, ended: threading.Event):
    """Pause this thread after its first lock, until the other thread waits for a lock or has ended."""
    engine, own = db.engine, threading.get_ident()
    observer = engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def pause(_connection, _cursor, statement, *_):
        is_lock = (
            statement.startswith(("UPDATE", "DELETE"))
            or "pg_advisory" in statement
            or "FOR NO KEY" in statement
        )
        if threading.get_ident() != own or began.is_set() or not is_lock:
            return
        began.set()
        while not ended.wait(0.01) and not observer.execute(IS_BLOCKED).scalar():
            pass

    engine_events.listen(engine, "after_cursor_execute", pause)
    try:
        yield
    finally:
        engine_events.remove(engine, "after_cursor_execute", pause)
        observer.close()


@pytest.mark.postgresql
def test_two_admins_who_remove_each_other_at_once_leave_one(app, database):
    event = make_event()
    one, other = (make_user(Role.ADMIN, event) for _ in range(2))

    def remove(number: int, by: int) -> Callable[[User, dict], None]:
        def act(_user: User, _way_in: dict) -> None:
            users = (db.session.get_one(User, each) for each in (number, by))
            user, admin = users
            here = db.session.get_one(Event, event.id)
            colleagues.change_roles(user, here, here=set(), by=admin, now=clock.now())

        return act

    refusals = race(app, one.id, {}, remove(other.id, one.id), remove(one.id, other.id))
    database.rollback()
    assert refusals == {"second": "NotManager"}
    assert [held.user_id for held in database.scalars(select(Membership))] == [one.id]


@pytest.mark.usefixtures("database")
def test_the_chain_is_locked_after_every_other_change():
    user, sent = make_user(), []
    engine_events.listen(db.engine, "before_cursor_execute", note := lambda *told: sent.append(told[2]))
    start_write(db.session)
    audit.record("account.tried", user, actor="command", at=clock.now())
    user.name = "Changed after the record"
    db.session.add(RecoveryCode(user_id=user.id, digest="0" * 64))
    db.session.commit()
    engine_events.remove(db.engine, "before_cursor_execute", note)
    told = [" ".join(statement.split()[:3]) for statement in sent]
    locked = next(number for number, statement in enumerate(sent) if "pg_advisory_xact_lock" in statement)
    assert {"INSERT INTO recovery_codes", "UPDATE users SET"} <= set(told[:locked])
    assert [words for words in told[locked:] if words.startswith(("UPDATE", "INSERT"))] == [
        "INSERT INTO audit_entries", "INSERT INTO audit_details"
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_entries_of_an_undone_savepoint_are_not_in_the_chain():
    user = make_user()
    start_write(db.session)
    audit.record("account.first", user, actor="command", at=clock.now())
    with db.session.begin_nested():
        audit.record("account.second", user, actor="command", at=clock.now())
    undone = db.session.begin_nested()
    with db.session.begin_nested():
        audit.record("account.inner", user, actor="command", at=clock.now())
    undone.rollback()
    db.session.commit()
    start_write(db.session)
    audit.record("account.rolled_back", user, actor="command", at=clock.now())
    db.session.close()
    start_write(db.session)
    audit.record("account.last", user, actor="command", at=clock.now())
    db.session.commit()
    actions_kept = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert (actions_kept, audit.verify()) == (["account.first", "account.second", "account.last"], None)
