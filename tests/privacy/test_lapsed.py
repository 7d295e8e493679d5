"""Whoever did not accept an offered place in time is erased 30 days after the event (P07)."""

from datetime import timedelta

import pytest

from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.privacy import lapsed
from forum.registration import actions, expiry, uniting
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import RestrictionRequest
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.registration.test_links import dump

pytestmark = pytest.mark.usefixtures("database")
SILENT = NOW + timedelta(days=9)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event():
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])


@pytest.fixture
def silent(event):
    """Return a registration whose offered place was not accepted in time."""
    holder = confirmed(event)
    waiting = confirmed(
        event, email="zq9@example.org", given_name="Zqgiven", is_protected=True, real_name="Zqreal"
    )
    write(actions.cancel, holder, actor="person", now=NOW)
    mark_all_sent()
    write(expiry.expire_due, now=SILENT)
    assert waiting.status == "expired"
    return waiting


def due_at(event):
    return event.ends_at + timedelta(days=30)


def ask_for_restriction(registration, state):
    save(
        RestrictionRequest(
            event=registration.event,
            registration=registration,
            kind=RestrictionKind.RESTRICTION,
            words="Because.",
            state=state,
            asked_at=NOW,
            due_at=NOW + timedelta(days=31),
        )
    )


def test_an_offer_that_ran_out_is_erased_30_days_after_the_event(event, silent):
    due, mails = due_at(event), {one.id for one in db.session.query(OutboxMessage)}
    assert lapsed.list_due(now=due - timedelta(seconds=1)) == []
    assert write(lapsed.forget, silent.id, now=due - timedelta(seconds=1)) == 0
    assert b"zq9@" in dump()
    numbers = lapsed.list_due(now=due)
    assert [write(lapsed.forget, number, now=due) for number in numbers] == [1]
    assert [word for word in (b"zq9@", b"Zqgiven", b"zqgiven") if word in dump()] == []
    assert (lapsed.list_due(now=due), audit.verify()) == ([], None)
    # Nobody is written to, and the person's mails are gone.
    assert {one.id for one in db.session.query(OutboxMessage)} < mails
    assert write(lapsed.forget, numbers[0], now=due) == 0


def test_nobody_else_is_erased_with_it(event, silent):
    """A new registration of the same person stays, and so does a registration that ended in another way."""
    again = confirmed(event, email=silent.email, now=SILENT)
    cancelled = confirmed(event, now=SILENT)
    write(actions.cancel, cancelled, actor="person", now=SILENT)
    numbers = lapsed.list_due(now=due_at(event))
    assert numbers == [silent.id]
    write(lapsed.forget, silent.id, now=due_at(event))
    left = {one.id for one in db.session.query(Registration)}
    assert {again.id, cancelled.id} <= left
    assert silent.id not in left


@pytest.mark.parametrize("state", [RestrictionState.OPEN, RestrictionState.GRANTED])
def test_a_restriction_that_stands_or_is_asked_for_keeps_the_registration(event, silent, state):
    ask_for_restriction(silent, state)
    assert (lapsed.list_due(now=due_at(event)), write(lapsed.forget, silent.id, now=due_at(event))) == ([], 0)


def test_a_declined_restriction_does_not_keep_it(event, silent):
    ask_for_restriction(silent, RestrictionState.DECLINED)
    assert lapsed.list_due(now=due_at(event)) == [silent.id]


def test_a_later_end_of_the_event_moves_the_day(event, silent):
    due = due_at(event)
    write(setattr, event, "ends_at", event.ends_at + timedelta(days=90))
    assert write(lapsed.forget, silent.id, now=due) == 0
    assert write(lapsed.forget, silent.id, now=due_at(event)) == 1


def test_whoever_is_merged_with_another_registration_stays(event):
    holder, waiting, other = confirmed(event), confirmed(event), confirmed(event)
    write(uniting.unite, waiting, other, [], actor="user:1", now=NOW)
    write(actions.cancel, holder, actor="person", now=NOW)
    mark_all_sent()
    write(expiry.expire_due, now=SILENT)
    assert waiting.status == "expired"
    assert lapsed.list_due(now=due_at(event)) == []
    assert write(lapsed.forget, waiting.id, now=due_at(event)) == 0
