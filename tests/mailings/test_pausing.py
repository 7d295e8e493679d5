"""A paused message sends nothing: mails that were tried before wait until it goes on (R12)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.mailings import actions as mailings
from forum.mailings.queries import Counts
from forum.outbox import delivery, queries
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import mark_all_sent
from tests.factories.own_words import make_planned
from tests.factories.registrations import confirmed, write
from tests.mailings.test_own_words import BEGUN, counts, work
from tests.outbox.scripted_smtp import scripted_smtp

MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(make_app, database_url):
    clock.freeze(NOW)
    return make_app(database_url, MAIL_BULK_PER_MINUTE=0)


@pytest.fixture
def mailing(event, to_server):
    """Give a message to three people whose mails the server has refused for the moment, as greylisting servers do."""
    for _number in range(3):
        confirmed(event)
    mark_all_sent()
    mailing = make_planned(event)
    work()
    with scripted_smtp({"RCPT": "450 later"}) as server:
        to_server(server.port)
        delivery.deliver_due()
    assert counts(mailing) == Counts(retried=3)
    return mailing


def deliver(to_server, at) -> int:
    """Let the worker deliver what is due to a server that takes everything; return how many mails left."""
    clock.freeze(at)
    with scripted_smtp({}) as server:
        to_server(server.port)
        delivery.deliver_due()
        return len(server.messages)


def test_tried_mails_wait_for_the_message_and_leave_when_it_goes_on(organiser, mailing, to_server):
    write(mailings.pause, mailing, actor="user:1", now=BEGUN)
    page = organiser.get("sent_mailings.show", event="nf27", mailing=mailing.id)
    assert "While it is paused nothing is sent." in page.text
    assert deliver(to_server, BEGUN + timedelta(hours=20)) == 0
    assert counts(mailing) == Counts(retried=3)
    write(mailings.resume, mailing, actor="user:1", now=clock.now())
    assert deliver(to_server, clock.now()) == 3
    assert counts(mailing) == Counts(sent=3)


def test_mail_that_was_being_handed_over_waits_once_it_is_refused(mailing, to_server):
    write(mailings.pause, mailing, actor="user:1", now=BEGUN)
    start_write(db.session)
    late = db.session.scalars(select(OutboxMessage).where(OutboxMessage.kind == "own-words")).first()
    late.next_attempt_at = BEGUN + MINUTE
    db.session.commit()
    work()
    assert deliver(to_server, BEGUN + 2 * MINUTE) == 0


def test_mails_of_a_paused_message_are_no_fault_of_the_mail_server(mailing):
    """Whoever watches the queue is told of mails that are late, not of those that an organiser holds back."""
    assert queries.read_queue(now=BEGUN).failures == 1
    write(mailings.pause, mailing, actor="user:1", now=BEGUN)
    queue = queries.read_queue(now=BEGUN)
    assert (queue.waiting, queue.oldest, queue.failures) == (3, None, 0)


def test_a_message_that_is_ended_while_it_is_paused_takes_its_mails_back(mailing, to_server):
    write(mailings.pause, mailing, actor="user:1", now=BEGUN)
    write(mailings.stop, mailing, actor="user:1", now=BEGUN)
    assert counts(mailing) == Counts(left_out=3)
    assert deliver(to_server, BEGUN + timedelta(hours=20)) == 0
