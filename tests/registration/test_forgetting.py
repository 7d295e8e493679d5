"""A registration that expired unconfirmed is erased after a day, with its address (P07); later forms add no rows."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from forum.audit import actions as audit
from forum.audit.queries import find_history
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import actions, expiry, forgetting
from forum.registration.models import (
    CareAnswer,
    ProtectedIdentity,
    Registration,
    RegistrationToken,
    Submission,
)
from forum.registration.senders import UNBOUNDED
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import SILENCED, confirmed, register, write
from tests.registration.test_links import dump

pytestmark = pytest.mark.usefixtures("database")
ENDED = NOW + timedelta(hours=48)
LEFT = (Registration, Submission, RegistrationToken, OutboxMessage, ProtectedIdentity, CareAnswer)
# By database, the statement after which the next registration has the id 1.
FIRST_ID_NEXT = {
    "sqlite": "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'registrations'",
    "postgresql": "SELECT setval(pg_get_serial_sequence('registrations', 'id'), 1, false)",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def counts() -> list[int]:
    db.session.rollback()
    return [db.session.query(model).count() for model in LEFT]


def test_what_nobody_confirmed_leaves_nothing_after_a_day():
    event = make_event()
    stays = confirmed(event, now=ENDED + timedelta(hours=23))
    before = counts()
    register(event, email="zq1@example.org", given_name="Zqgiven", is_protected=True, real_name="Zqreal")
    mark_all_sent()
    write(expiry.expire_due, now=ENDED)
    assert write(forgetting.forget_unconfirmed, now=ENDED + timedelta(hours=23)) == 0
    assert b"zq1@example.org" in dump()
    assert write(forgetting.forget_unconfirmed, now=ENDED + timedelta(days=1)) == 1
    assert [word for word in (b"zq1@", b"Zqgiven", b"zqgiven") if word in dump()] == []
    assert (counts(), stays.is_live, audit.verify()) == (before, True, None)
    assert write(forgetting.forget_unconfirmed, now=ENDED + timedelta(days=1)) == 0


def test_who_comes_after_somebody_erased_does_not_get_their_history():
    event = make_event()
    erased = register(event).id
    mark_all_sent()
    write(expiry.expire_due, now=ENDED)
    write(forgetting.forget_unconfirmed, now=ENDED + timedelta(days=1))
    # After a restore from a backup, a new registration may have the id of an erased one.
    write(db.session.execute, text(FIRST_ID_NEXT[db.engine.dialect.name]))
    next_one = register(event, now=ENDED + timedelta(days=1))
    assert next_one.id == erased
    assert [entry.action for entry in find_history(next_one)] == ["registration.received"]


def test_an_offer_that_ran_out_stays_until_the_event_is_over():
    event = make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)])
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW)
    mark_all_sent()
    write(expiry.expire_due, now=NOW + timedelta(days=9))
    assert waiting.status == "expired"
    assert write(forgetting.forget_unconfirmed, now=NOW + timedelta(days=19)) == 0


@pytest.mark.parametrize("known_as", [register, confirmed], ids=["pending", "confirmed"])
def test_repeated_forms_for_one_address_leave_no_words_and_no_heap(known_as):
    event = make_event()
    known = known_as(event)
    before = counts()
    for number in range(12):
        register(event, email=known.email, sender=UNBOUNDED if number < 3 else SILENCED)
    withheld = db.session.query(OutboxMessage).filter_by(status="withheld").all()
    assert [(len(withheld), message.content) for message in withheld] == [(9, None)] * 9
    carried = db.session.query(Submission).filter(Submission.answers.is_not(None)).count()
    assert carried == (4 if known_as is register else 0)
    for forget in (forgetting.forget_unconfirmed, expiry.forget_ended):
        write(forget, now=NOW + timedelta(days=31))
    grown = dict(zip(LEFT, (after - b for after, b in zip(counts(), before, strict=True)), strict=True))
    assert (grown[OutboxMessage], grown[Registration]) == (3, 0)
    assert (grown[RegistrationToken] <= 3, grown[Submission] <= 0) == (True, True)
