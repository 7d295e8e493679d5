"""Messages to many whose mails wait for a former address: made anew for the present one, once (R12, S20)."""

import pytest
from sqlalchemy import select

from forum import clock
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.mailings import actions as changes
from forum.mailings import refusals
from forum.mailings.enums import LeftOut, Refused
from forum.mailings.models import MailingRecipient
from forum.mailings.queries import Counts, count_by_result, list_told_at
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD
from forum.privacy import restricting
from forum.registration import new_address, separating, uniting
from forum.registration.enums import RestrictionKind
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.mailings.test_ending import (
    LATER,
    mail_about_change,
    mail_of,
    make_mails,
    mark,
    reasons,
    result_of,
    run_jobs_of_mailings,
)
from tests.registration.reading import newest_mail, read

OLD, NEW = "old@example.org", "new@example.org"
NAMED = {"given_name": "Kim", "family_name": "Holm", "organisation": "Polisen"}
TRIED = (MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT, MessageStatus.FAILED)


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: mails are taken back under locks, which differ."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("justice"), make_sector("politics", policy=SectorPolicy.REVIEW)])


@pytest.fixture
def person(event):
    return confirmed(event, email=OLD, **NAMED)


def move(person, address=NEW):
    """Give the person another address, by the link that is sent there."""
    write(new_address.ask, person, address, actor="user:1", now=LATER)
    write(new_address.confirm, newest_mail(person, "new-address").token, now=LATER)


def try_once(mailing, person, status=MessageStatus.AWAITING_RETRY) -> OutboxMessage:
    """Let the person's mail of the message have been tried once, with this result; return it."""
    mail = mail_of(mailing, person)
    mark(mail, status)
    write(setattr, mail, "attempts", 1)
    return mail


def mails_to(address, kind="own-words") -> list[MessageStatus]:
    """Return the states of the mails of this kind to the address, the oldest first."""
    db.session.rollback()
    mine = OutboxMessage.recipient == address, OutboxMessage.kind == kind
    return list(db.session.scalars(select(OutboxMessage.status).where(*mine).order_by(OutboxMessage.id)))


def leave_token(mail) -> str:
    """Return the token of the link by which the mail's reader refuses further messages."""
    return read(mail).raw.decode().partition("/r/messages/")[2].partition(">")[0]


def test_a_mail_that_was_not_tried_is_made_anew_for_the_new_address(organiser, event, person):
    mailing = make_mails(event)
    first = mail_of(mailing, person).id
    move(person)
    assert db.session.get(OutboxMessage, first) is None
    assert result_of(organiser, mailing) == [("Waiting", "")]
    run_jobs_of_mailings()
    assert (mails_to(OLD), mails_to(NEW)) == ([], [MessageStatus.QUEUED])
    assert result_of(organiser, mailing) == [("In the queue", "")]
    assert NEW in read(mail_of(mailing, person)).raw.decode()


def test_a_mail_that_a_restore_holds_back_is_not_made_anew(event, person):
    """A held mail may have arrived before the restore, and only an operator releases it."""
    mailing = make_mails(event)
    held = try_once(mailing, person, MessageStatus.AWAITING_RETRY)
    write(setattr, held, "next_attempt_at", HELD)
    move(person)
    run_jobs_of_mailings()
    db.session.refresh(held)
    assert (held.status, held.next_attempt_at) == (MessageStatus.AWAITING_RETRY, HELD)
    assert mails_to(NEW) == []


@pytest.mark.parametrize("state", TRIED)
def test_a_mail_that_was_tried_is_taken_back_and_made_anew(event, person, state):
    """The former mailbox may have got the mail; the new one has not."""
    mailing = make_mails(event)
    former = try_once(mailing, person, state)
    move(person)
    db.session.refresh(former)
    assert (former.status, former.abort_reason, former.content) == (
        MessageStatus.ABORTED,
        AbortReason.OUTDATED,
        None,
    )
    assert count_by_result([mailing])[mailing.id] == Counts(waiting=1)
    run_jobs_of_mailings()
    assert (mails_to(OLD), mails_to(NEW)) == ([MessageStatus.ABORTED], [MessageStatus.QUEUED])
    assert reasons(mailing) == {person.id: None}


def test_the_link_for_refusing_in_a_mail_that_was_tried_refuses_for_the_former_address(event, person):
    mailing = make_mails(event)
    token = leave_token(mail_of(mailing, person))
    try_once(mailing, person)
    move(person)
    run_jobs_of_mailings()
    write(refusals.refuse, token, Refused.ALL, now=LATER)
    assert refusals.is_refused(event, OLD, mailing.category)
    assert not refusals.is_refused(event, NEW, mailing.category)
    assert mails_to(NEW) == [MessageStatus.QUEUED]


def test_a_mail_about_a_change_is_made_anew_and_nobody_is_told_before_it_has_left(event, person):
    mailing = mail_about_change(event)
    try_once(mailing, person)
    move(person)
    run_jobs_of_mailings()
    told = mail_of(mailing, person)
    assert (told.recipient, "Lund" in read(told).text) == (NEW, True)
    assert list_told_at(event) == {}
    mark(told, MessageStatus.SENT)
    assert list(list_told_at(event)) == [person.id]


