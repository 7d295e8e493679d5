"""What the contact of a delegation is told of people for whom they answer."""

import pytest

from forum import clock
from forum.delegations import contact_acts, contact_news
from forum.delegations.asking import Person
from forum.events.enums import SectorPolicy
from forum.registration import reviewing
from forum.registration.enums import Status
from tests.delegations.test_delegations import CONTACT, registered
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import write
from tests.registration.reading import last_id, queued

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
