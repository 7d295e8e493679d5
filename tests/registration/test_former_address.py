"""Mails that wait for a former address of a registration: none goes there, and what matters goes to the new one."""

import logging
from datetime import timedelta
from email import message_from_bytes
from email.utils import format_datetime

import pytest
from sqlalchemy import update

from forum import clock
from forum.extensions import db
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD
from forum.privacy import mails as privacy_mails
from forum.privacy import restricting
from forum.registration import (
    actions,
    expiry,
    former_address,
    links,
    mails,
    new_address,
    separating,
    uniting,
)
from forum.registration.enums import RestrictionKind, Status, TokenPurpose
from forum.registration.errors import LinkRefused
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import last_id, newest_mail, newest_mail_to, queued

OLD, NEW = "old@example.org", "new@example.org"
NAMED = {"given_name": "Kim", "family_name": "Holm", "organisation": "Polisen"}


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: mails are taken back under locks, which differ."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(capacity=9, sectors=[make_sector("justice", ceiling=1)])


@pytest.fixture
def person(event):
    return confirmed(event, email=OLD, **NAMED)


@pytest.fixture
def offered(event, person):
    """Give somebody at the address OLD who was offered the place of somebody who cancelled."""
    write(actions.cancel, person, actor="person", now=NOW)
    holder = confirmed(event)
    waiting = confirmed(event, email=OLD, **NAMED)
    mark_all_sent()
    write(actions.cancel, holder, actor="person", now=NOW)
    assert waiting.status == Status.OFFERED
    return waiting


def move(person, *, actor="user:1", now=NOW):
    write(new_address.ask, person, NEW, actor=actor, now=now)
    write(new_address.confirm, newest_mail(person, "new-address").token, now=now)


def mails_to(address) -> list[tuple[str, MessageStatus]]:
    """Return kind and state of each mail to the address, the oldest first."""
    db.session.rollback()
    mine = db.session.query(OutboxMessage).filter_by(recipient=address).order_by(OutboxMessage.id)
    return [(mail.kind, mail.status) for mail in mine]


def put_off(mail):
    """Let the mail have been tried once, by a server that puts it off."""
    write(setattr, mail, "status", MessageStatus.AWAITING_RETRY)


@pytest.mark.parametrize("actor", [new_address.PERSON, "user:1"])
@pytest.mark.parametrize(
    "state", [MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT]
)
def test_a_mail_about_the_status_goes_to_the_new_address_alone(person, actor, state):
    waits = newest_mail(person, "confirmed").row
    write(setattr, waits, "status", state)
    move(person, actor=actor)
    db.session.refresh(waits)
    assert (waits.status, waits.abort_reason, waits.content) == (
        MessageStatus.ABORTED,
        AbortReason.OUTDATED,
        None,
    )
    assert mails_to(NEW)[1:] == [("confirmed", MessageStatus.QUEUED)]
    # The former address learns of the change in any case.
    assert mails_to(OLD)[-1] == ("address-leaving", MessageStatus.QUEUED)


def test_mails_that_have_left_and_those_to_others_stay_as_they_are(event, person):
    mark_all_sent()
    waits = newest_mail(register(event), "received-without-place").row
    move(person)
    db.session.refresh(waits)
    assert waits.status == MessageStatus.QUEUED
    assert ("confirmed", MessageStatus.SENT) in mails_to(OLD)


def test_a_mail_that_a_restore_holds_back_is_not_made_anew(person):
    """The mail may have arrived before the restore, and only an operator releases it."""
    held = newest_mail(person, "confirmed").row
    put_off(held)
    write(setattr, held, "next_attempt_at", HELD)
    move(person)
    db.session.refresh(held)
    assert (held.status, held.next_attempt_at) == (MessageStatus.AWAITING_RETRY, HELD)
    assert held.content is not None


def test_an_open_offer_is_told_to_the_new_address_with_its_reason(offered):
    waits = newest_mail(offered, "offered")
    assert "you have waited longest" in waits.text
    put_off(waits.row)
    move(offered)
    fresh = newest_mail_to(NEW, "offered")
    assert "you have waited longest" in fresh.text
    assert links.follow(fresh.token, TokenPurpose.MANAGE, now=NOW).id == offered.id
    assert ("offered", MessageStatus.ABORTED) in mails_to(OLD)