def test_a_mail_that_has_left_is_not_made_anew(event, person):
    mailing = make_mails(event)
    mark(mail_of(mailing, person), MessageStatus.SENT)
    move(person)
    run_jobs_of_mailings()
    assert (mails_to(OLD), mails_to(NEW)) == ([MessageStatus.SENT], [])
    assert count_by_result([mailing])[mailing.id] == Counts(sent=1)


def test_a_paused_message_goes_to_the_new_address_when_it_is_resumed(event, person):
    mailing = make_mails(event)
    try_once(mailing, person)
    write(changes.pause, mailing, actor="user:1", now=LATER)
    move(person)
    run_jobs_of_mailings()
    assert mails_to(NEW) == []
    write(changes.resume, mailing, actor="user:1", now=LATER)
    run_jobs_of_mailings()
    assert mails_to(NEW) == [MessageStatus.QUEUED]


def test_a_message_that_has_ended_goes_to_nobody_anew(event, person):
    """A failed mail that is sent again after its message has ended is not made anew for the present address."""
    mailing = make_mails(event)
    mark(mail_of(mailing, person), MessageStatus.FAILED)
    write(changes.finish, mailing, now=LATER)
    mark(mail_of(mailing, person), MessageStatus.QUEUED)
    move(person)
    run_jobs_of_mailings()
    assert (mails_to(OLD), mails_to(NEW)) == ([MessageStatus.ABORTED], [])


def test_whoever_objects_after_the_change_of_the_address_gets_no_message(event, person):
    mailing = make_mails(event)
    try_once(mailing, person)
    move(person)
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "No.", now=LATER)
    write(restricting.grant, request, actor="user:1", now=LATER)
    run_jobs_of_mailings()
    assert (mails_to(NEW), reasons(mailing)) == ([], {person.id: LeftOut.RESTRICTED})


def test_whoever_has_objected_before_stays_left_out(event, person):
    mailing = make_mails(event)
    try_once(mailing, person)
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "No.", now=LATER)
    write(restricting.grant, request, actor="user:1", now=LATER)
    move(person)
    run_jobs_of_mailings()
    assert (mails_to(NEW), reasons(mailing)) == ([], {person.id: LeftOut.RESTRICTED})


def test_a_protected_person_who_moves_leaves_the_same_traces_as_a_twin(organiser, event):
    """Mails and results of the message are the same for a protected person and for anybody else (P21, P26)."""
    both = [confirmed(event, **NAMED, is_protected=True, real_name="Kanarie"), confirmed(event, **NAMED)]
    mailing = make_mails(event)
    for number, one in enumerate(both):
        try_once(mailing, one)
        move(one, f"new{number}@example.org")
    run_jobs_of_mailings()
    told = [
        (mail.status, mail.abort_reason, mail.attempts) for mail in (mail_of(mailing, one) for one in both)
    ]
    assert told[0] == told[1]
    assert result_of(organiser, mailing) == [("In the queue", "")] * 2


@pytest.mark.parametrize("state", [MessageStatus.SENT, MessageStatus.INFLIGHT])
def test_a_merge_sends_no_message_to_a_mailbox_that_has_got_it(event, person, state):
    ends = confirmed(event, email=NEW, **NAMED)
    mailing = make_mails(event)
    former = mail_of(mailing, person)
    mark(mail_of(mailing, ends), state)
    write(uniting.unite, person, ends, ("email",), actor="user:1", now=LATER)
    run_jobs_of_mailings()
    db.session.refresh(former)
    assert (former.status, former.abort_reason) == (MessageStatus.ABORTED, AbortReason.TOLD_OTHERWISE)
    assert len(mails_to(NEW)) == 1


def test_a_merge_sends_a_message_once_to_the_address_that_stays(event, person):
    ends = confirmed(event, email=NEW, **NAMED)
    mailing = make_mails(event)
    try_once(mailing, person)
    write(uniting.unite, person, ends, ("email",), actor="user:1", now=LATER)
    run_jobs_of_mailings()
    assert mails_to(OLD) == [MessageStatus.ABORTED]
    assert sorted(mails_to(NEW)) == [MessageStatus.ABORTED, MessageStatus.QUEUED]
    assert mail_of(mailing, person).recipient == NEW


def test_undoing_a_merge_sends_a_waiting_message_to_the_returned_address(event, person):
    ends = confirmed(event, email=NEW, **NAMED)
    mailing = make_mails(event)
    merge = write(uniting.unite, person, ends, ("email",), actor="user:1", now=LATER)
    run_jobs_of_mailings()
    write(separating.separate, merge, actor="user:1", now=LATER)
    run_jobs_of_mailings()
    assert (person.email, mail_of(mailing, person).recipient) == (OLD, OLD)
    assert (mails_to(OLD), mails_to(NEW)) == ([MessageStatus.QUEUED], [MessageStatus.ABORTED])
    mine = MailingRecipient.mailing_id == mailing.id, MailingRecipient.registration_id == person.id
    assert len(db.session.scalars(select(MailingRecipient).where(*mine)).all()) == 1
