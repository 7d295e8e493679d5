"""Mails that wait for the pace of one domain hold up no other domain; pages say how long a message takes (M11)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum.accounts.enums import Role
from forum.accounts.models import Membership, User
from forum.extensions import db
from forum.mailings import progress, sending
from forum.mailings.models import Mailing
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.own_words import make_planned
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save
from tests.mailings.test_own_words import BEGUN, work


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, BULK_MAILS_PER_MINUTE=60, BULK_MAILS_PER_MINUTE_AND_DOMAIN=6)


def queue_all(recipients):
    for recipient in recipients:
        write(sending.queue_one, recipient, now=BEGUN)


def in_line():
    """Return by domain how many mails of the message are in the outbox."""
    mailing = db.session.scalars(select(Mailing.id)).one()
    return progress.count_made(mailing, sending.IN_LINE)


def test_a_domain_with_many_recipients_does_not_fill_the_line(event, frozen, monkeypatch):
    monkeypatch.setattr(sending, "AT_ONCE", 4)
    monkeypatch.setattr(sending, "OF_A_DOMAIN", 3)
    for number in range(5):
        confirmed(event, email=f"p{number}@A.example", family_name="Berg")
    confirmed(event, email="p@b.example", family_name="Dahl")
    make_planned(event)
    queue_all(sending.list_first(now=BEGUN))
    assert in_line() == {"a.example": 3, "b.example": 1}
    assert sending.list_next(now=BEGUN) == []


def test_no_more_mails_than_at_once_are_in_line_however_they_are_spread_over_domains(
    event, frozen, monkeypatch
):
    monkeypatch.setattr(sending, "AT_ONCE", 7)
    monkeypatch.setattr(sending, "OF_A_DOMAIN", 3)
    for domain in "abcd":
        for number in range(5):
            confirmed(event, email=f"p{number}@{domain}.example", family_name=domain.upper() * 3)
    make_planned(event)
    queue_all(sending.list_first(now=BEGUN))
    # First one mail to each domain is made, then a second one to each: no domain waits until another one is done.
    assert in_line() == {"a.example": 2, "b.example": 2, "c.example": 2, "d.example": 1}
    assert sending.list_next(now=BEGUN) == []
    sent = update(OutboxMessage).where(OutboxMessage.recipient.like("%@a.example"))
    write(db.session.execute, sent.values(status=MessageStatus.SENT))
    queue_all(sending.list_next(now=BEGUN))
    assert in_line() == {"a.example": 2, "b.example": 2, "c.example": 2, "d.example": 1}


def test_recipients_behind_many_of_a_full_domain_come_next(event, frozen, monkeypatch):
    monkeypatch.setattr(sending, "OF_A_DOMAIN", 2)
    monkeypatch.setattr(progress, "RANKED_AT_ONCE", 2)
    for number in range(5):
        confirmed(event, email=f"p{number}@a.example", family_name="Berg")
    confirmed(event, email="p@b.example", family_name="Dahl")
    make_planned(event)
    queue_all(sending.list_first(now=BEGUN))
    assert in_line() == {"a.example": 2}
    queue_all(sending.list_next(now=BEGUN))
    assert in_line() == {"a.example": 2, "b.example": 1}


def test_pages_say_how_long_it_takes(event, organiser, time):
    for number in range(6):
        confirmed(event, "ngo", email=f"p{number}@a.example")
    mailing = make_planned(event)
    time.now = BEGUN - timedelta(seconds=1)
    time.forward(seconds=2)
    here = {"event": "nf27", "mailing": mailing.id}
    # At a pace of six a minute, six mails take a minute and about a tenth more, because intervals are random.
    said = "Messages to many that wait for their turn: 6. That takes about 1 minute more."
    assert said in organiser.get("outbox.index", event="nf27").text
    text = organiser.get("sent_mailings.show", **here).text
    assert "At this pace the last one leaves on" in text
    work(time.now)
    assert said in organiser.get("outbox.index", event="nf27").text


def test_only_the_role_care_reads_how_many_wait_for_a_message_by_a_question_about_diet(
    event, sign_in_as, time
):
    make_question(event, "diet", choices=("vegan",), care=True)
    for number in range(6):
        confirmed(event, "ngo", email=f"p{number}@a.example")
    make_planned(event, {"unanswered": "diet"})
    organiser, said = sign_in_as(Role.ORGANISER, event), "Messages to many that wait for their turn: 6."
    assert said not in organiser.get("outbox.index", event="nf27").text
    save(Membership(user_id=db.session.scalars(select(User.id)).one(), role=Role.CARE, event_id=event.id))
    assert said in organiser.get("outbox.index", event="nf27").text
