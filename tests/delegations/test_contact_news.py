"""What the contact of a delegation is told of people for whom they answer."""

import pytest

from forum import clock
from forum.delegations import contact_acts, contact_news, substituting
from forum.delegations.asking import Person
from forum.events.enums import SectorPolicy
from forum.registration import actions, reviewing
from forum.registration.enums import Status
from tests.delegations.test_delegations import CONTACT, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import make_applicant, write
from tests.registration.reading import last_id, newest_mail, queued

NEWS = [("delegation-changed", CONTACT.email)]


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


@pytest.fixture
def reviewed(database):
    """Save an event with a reviewed sector, and register a delegation in it."""
    event = make_event(sectors=[make_sector("tech", policy=SectorPolicy.REVIEW)])
    database.commit()
    return registered(event)


def told(delegation):
    """Let the worker tell contacts what has changed; return the mails that this queues."""
    since = last_id()
    for number in contact_news.list_due(now=NOW):
        assert number == delegation.id
        write(contact_news.tell, number, now=NOW)
    assert contact_news.list_due(now=NOW) == []
    return queued(since)


def test_contact_is_told_of_the_decision_about_a_change_that_they_made(reviewed):
    """A review of a change leaves the status as it is; its beginning is no news to whoever has made the change."""
    bo = reviewed.people[0].registration
    assert told(reviewed) == []
    write(reviewing.approve, bo, actor="user:1", now=NOW)
    assert (bo.status, told(reviewed)) == (Status.CONFIRMED, NEWS)
    write(contact_acts.change, reviewed.people[0], Person("Bo", "Ny", ""), now=NOW)
    assert (bo.is_in_review, told(reviewed)) == (True, [])
    write(reviewing.approve, bo, actor="user:1", now=NOW)
    assert (bo.status, told(reviewed)) == (Status.CONFIRMED, NEWS)


def test_review_of_a_newcomer_whom_the_contact_names_is_no_news_and_its_end_is(reviewed):
    write(reviewing.approve, reviewed.people[0].registration, actor="user:1", now=NOW)
    told(reviewed)
    gun = write(contact_acts.let_come_instead, reviewed.people[0], Person("Gun", "Ek", ""), now=NOW)
    assert (gun.status, gun.is_in_review, told(reviewed)) == (Status.CONFIRMED, True, [])
    write(reviewing.approve, gun, actor="user:1", now=NOW)
    assert told(reviewed) == NEWS


@pytest.mark.parametrize("email", ["", "gun@example.org"])
def test_person_whom_the_contact_replaces_reads_that_the_contact_has_done_it(database, email):
    """They have named nobody themselves, and whoever has no address confirms nothing (P20: no name, no address)."""
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    cia = delegation.people[1].registration
    write(actions.confirm, cia, now=NOW)
    write(contact_acts.let_come_instead, delegation.people[1], Person("Gun", "Ek", "", email), now=NOW)
    if email:
        token = newest_mail(cia, "substitute-asked").token
        write(substituting.confirm, token, make_applicant(email=email), now=NOW)
    text = newest_mail(cia, "substituted").text
    assert "The contact at your organisation who registered you has let somebody else come." in text
    assert [words for words in ("whom you have named", "confirmed", "Gun", "gun@") if words in text] == []


def test_person_who_has_named_the_newcomer_themselves_reads_so(database):
    event = make_event(sectors=[make_sector("tech")])
    cia = registered(event).people[1].registration
    write(actions.confirm, cia, now=NOW)
    write(substituting.ask, cia, "gun@example.org", now=NOW)
    token = newest_mail(cia, "substitute-asked").token
    write(substituting.confirm, token, make_applicant(email="gun@example.org"), now=NOW)
    text = newest_mail(cia, "substituted").text
    assert ("The colleague whom you have named has confirmed" in text, "contact" in text) == (True, False)


def test_contact_is_told_when_a_newcomer_takes_over_from_somebody_they_answer_for(database):
    """The newcomer has an address, so later news go to the newcomer alone."""
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    bo = delegation.people[0].registration
    write(
        contact_acts.let_come_instead,
        delegation.people[0],
        Person("Gun", "Ek", "", "gun@example.org"),
        now=NOW,
    )
    assert told(delegation) == []
    token = newest_mail(bo, "substitute-asked").token
    gun = write(substituting.confirm, token, make_applicant(email="gun@example.org"), now=NOW)
    assert told(delegation) == NEWS
    write(actions.cancel, gun, actor="person", now=NOW)
    assert told(delegation) == []


def test_contact_is_not_told_when_somebody_with_an_address_lets_a_colleague_come(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    cia = delegation.people[1].registration
    write(actions.confirm, cia, now=NOW)
    write(substituting.ask, cia, "gun@example.org", now=NOW)
    token = newest_mail(cia, "substitute-asked").token
    write(substituting.confirm, token, make_applicant(email="gun@example.org"), now=NOW)
    assert told(delegation) == []