def test_an_offer_whose_mail_has_not_left_in_time_lasts_longer_at_the_new_address(event, offered):
    """The worker must not take the mail that was taken back for one that left in time."""
    put_off(newest_mail(offered, "offered").row)
    late = offered.offer_expires_at
    move(offered, now=late)
    assert ("offered", MessageStatus.QUEUED) not in mails_to(NEW)
    write(expiry.expire_in, event.id, now=late)
    db.session.refresh(offered)
    assert (offered.status, offered.offer_expires_at > late) == (Status.OFFERED, True)
    assert mails_to(NEW)[-1] == ("offered", MessageStatus.QUEUED)
    assert ("offered", MessageStatus.ABORTED) in mails_to(OLD)


def test_words_of_organisers_go_to_the_new_address_with_a_link_that_works(person):
    before = NOW - timedelta(hours=5)
    write(mails.queue_about_review, person, "approved", words="Tag med legitimation – åäö.", now=before)
    former = newest_mail(person, "approved")
    put_off(former.row)
    move(person)
    fresh = newest_mail_to(NEW, "approved")
    # The new mail says what was true when the former one was written, so it has the former one's date.
    assert [message_from_bytes(mail.raw)["Date"] for mail in (former, fresh)] == [format_datetime(before)] * 2
    assert fresh.text.replace(fresh.token, former.token) == former.text
    assert fresh.html.replace(fresh.token, former.token) == former.html
    assert (fresh.subject, f"To: {NEW}" in fresh.raw.decode(), OLD in fresh.raw.decode()) == (
        former.subject,
        True,
        False,
    )
    assert links.follow(fresh.token, TokenPurpose.MANAGE, now=NOW).id == person.id
    with pytest.raises(LinkRefused):
        links.follow(former.token, TokenPurpose.MANAGE, now=NOW)
    assert sorted(mails_to(NEW))[:2] == [
        ("approved", MessageStatus.QUEUED),
        ("confirmed", MessageStatus.QUEUED),
    ]


def test_a_failed_mail_with_words_of_organisers_is_sent_to_the_new_address(person):
    write(mails.queue_changed, person, [mails.SECTOR], words="We asked you.", now=NOW)
    write(setattr, newest_mail(person, "changed").row, "status", MessageStatus.FAILED)
    move(person)
    assert "We asked you." in newest_mail_to(NEW, "changed").text


def test_the_present_status_is_told_after_what_was_true_before(offered):
    """Whoever gets an offer once more, after one that was withdrawn, must not read last that it was withdrawn."""
    write(mails.queue_about_offer, offered, "offer-withdrawn", words="Sorry.", now=NOW)
    write(mails.queue_offered, offered, why={}, now=NOW)
    move(offered)
    assert [kind for kind, _state in mails_to(NEW)] == ["new-address", "offer-withdrawn", "offered"]


def test_an_unconfirmed_person_learns_last_that_the_place_is_theirs(event):
    person = register(event, email=OLD)
    write(mails.queue_changed, person, [mails.SECTOR], words="We asked you.", now=NOW)
    move(person)
    assert [kind for kind, _state in mails_to(NEW)] == ["new-address", "changed", "confirmed"]
    for kind in ("changed", "confirmed"):
        assert links.follow(newest_mail_to(NEW, kind).token, TokenPurpose.MANAGE, now=NOW).id == person.id


def test_a_mail_that_cannot_be_made_anew_stays_in_sight(person, monkeypatch):
    """The mail of the status settles earlier dead letters, but not one with an organiser's words, which it lacks."""
    write(mails.queue_changed, person, [mails.SECTOR], words="We asked you.", now=NOW)
    monkeypatch.setattr(former_address, "_renewing", lambda registration, letter, now: lambda text: None)
    move(person)
    assert mails_to(NEW)[1:] == [("changed", MessageStatus.FAILED), ("confirmed", MessageStatus.QUEUED)]


def test_a_merge_tells_the_present_status_after_what_was_true_before(event, offered):
    other = confirmed(event, email=NEW, **NAMED)
    write(mails.queue_about_offer, offered, "offer-withdrawn", words="Sorry.", now=NOW)
    since = last_id()
    write(uniting.unite, offered, other, ("email",), actor="user:1", now=NOW)
    to_new = [kind for kind, recipient in queued(since) if recipient == NEW]
    assert to_new == ["offer-withdrawn", "offered", "merged"]


@pytest.mark.parametrize("queue", [mails.queue_link, privacy_mails.queue_own_data])
def test_a_link_that_was_asked_for_by_the_former_address_is_sent_to_none(person, queue):
    write(queue, person, now=NOW)
    kind = newest_mail(person).row.kind
    move(person)
    assert (kind, MessageStatus.ABORTED) in mails_to(OLD)
    assert kind not in [told for told, _state in mails_to(NEW)]


