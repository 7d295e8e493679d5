"""A worker that is killed while it makes the mails of a message writes to everybody once (R12)."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.extensions import db
from forum.mailings.enums import RecipientStatus
from forum.mailings.models import Mailing, MailingRecipient
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW, make_event
from tests.factories.organisers import sign_in_somebody
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed
from tests.mailings.test_own_words import BEGUN, work

pytestmark = pytest.mark.slow  # this module is slow, because the job runs in processes that are killed


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def queued() -> tuple[int, int]:
    """Return how many recipients have a mail, and how many mails there are."""
    db.session.rollback()
    done = MailingRecipient.status == RecipientStatus.QUEUED
    people = db.session.scalar(select(func.count()).select_from(MailingRecipient).where(done))
    mails = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.kind == "own-words")
    return people, db.session.scalar(mails)


def test_a_killed_worker_makes_no_mail_twice_and_forgets_nobody(frozen, app, database, crash):
    event = make_event()
    people = [confirmed(event).id for _number in range(5)]
    sign_in_somebody(app, event=event)
    # The process that is killed uses the tests' clock, by which the minute for stopping the message is over.
    make_planned(event, now=NOW)
    _begin_at_once()
    assert crash("queue mailings", "before", 1)
    assert queued() == (0, 0)
    for number in (1, 2):
        assert crash("queue mailings", "after", number)
        assert queued() == (number * (number + 1) // 2,) * 2
    clock.freeze(BEGUN)
    work()
    db.session.rollback()
    mails = select(OutboxMessage.registration_id).where(OutboxMessage.kind == "own-words")
    assert Counter(db.session.scalars(mails)) == Counter(people)
    assert audit.verify() is None


def _begin_at_once() -> None:
    start_write(db.session)
    db.session.scalars(select(Mailing)).one().begins_at = NOW
    db.session.commit()
