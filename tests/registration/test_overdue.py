"""Whoever comes back after a deadline to confirm that was not acted on yet gets a link that works (R18, S24)."""

from datetime import timedelta

import pytest

from forum import clock
from forum.delegations import admitting
from forum.events.queries import find_current
from forum.extensions import db
from forum.registration import actions, expiry, links_by_mail
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.senders import always
from tests.delegations.test_delegations import CONTACT, OWN, asked
from tests.factories.events import NOW, make_event, room
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import SILENCED, register, too_many, write
from tests.registration.filling import ANSWERS, checked, link_in, mails
from tests.registration.reading import newest_mail
from tests.registration.test_same_work import statements

pytestmark = pytest.mark.usefixtures("frozen", "database")
HOUR = timedelta(hours=1)
LATE = NOW + 49 * HOUR


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


def overdue(event, *sector, **differing) -> Registration:
    """Register a person, and let the time to confirm pass without the worker's ending anything."""
    registration = register(event, *sector, **differing)
    mark_all_sent()
    clock.freeze(LATE)
    return registration


def test_who_registers_anew_after_the_deadline_confirms_the_new_answers(pages, database):
    event = make_event()
    registration = overdue(event, email=ANSWERS["email"], given_name="Old", organisation="Old AB")
    checked(pages).submit(button="Register")
    (mail,) = mails(database, "already-registered")
    assert pages.get(link_in(mail)).submit(follow=True).h1 == "You have a place"
    database.refresh(registration)
    said = (registration.status, registration.given_name, registration.organisation)
    assert said == (Status.CONFIRMED, ANSWERS["given_name"], ANSWERS["organisation"])
    database.refresh(event)
    assert event.taken == 1


def test_link_asked_for_after_the_deadline_works_as_long_as_its_message_says(pages, database):
    event = make_event()
    registration = overdue(event, given_name="Åsa")
    pages.get("registration.resend").submit({"email": registration.email}, follow=True)
    mail = newest_mail(registration, "link-to-confirm")
    assert "Press it before 7 May 2027 at 15:00 (CEST)." in " ".join(mail.text.split())
    clock.freeze(LATE + 47 * HOUR)
    assert write(expiry.expire_due, now=clock.now()) == 0
    assert pages.get(link_in(mail.row)).submit(follow=True).h1 == "You have a place"


def test_link_that_an_organiser_sends_again_after_the_deadline_works():
    registration = overdue(make_event())
    write(actions.resend, registration, actor="user:7", now=LATE)
    assert write(actions.confirm_by_link, newest_mail(registration).token, frozenset(), now=LATE + HOUR)
    assert registration.status == Status.CONFIRMED


def test_person_whom_a_contact_names_after_the_deadline_gets_a_link_that_works():
    event = make_event()
    registration = overdue(event, "tech", email=OWN.email)
    write(admitting.confirm, asked(event, [OWN], contact=CONTACT, now=LATE), now=LATE)
    mail = newest_mail(registration, "already-registered")
    assert write(actions.confirm_by_link, mail.token, frozenset(), now=LATE) is registration


def test_earlier_link_confirms_its_own_answers_again():
    """Every message says that its link shows the answers of its own form; so each works as long as the newest."""
    event = make_event()
    registration = register(event, given_name="Old")
    first = newest_mail(registration).token
    mark_all_sent()
    register(event, email=registration.email, given_name="New", now=LATE)
    write(actions.confirm_by_link, first, frozenset(), now=LATE + HOUR)
    assert (registration.status, registration.given_name) == (Status.CONFIRMED, "Old")


def test_place_that_was_still_held_is_held_for_six_hours_more():
    event = room()
    registration = overdue(event)
    register(event, email=registration.email, now=LATE)
    db.session.refresh(registration)
    assert (registration.confirm_by, registration.held_until) == (LATE + 48 * HOUR, LATE + 6 * HOUR)
    assert (registration.holds_place, event.taken) == (True, 1)
    mark_all_sent()
    write(expiry.expire_due, now=LATE + 6 * HOUR)
    assert (registration.status, registration.holds_place, event.taken) == (Status.PENDING, False, 0)


def test_registration_without_a_place_gets_none_by_asking_anew():
    event = room()
    register(event)
    registration = overdue(event)
    register(event, email=registration.email, now=LATE)
    db.session.refresh(registration)
    assert (registration.confirm_by, registration.held_until) == (LATE + 48 * HOUR, None)


def test_form_whose_message_is_withheld_lengthens_nothing():
    event = make_event()
    registration = overdue(event)
    register(event, email=registration.email, sender=SILENCED, now=LATE)
    assert registration.confirm_by == NOW + 48 * HOUR


def test_nothing_is_lengthened_before_the_deadline_or_for_another_address():
    event = make_event()
    other = overdue(event)
    early = register(event, now=LATE - HOUR)
    register(event, email=early.email, now=LATE)
    db.session.expire_all()
    assert (other.confirm_by, early.confirm_by) == (NOW + 48 * HOUR, LATE + 47 * HOUR)


def test_overdue_and_unknown_addresses_take_as_many_statements():
    event = make_event()
    first, second, third = (overdue(event).email for _ in range(3))
    work = []
    for email in (first, "new@example.org"):
        db.session.remove()
        event = find_current()
        with statements() as sent:
            register(event, email=email, now=LATE)
        work.append(len(sent))
    assert work[0] == work[1]
    asking = []
    for email, may_mail in ((second, always), (third, too_many), ("nobody@example.org", always)):
        db.session.remove()
        event = find_current()
        with statements() as sent:
            write(links_by_mail.send_fresh_link, event, email, may_mail=may_mail, now=LATE)
        asking.append(len(sent))
    assert asking == [asking[0]] * 3