def test_a_restriction_ends_only_once_the_new_address_has_been_told(person):
    request = write(restricting.ask, person, RestrictionKind.OBJECTION, "No.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    mark_all_sent()
    write(restricting.announce_lifting, request, "Because.", actor="user:1", now=NOW)
    put_off(newest_mail(person, "restriction-ending").row)
    move(person)
    assert "Because." in newest_mail_to(NEW, "restriction-ending").text
    later = NOW + restricting.NOTICE
    assert write(restricting.lift, request.id, now=later) == 0
    mark_all_sent()
    assert write(restricting.lift, request.id, now=later) == 1


def test_a_mail_that_cannot_be_read_keeps_nobody_from_changing_the_address(person, caplog):
    write(mails.queue_changed, person, [mails.SECTOR], words="Words.", now=NOW)
    waits = newest_mail(person, "changed").row
    moved = update(OutboxMessage).where(OutboxMessage.id == waits.id)
    write(db.session.execute, moved.values(message_id="<another@example.org>"))
    with caplog.at_level(logging.WARNING, "forum.outbox"):
        move(person)
    db.session.refresh(waits)
    assert (waits.status, person.email) == (MessageStatus.ABORTED, NEW)
    assert caplog.messages == [f"mail {waits.id} cannot be read: InvalidTag"]


def test_whoever_corrects_an_unconfirmed_address_gets_nothing_at_the_wrong_one(event):
    person = register(event, email=OLD)
    put_off(newest_mail(person).row)
    move(person)
    assert person.status == Status.CONFIRMED
    assert [state for kind, state in mails_to(OLD) if kind != "address-leaving"] == [MessageStatus.ABORTED]
    assert mails_to(NEW)[1:] == [("confirmed", MessageStatus.QUEUED)]


def test_a_merge_tells_an_open_offer_at_the_address_that_stays(event, offered):
    other = confirmed(event, email=NEW, **NAMED)
    mark = newest_mail(offered, "offered").row
    put_off(mark)
    since = last_id()
    write(uniting.unite, offered, other, ("email",), actor="user:1", now=NOW)
    db.session.refresh(mark)
    assert (mark.status, offered.email) == (MessageStatus.ABORTED, NEW)
    assert sorted(queued(since)) == [("merged", NEW), ("merged", OLD), ("offered", NEW)]
    assert "you have waited longest" in newest_mail_to(NEW, "offered").text


def test_a_merge_that_keeps_the_address_takes_no_mail_back(event, person):
    waits = newest_mail(person, "confirmed").row
    other = confirmed(event, email=NEW, **NAMED)
    write(uniting.unite, person, other, (), actor="user:1", now=NOW)
    db.session.refresh(waits)
    assert waits.status == MessageStatus.QUEUED


@pytest.mark.parametrize(
    ("state", "attempts", "comes_back"),
    [
        (MessageStatus.QUEUED, 0, True),
        (MessageStatus.AWAITING_RETRY, 1, True),
        (MessageStatus.FAILED, 5, True),
        (MessageStatus.INFLIGHT, 1, False),
        (MessageStatus.SENT, 1, False),
    ],
)
def test_undoing_a_merge_sends_words_of_organisers_to_the_address_from_before(
    event, person, state, attempts, comes_back
):
    """The mail that the merge made anew for the other address goes with the person, unless it has left."""
    other, before = confirmed(event, email=NEW, **NAMED), NOW - timedelta(hours=5)
    mark_all_sent()
    write(mails.queue_changed, person, [mails.SECTOR], words="Tag med legitimation – åäö.", now=before)
    write(uniting.unite, person, other, ("email",), actor="user:1", now=NOW)
    waits = newest_mail_to(NEW, "changed").row
    write(setattr, waits, "status", state)
    write(setattr, waits, "attempts", attempts)
    # A mail that is made after the merge may concern the other person.
    write(mails.queue_changed, person, [mails.SECTOR], words="Written after the merge.", now=NOW)
    since, later = last_id(), NOW + timedelta(hours=1)
    write(separating.separate_last, person, actor="user:1", now=later)
    told = [kind for kind, address in queued(since) if address == OLD]
    assert told == [*(["changed"] if comes_back else []), "confirmed", "merge-undone"]
    assert ("changed", MessageStatus.QUEUED) not in mails_to(NEW)
    if comes_back:
        fresh = newest_mail_to(OLD, "changed")
        assert "Tag med legitimation – åäö." in fresh.text
        assert message_from_bytes(fresh.raw)["Date"] == format_datetime(before)
        assert links.follow(fresh.token, TokenPurpose.MANAGE, now=later).id == person.id
