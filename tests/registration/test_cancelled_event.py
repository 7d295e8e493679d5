"""What visitors and registered people read while an event is cancelled: pages and mails say only what is true then."""

from datetime import timedelta

import pytest

from forum.columns import Text
from forum.database import start_write
from forum.delegations import asking, contact_links
from forum.delegations.asking import Contact, Person
from forum.delegations.enums import ContactLink
from forum.delegations.models import Substitution
from forum.delegations.queries import find_form
from forum.events import cancelling
from forum.extensions import db
from forum.privacy import actions as requests
from forum.registration import new_address
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.registration.filling import link_in, mails, manage_token
from tests.registration.reading import newest_mail, newest_mail_to

pytestmark = pytest.mark.usefixtures("frozen")
REASON = {"reason-sv": "Det har brunnit.", "reason-en": "It has burnt."}
NOTHING = "There is nothing to confirm now"
DAY = timedelta(days=1)


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def event(database):
    sectors = [make_sector("justice", ceiling=5), make_sector("tech", ceiling=5)]
    return make_event(capacity=9, sectors=sectors, participant_list="public")


def call_off(event, now=NOW) -> None:
    write(cancelling.cancel, event, Text(en="Snow", sv="Snö"), actor="command", now=now)


def test_pages_after_a_form_say_that_there_is_nothing_to_confirm(event, pages):
    paths = ("/en/register/received", "/en/register/delegation/sent")
    assert NOTHING not in {pages.get(path).h1 for path in paths}
    assert "a button that confirms it" in pages.get("/en/register/link/sent").text
    call_off(event)
    for path in paths:
        page = pages.get(path)
        assert (page.h1, "Only then" in page.text, "Send it again" in page.text) == (NOTHING, False, False)
        assert "nf27 is cancelled" in page.text.lower().replace("nordic forum 2027", "nf27")
    assert "a button that confirms it" not in pages.get("/en/register/link/sent").text


def test_a_confirming_link_says_until_when_it_works_again(event, pages):
    person = register(event)
    (mail,) = mails(db.session, "received")
    path = link_in(mail)
    form = pages.get(path)
    call_off(event)
    page = pages.get(path)
    assert (page.h1, "Press the button" in page.text) == ("Your address cannot be confirmed now", False)
    assert form.submit(expect=200).h1 == page.h1
    db.session.expire_all()
    assert person.status == Status.PENDING
    start_write(db.session)
    cancelling.take_up_again(event, actor="command", now=NOW)
    db.session.commit()
    pages.get(path).submit(follow=True)
    db.session.expire_all()
    assert person.status == Status.CONFIRMED


def test_a_fresh_link_to_confirm_does_not_ask_to_press_a_button(event, pages):
    person = register(event, email="kim@example.org")
    call_off(event)
    pages.get("registration.resend").submit({"email": "kim@example.org"}, follow=True)
    mail = newest_mail(person, "link-to-confirm")
    for words in (mail.text, mail.html):
        assert ("cannot be confirmed now" in words, "Press it before" in words) == (True, False)


def test_the_list_of_participants_speaks_of_those_who_had_a_place(event, pages):
    before = pages.get("participants.index").text
    call_off(event)
    after = pages.get("participants.index").text
    assert [("have a place" in text, "so far" in text) for text in (before, after)] == [
        (True, True),
        (False, False),
    ]
    assert "People who had a place" in after


def test_a_person_reads_who_had_a_place(event, pages):
    person = confirmed(event)
    pages.get("self_service.enter", token=manage_token(person), follow=True)
    assert "Who comes" in pages.get("self_service.show").all("h2")
    call_off(event)
    assert {"Who had a place", "Who comes"} & {*pages.get("self_service.show").all("h2")} == {
        "Who had a place"
    }


def test_mails_of_a_cancelled_event_promise_no_place(event):
    gone, added = confirmed(event), confirmed(event)
    start_write(db.session)
    added.email = ""
    db.session.commit()
    call_off(event)
    write(new_address.ask, added, "new@example.org", actor="command", now=NOW)
    assert "you have a place" not in newest_mail_to("new@example.org", "new-address").text
    request, email = write(requests.ask, gone, now=NOW), gone.email
    write(requests.carry_out, request, actor="command", now=NOW)
    erased = newest_mail_to(email, "erased").text
    assert ("We have erased" in erased, "free for others" in erased) == (True, False)


@pytest.fixture
def asked(event):
    """Store a delegation that its contact has not confirmed; return the token of the link to confirm."""
    contact = Contact("Kim", "Ek", "kim@example.org", "Tinget", "SE", "en")
    people = [Person("Bo", "Ett", ""), Person("Flo", "Två", "", "flo@example.org")]
    told = {"is_all_or_nobody": False, "form_key": "form", "now": NOW}
    start_write(db.session)
    asking.ask(event, event.sectors[0], contact, people, **told)
    db.session.commit()
    return write(contact_links.issue, find_form("form"), ContactLink.CONFIRM, now=NOW)


def test_a_delegation_and_a_substitute_get_back_the_time_of_a_cancellation(event, asked, pages, sign_in_as):
    """A delegation and a substitution can be confirmed for eight days from the cancellation, as a registration can."""
    person = confirmed(event)
    save(
        substitute := Substitution(
            registration_id=person.id, email="a@example.org", asked_at=NOW, expires_at=NOW + 2 * DAY
        )
    )
    console = sign_in_as(event=event)
    console.get("/console/nf27/cancellation").form("form.form").submit(REASON, follow=True)
    page = pages.get("own_delegation.confirm", token=asked)
    assert (page.h1, "Press the button" in page.text) == ("The delegation cannot be registered now", False)
    delegation, last = find_form("form"), NOW + 8 * DAY
    assert (delegation.confirm_by, substitute.expires_at) == (last, last)
    start_write(db.session)
    cancelling.take_up_again(event, actor="command", now=NOW + 5 * DAY)
    db.session.commit()
    assert write(asking.forget_ended, now=last + DAY - timedelta(seconds=1)) == 0
    assert contact_links.follow(asked, ContactLink.CONFIRM, now=last - timedelta(seconds=1)) == delegation
    assert write(asking.forget_ended, now=last + DAY) == 1


def test_a_contact_is_offered_nothing_that_only_an_event_to_come_needs(event, asked, pages):
    pages.get("own_delegation.confirm", token=asked).submit(button="Register them", follow=True)
    promised = (
        "Withdraw …",
        "Let somebody else come …",
        "Has a place",
        "Can confirm before",
        "Add a person …",
    )
    before = pages.get("own_delegation.show").text
    assert [words for words in promised if words not in before] == []
    call_off(event)
    page = pages.get("own_delegation.show")
    assert [words for words in promised if words in page.text] == []
    assert "The forum is cancelled: nobody can be added, replaced or withdrawn." in page.text
    assert "Had a place" in page.text
