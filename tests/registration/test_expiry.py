"""As time passes, unconfirmed registrations and offers expire, with clocks that jump (R02, R18)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from forum.database import start_write
from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.registration import actions, expiry, offers_by_hand
from forum.registration.enums import Status
from forum.registration.errors import NotLive
from forum.registration.models import RegistrationToken, Submission
from tests.factories.events import NOW, make_event, make_sector, room
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded

pytestmark = pytest.mark.usefixtures("database")
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def tend(now) -> int:
    return write(expiry.expire_due, now=now)


def offered(event):
    """Return a person with an offer that was made an hour after NOW, and whose mail was sent at once."""
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW + HOUR)
    mark_mails(waiting, "offered", status=MessageStatus.SENT, sent_at=NOW + HOUR)
    return waiting


def test_an_unconfirmed_registration_ends_after_48_hours_on_the_second():
    event = make_event()
    registration = register(event)
    mark_all_sent()
    assert (tend(NOW + 48 * HOUR - SECOND), registration.status) == (0, Status.PENDING)
    assert (tend(NOW + 48 * HOUR), registration.status) == (1, Status.EXPIRED)
    assert (registration.ended_at, registration.holds_place, event.taken) == (NOW + 48 * HOUR, False, 0)
    assert kinds_for(registration) == ["received"]
    assert recorded(registration)[-1] == ("registration.not_confirmed", "worker", {})


def test_an_unconfirmed_registration_without_a_place_ends_too():
    event = room()
    confirmed(event)
    late = register(event)
    mark_all_sent()
    assert (tend(NOW + 48 * HOUR), late.status, event.taken) == (1, Status.EXPIRED, 1)


def test_the_place_of_an_unconfirmed_registration_goes_to_the_next_in_line():
    event = room()
    register(event)
    waiting = confirmed(event)
    mark_all_sent()
    tend(NOW + 48 * HOUR)
    assert (waiting.status, waiting.offer_expires_at) == (Status.OFFERED, NOW + 96 * HOUR)


def test_an_offer_that_is_not_taken_ends_says_so_and_goes_on():
    event = room()
    first = offered(event)
    second = confirmed(event, now=NOW + 2 * HOUR)
    assert tend(NOW + 49 * HOUR - SECOND) == 0
    before = last_id()
    assert tend(NOW + 49 * HOUR) == 1
    assert (first.status, second.status, event.taken) == (Status.EXPIRED, Status.OFFERED, 1)
    assert queued(before) == [("offer-lapsed", first.email), ("offered", second.email)]
    assert recorded(first)[-1] == ("registration.offer_lapsed", "worker", {})


def test_what_is_confirmed_waits_or_is_in_review_does_not_end():
    event = room()
    people = [confirmed(event), confirmed(event)]
    assert tend(NOW + 1000 * HOUR) == 0
    assert [person.status for person in people] == [Status.CONFIRMED, Status.WAITING]


def test_running_twice_does_nothing_more():
    event = room()
    offered(event)
    confirmed(event, now=NOW + 2 * HOUR)
    register(event, now=NOW + 2 * HOUR)
    tend(NOW + 60 * HOUR)
    before = (
        queued(),
        event.taken,
        db.session.execute(db.text("SELECT count(*) FROM audit_entries")).scalar(),
    )
    assert tend(NOW + 60 * HOUR) == 0
    assert (
        queued(),
        event.taken,
        db.session.execute(db.text("SELECT count(*) FROM audit_entries")).scalar(),
    ) == before


def test_what_ended_in_time_cannot_be_confirmed_any_more():
    registration = register(make_event())
    mark_all_sent()
    tend(NOW + 48 * HOUR)
    with pytest.raises(NotLive):
        write(actions.confirm, registration, now=NOW + 47 * HOUR)


def test_several_events_are_tended_at_once():
    people = [register(make_event(slug=slug, is_current=True)) for slug in ("nf27",)]
    write(setattr, people[0].event, "is_current", False)
    people.append(register(make_event(slug="nf28")))
    mark_all_sent()
    assert tend(NOW + 48 * HOUR) == 2
    assert {person.status for person in people} == {Status.EXPIRED}


def test_an_offer_that_runs_until_the_start_ends_at_the_start():
    event = room()
    holder, waiting = confirmed(event), confirmed(event)
    next_in_line = confirmed(event)
    write(actions.cancel, holder, actor="person", now=event.starts_at - HOUR)
    assert tend(event.starts_at) == 1
    assert (waiting.status, next_in_line.status, event.taken) == (Status.EXPIRED, Status.WAITING, 0)


def test_a_clock_that_jumps_forward_and_back_ends_nothing_twice_and_revives_nothing():
    event = room()
    registration = register(event)
    mark_all_sent()
    tend(NOW + 48 * HOUR)
    before = recorded(registration)
    assert [tend(NOW + hours * HOUR) for hours in (47, 1, -1, 48)] == [0, 0, 0, 0]
    assert (registration.status, recorded(registration), event.taken) == (Status.EXPIRED, before, 0)


def test_a_clock_that_jumps_back_leaves_a_registration_that_can_be_confirmed():
    registration = register(make_event())
    assert tend(NOW - HOUR) == 0
    assert write(actions.confirm, registration, now=NOW - HOUR).status == Status.CONFIRMED


def test_a_restart_years_later_ends_everything_and_offers_nothing():
    event = room()
    first, pending = offered(event), register(event, now=NOW + 2 * HOUR)
    waiting = confirmed(event, now=NOW + 3 * HOUR)
    before = last_id()
    assert tend(event.ends_at + timedelta(days=3 * 365)) == 2
    assert [one.status for one in (first, pending, waiting)] == [
        Status.EXPIRED,
        Status.EXPIRED,
        Status.WAITING,
    ]
    assert [kind for kind, _ in queued(before)] == ["offer-lapsed"]
    assert tend(event.ends_at + timedelta(days=4 * 365)) == 0


def test_nothing_to_tend_changes_nothing():
    event = make_event()
    confirmed(event)
    before = queued()
    assert tend(NOW + HOUR) == 0
    assert queued() == before


def test_what_only_notices_a_second_sending_and_links_that_lead_nowhere_are_deleted_in_time():
    event = make_event()
    registration = confirmed(event)
    links, forms = count(RegistrationToken), count(Submission)
    living = [link for link in rows(RegistrationToken) if link.revoked_at is None]
    # Two links are not revoked: the confirming link, valid for two days, and the personal link.
    assert (forms, len(living)) == (1, 2)

    assert forget(NOW + timedelta(hours=1)) == links - len(living)
    assert forget(NOW + timedelta(days=2)) == 1
    assert [link.purpose for link in rows(RegistrationToken)] == ["manage"]
    assert (forget(NOW + timedelta(days=29)), forget(NOW + timedelta(days=30)), count(Submission)) == (
        0,
        1,
        0,
    )
    assert forget(event.ends_at + timedelta(days=29)) == 0
    assert (forget(event.ends_at + timedelta(days=30)), count(RegistrationToken)) == (1, 0)
    assert registration.status == Status.CONFIRMED


def forget(now) -> int:
    return write(expiry.forget_ended, now=now)


def rows(model) -> list:
    return list(db.session.scalars(select(model)))


def count(model) -> int:
    return len(rows(model))


def mark_mails(registration, kind=None, **values):
    start_write(db.session)
    query = update(OutboxMessage).where(OutboxMessage.registration_id == registration.id)
    db.session.execute((query.where(OutboxMessage.kind == kind) if kind else query).values(**values))
    db.session.commit()


def mark_mail(number, **values):
    start_write(db.session)
    db.session.execute(update(OutboxMessage).where(OutboxMessage.id == number).values(**values))
    db.session.commit()


def mail_states(registration, kind) -> list[str]:
    mine = OutboxMessage.registration_id == registration.id, OutboxMessage.kind == kind
    return list(db.session.scalars(select(OutboxMessage.status).where(*mine).order_by(OutboxMessage.id)))


def test_an_offer_whose_mail_has_not_left_is_made_anew_instead_of_running_out():
    """While the mail server is away the person does not learn of the offer, so a new mail gives 48 hours again."""
    waiting = offered(room())
    mark_mails(waiting, "offered", status=MessageStatus.AWAITING_RETRY, sent_at=None)
    assert (tend(NOW + 49 * HOUR), waiting.status) == (0, Status.OFFERED)
    assert waiting.offer_expires_at == NOW + 97 * HOUR
    assert mail_states(waiting, "offered") == ["aborted", "queued"]
    until = (NOW + 97 * HOUR).isoformat()
    assert recorded(waiting)[-1] == ("registration.offer_lengthened", "worker", {"until": until})


def test_an_offers_time_counts_from_when_its_mail_left():
    waiting = offered(room())
    mark_mails(waiting, "offered", status=MessageStatus.SENT, sent_at=NOW + 40 * HOUR)
    assert (tend(NOW + 49 * HOUR), waiting.offer_expires_at) == (0, NOW + 88 * HOUR)
    assert mail_states(waiting, "offered") == ["sent"]
    assert (tend(NOW + 88 * HOUR), waiting.status) == (1, Status.EXPIRED)


def test_an_offers_time_counts_from_the_organisers_mail_when_the_first_one_never_left():
    waiting = offered(room())
    mark_mails(waiting, "offered", status=MessageStatus.FAILED, sent_at=None)
    write(actions.resend, waiting, actor="user:1", now=NOW + 40 * HOUR)
    newest = max(rows(OutboxMessage), key=lambda mail: mail.id)
    mark_mail(newest.id, status=MessageStatus.SENT, sent_at=newest.created_at)
    assert (tend(NOW + 49 * HOUR), waiting.offer_expires_at) == (0, NOW + 88 * HOUR)
    assert mail_states(waiting, "offered")[1:] == ["sent"]
    assert (tend(NOW + 88 * HOUR), waiting.status) == (1, Status.EXPIRED)


def test_a_dead_letter_lengthens_an_offer_once_and_not_for_ever():
    waiting = offered(room())
    mark_mails(waiting, "offered", status=MessageStatus.FAILED, sent_at=None)
    assert (tend(NOW + 49 * HOUR), waiting.status) == (0, Status.OFFERED)
    mark_mails(waiting, "offered", status=MessageStatus.FAILED, sent_at=None)
    assert (tend(NOW + 97 * HOUR), waiting.status) == (1, Status.EXPIRED)


def extended(waiting):
    """Extend the offer to a person who has got its mail, and return its new deadline."""
    mark_mails(waiting, "offered", status=MessageStatus.SENT, sent_at=NOW)
    until = waiting.offer_expires_at + 24 * HOUR
    write(offers_by_hand.extend, waiting, until, user_id=1, now=NOW + HOUR)
    return until


def test_an_extended_offer_whose_mail_has_not_left_is_made_anew_instead_of_running_out():
    waiting = offered(room())
    until = extended(waiting)
    mark_mails(waiting, "offer-extended", status=MessageStatus.AWAITING_RETRY, sent_at=None)
    assert (tend(until + HOUR), waiting.status) == (0, Status.OFFERED)
    assert waiting.offer_expires_at == until + 49 * HOUR
    assert mail_states(waiting, "offer-extended") == ["aborted"]
    assert mail_states(waiting, "offered") == ["sent", "queued"]


def test_an_extended_offer_whose_mail_has_left_runs_out():
    waiting = offered(room())
    until = extended(waiting)
    mark_mails(waiting, "offer-extended", status=MessageStatus.SENT, sent_at=NOW + HOUR)
    assert (tend(until + HOUR), waiting.status) == (1, Status.EXPIRED)


def test_a_dead_letter_about_an_extended_offer_lengthens_it_once():
    waiting = offered(room())
    until = extended(waiting)
    mark_mails(waiting, "offer-extended", status=MessageStatus.FAILED, sent_at=None)
    assert (tend(until + HOUR), waiting.status) == (0, Status.OFFERED)
    newest = max(rows(OutboxMessage), key=lambda mail: mail.id)
    mark_mail(newest.id, status=MessageStatus.FAILED, sent_at=None)
    assert (tend(waiting.offer_expires_at), waiting.status) == (1, Status.EXPIRED)


def test_nobody_whose_registration_has_ended_gets_what_had_not_left_before():
    """A mail "confirm your address" that was not sent before the registration ended is aborted: its link is dead."""
    event = make_event()
    cancelled, expired, stands = register(event), register(event), confirmed(event)
    write(actions.cancel, cancelled, actor="person", now=NOW + HOUR)
    tend(NOW + 8 * 24 * HOUR)
    assert mail_states(cancelled, "received") == mail_states(expired, "received") == ["aborted"]
    assert (mail_states(cancelled, "cancelled"), mail_states(stands, "confirmed")) == (["queued"], ["queued"])


def test_a_registration_whose_mail_has_not_left_is_asked_anew_instead_of_ending():
    """While the mail server is away nobody can confirm, so the person gets 48 hours more and a new mail."""
    event = make_event()
    registration = register(event)
    assert (tend(NOW + 48 * HOUR), registration.status, event.taken) == (0, Status.PENDING, 1)
    assert (registration.confirm_by, registration.held_until) == (NOW + 96 * HOUR, NOW + 96 * HOUR)
    assert mail_states(registration, "received") == ["aborted", "queued"]
    until = (NOW + 96 * HOUR).isoformat()
    assert recorded(registration)[-1] == ("registration.asking_lengthened", "worker", {"until": until})
    assert "7 May 2027" in newest_mail(registration).text
    assert write(actions.confirm, registration, now=NOW + 95 * HOUR).status == Status.CONFIRMED


def test_the_time_to_confirm_counts_from_when_the_mail_left_and_its_link_holds_as_long():
    registration = register(make_event())
    mark_mails(registration, status=MessageStatus.SENT, sent_at=NOW + 40 * HOUR)
    assert (tend(NOW + 48 * HOUR), registration.confirm_by) == (0, NOW + 88 * HOUR)
    assert (mail_states(registration, "received"), [link.expires_at for link in rows(RegistrationToken)]) == (
        ["sent"],
        [NOW + 88 * HOUR],
    )
    assert (tend(NOW + 88 * HOUR), registration.status) == (1, Status.EXPIRED)


def test_a_place_is_not_held_for_ever_for_a_mail_that_does_not_leave():
    """After four periods of 48 hours a registration whose mail was never sent expires, and frees its place."""
    registration = register(make_event())
    ended = [(days, tend(NOW + timedelta(days=days))) for days in range(1, 12)]
    assert (ended.index((8, 1)), registration.status) == (7, Status.EXPIRED)
    assert mail_states(registration, "received") == ["aborted"] * 4


@pytest.mark.parametrize("status", [MessageStatus.FAILED, MessageStatus.WITHHELD, MessageStatus.ABORTED])
def test_a_mail_that_will_never_leave_lengthens_nothing(status):
    """A registration gets no more time if its mail failed for good, was withheld or aborted, and so is never sent."""
    registration = register(make_event())
    mark_mails(registration, status=status)
    assert (tend(NOW + 48 * HOUR), registration.status) == (1, Status.EXPIRED)


def test_each_form_that_no_mail_told_of_is_told_of_anew():
    """A stranger and the owner register one address while no mail is sent; each form gets a mail with its own link."""
    event = make_event()
    register(event, email="asa@example.org", given_name="Stranger")
    register(event, email="asa@example.org", given_name="Owner", now=NOW + HOUR)
    before = last_id()
    tend(NOW + 48 * HOUR)
    assert [kind for kind, _ in queued(before)] == ["received", "already-registered"]
    told = [
        link.submission.answers["given_name"]
        for link in rows(RegistrationToken)
        if link.expires_at > NOW + 48 * HOUR
    ]
    assert sorted(set(told)) == ["Owner", "Stranger"]
    assert tend(NOW + 49 * HOUR) == 0


def last_place():
    """Return an unconfirmed registration that holds the last of five places, for six hours."""
    event = make_event(capacity=5, sectors=[make_sector("justice", ceiling=5)])
    return [*(confirmed(event) for _ in range(4)), register(event)][-1]


def test_a_short_hold_counts_from_when_its_mail_left_and_not_for_ever():
    registration = last_place()
    mark_mails(registration, status=MessageStatus.SENT, sent_at=NOW + 5 * HOUR)
    tend(NOW + 6 * HOUR)
    assert (registration.holds_place, registration.held_until) == (True, NOW + 11 * HOUR)
    assert registration.confirm_by == NOW + 48 * HOUR
    tend(NOW + 11 * HOUR)
    assert (registration.holds_place, registration.status) == (False, Status.PENDING)


def test_a_short_hold_whose_mail_has_not_left_ends_after_a_day():
    registration = last_place()
    held = []
    for hours in (6, 12, 18, 24):
        tend(NOW + hours * HOUR)
        held.append(registration.holds_place)
    assert (held, registration.status) == ([True, True, True, False], Status.PENDING)
