"""Whoever comes back late to confirm, before the worker ends the registration, gets a working link (R18, S24)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.delegations import admitting
from forum.events.queries import find_current
from forum.extensions import db
from forum.registration import actions, expiry, links_by_mail
from forum.registration.enums import Status
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration
from forum.registration.senders import always
from tests.delegations.test_delegations import CONTACT, OWN, asked
from tests.factories.events import NOW, make_event, room
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import SILENCED, confirmed, register, too_many, write
from tests.registration.filling import ANSWERS, checked, link_in, mails
from tests.registration.reading import kinds_for, newest_mail, recorded
from tests.registration.test_same_work import statements

pytestmark = pytest.mark.usefixtures("frozen", "database")
HOUR = timedelta(hours=1)
LATE = NOW + 49 * HOUR


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


def overdue(event, *sector, **differing) -> Registration:
    """Register a person, and let the time to confirm pass while the worker stands still."""
    registration = register(event, *sector, **differing)
    mark_all_sent()
    clock.freeze(LATE)
    return registration


def tend(now) -> int:
    return write(expiry.expire_due, now=now)


@pytest.mark.parametrize("has_worker_looked", [False, True])
def test_who_registers_anew_after_the_deadline_confirms_the_new_answers(pages, database, has_worker_looked):
    event = make_event()
    registration = overdue(event, email=ANSWERS["email"], given_name="Old", organisation="Old AB")
    checked(pages).submit(button="Register")
    (mail,) = mails(database, "already-registered")
    if has_worker_looked:
        assert tend(LATE) == 0
    assert pages.get(link_in(mail)).submit(follow=True).h1 == "You have a place"
    database.refresh(registration)
    said = (registration.status, registration.given_name, registration.organisation)
    assert said == (Status.CONFIRMED, ANSWERS["given_name"], ANSWERS["organisation"])
    database.refresh(event)
    assert event.taken == 1


def test_link_asked_for_after_the_deadline_works_as_long_as_its_message_says(pages):
    registration = overdue(make_event(), given_name="Åsa")
    pages.get("registration.resend").submit({"email": registration.email}, follow=True)
    mail = newest_mail(registration, "link-to-confirm")
    assert "Press it before 7 May 2027 at 15:00 (CEST)." in " ".join(mail.text.split())
    assert tend(LATE) == tend(LATE + 47 * HOUR) == 0
    clock.freeze(LATE + 47 * HOUR)
    assert pages.get(link_in(mail.row)).submit(follow=True).h1 == "You have a place"


def test_link_that_was_asked_for_late_ends_on_the_second_and_the_registration_with_it():
    event = make_event()
    registration = overdue(event)
    register(event, email=registration.email, now=LATE)
    mail = newest_mail(registration, "already-registered")
    mark_all_sent()
    assert tend(LATE + HOUR) == 0
    with pytest.raises(LinkRefused):
        write(actions.confirm_by_link, mail.token, frozenset(), now=LATE + 48 * HOUR)
    assert (tend(LATE + 48 * HOUR), registration.status) == (1, Status.EXPIRED)


def test_asking_again_and_again_keeps_no_registration_for_ever():
    """Links work at most until four times the time to confirm, counted from registering."""
    event = make_event()
    registration = overdue(event)
    for _asked in range(3):
        now = registration.confirm_by
        clock.freeze(now)
        register(event, email=registration.email, now=now)
        mark_all_sent()
        assert tend(now) == 0
        db.session.refresh(registration)
    assert registration.confirm_by == registration.requested_at + 4 * 48 * HOUR
    register(event, email=registration.email, now=registration.confirm_by)
    assert tend(registration.confirm_by) == 1
    db.session.refresh(registration)
    assert registration.status == Status.EXPIRED


def test_worker_lets_the_place_go_and_sends_no_further_message():
    """Asking again holds no place longer: the place is offered to whoever waits, as if nobody had asked."""
    event = room()
    registration = overdue(event)
    waiting = confirmed(event, now=LATE)
    register(event, email=registration.email, now=LATE)
    assert (tend(LATE), waiting.status) == (0, Status.OFFERED)
    assert (registration.status, registration.holds_place, event.taken) == (Status.PENDING, False, 1)
    assert registration.confirm_by == LATE + 48 * HOUR
    assert kinds_for(registration) == ["received", "already-registered"]
    told = {"until": registration.confirm_by.isoformat()}
    assert recorded(registration)[-2:] == [
        ("registration.hold_ended", "worker", {}),
        ("registration.asking_lengthened", "worker", told),
    ]
    write(actions.confirm_by_link, newest_mail(registration).token, frozenset(), now=LATE + HOUR)
    assert registration.status == Status.WAITING


def test_page_and_message_promise_no_place_that_is_not_held_any_more(pages):
    registration = overdue(make_event())
    write(actions.resend, registration, actor="user:7", now=LATE)
    mail = newest_mail(registration, "received-without-place")
    page = pages.get(link_in(mail.row))
    assert ("A place is held" in page.text, page.submit(follow=True).h1) == (False, "You have a place")


def test_page_of_a_late_link_says_of_a_cancelled_event_until_when_it_works(pages):
    event = make_event()
    registration = overdue(event)
    write(setattr, event, "cancelled_at", LATE)
    pages.get("registration.resend").submit({"email": registration.email}, follow=True)
    page = pages.get(link_in(newest_mail(registration, "link-to-confirm").row))
    assert "takes place after all before 7 May 2027 at 15:00 (CEST)" in page.text


def test_person_whom_a_contact_names_after_the_deadline_gets_a_link_that_works():
    event = make_event()
    registration = overdue(event, "tech", email=OWN.email)
    write(admitting.confirm, asked(event, [OWN], contact=CONTACT, now=LATE), now=LATE)
    mail = newest_mail(registration, "already-registered")
    assert write(actions.confirm_by_link, mail.token, frozenset(), now=LATE) is registration


def test_earlier_link_stays_over_when_a_new_one_was_asked_for():
    event = make_event()
    registration = register(event, given_name="Old")
    first = newest_mail(registration).token
    mark_all_sent()
    register(event, email=registration.email, given_name="New", now=LATE)
    tend(LATE)
    with pytest.raises(LinkRefused):
        write(actions.confirm_by_link, first, frozenset(), now=LATE)


def test_form_whose_message_is_withheld_lengthens_nothing():
    event = make_event()
    registration = overdue(event)
    register(event, email=registration.email, sender=SILENCED, now=LATE)
    assert (tend(LATE), registration.status) == (1, Status.EXPIRED)


def test_link_asked_for_in_time_ends_with_the_registration():
    event = make_event()
    registration = register(event, now=NOW)
    register(event, email=registration.email, now=NOW + 47 * HOUR)
    mark_all_sent()
    assert (tend(NOW + 48 * HOUR), registration.status) == (1, Status.EXPIRED)


def test_overdue_and_unknown_addresses_take_as_many_statements():
    event = make_event()
    first, second, third = (overdue(event).email for _ in range(3))
    assert work_of(register, first) == work_of(register, "new@example.org")
    asking = [
        work_of(ask_for_link, email, may_mail)
        for email, may_mail in ((second, always), (third, too_many), ("nobody@example.org", always))
    ]
    assert asking == [asking[0]] * 3


def work_of(act, email, *more) -> int:
    """Return how many statements it takes to register this address, or to ask for a link to it."""
    db.session.remove()
    event = find_current()
    with statements() as sent:
        if act is register:
            register(event, email=email, now=LATE)
        else:
            act(event, email, *more)
    return len(sent)


def ask_for_link(event, email, may_mail) -> None:
    write(links_by_mail.send_fresh_link, event, email, may_mail=may_mail, now=LATE)
