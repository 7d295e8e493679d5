"""A contact who asks for too many messages, or types the address that a person has already, changes nothing."""

import pytest

from forum import clock
from forum.delegations.asking import Person
from forum.extensions import db
from forum.registration import actions
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.delegations.test_delegations import ALONE, OWN, asked, opened, registered, states
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write
from tests.registration.filling import manage_token
from tests.registration.reading import last_id, queued

TOO_MANY = "Too many messages were asked for"
EVA = {"given_name": "Eva", "email": "eva@example.org"}


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(
        sqlite_url, FORM_MIN_SECONDS=0, LIMITS_ENABLED=True, REGISTRATIONS_PER_ADDRESS="1 per hour"
    )


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def test_one_message_more_than_allowed_is_not_sent_and_the_page_says_so(pages, event):
    delegation = registered(event, (ALONE, OWN), sector="justice")
    opened(pages, delegation)
    pages.get("own_delegation_people.add").submit(EVA, button="Add the person", expect=303)
    before = states(delegation)
    since = last_id()
    fay = {"given_name": "Fay", "email": "fay@example.org"}
    form = pages.get("own_delegation_people.add")
    assert TOO_MANY in form.submit(fay, button="Add the person", expect=429).text
    address = {"email": "dan@example.org"}
    form = pages.get("own_delegation_people.correct", number=2)
    form.submit(address, button="Send the message", expect=303)
    assert TOO_MANY in form.submit({"email": "eva@example.org"}, button="Send the message", expect=429).text
    form = pages.get("own_delegation.replace", number=1)
    form.submit(fay, button="Let this person come", expect=303)
    assert TOO_MANY in form.submit(EVA, button="Let this person come", expect=429).text
    assert (len(states(delegation)), before[0]) == (3, Status.CONFIRMED)
    assert queued(since) == [("received", "dan@example.org"), ("substitute-asked", "fay@example.org")]


def test_a_delegation_with_more_messages_than_allowed_is_not_registered(pages, event):
    token = asked(event, (OWN, Person("Eva", "Gran", "", "eva@example.org")), sector="justice")
    refused = pages.get(f"/en/r/delegation/confirm/{token}").submit(expect=429)
    assert TOO_MANY in refused.text
    assert db.session.query(Registration).count() == 0


def test_the_address_that_a_person_has_is_refused(pages, event):
    delegation = registered(event, (ALONE, OWN), sector="justice")
    opened(pages, delegation)
    same = {"email": OWN.email.upper()}
    page = pages.get("own_delegation_people.correct", number=2).submit(
        same, button="Send the message", expect=422
    )
    assert page.errors == {"email": "The person has this address"}
    write(actions.confirm, delegation.people[1].registration, now=NOW)
    form = pages.get("own_delegation.replace", number=2)
    page = form.submit({"given_name": "Cia", **same}, button="Let this person come", expect=422)
    assert page.errors == {"email": "The person has this address"}


def test_a_person_asks_for_no_second_message_and_not_for_the_address_they_have(pages, event):
    person = confirmed(event, email="old@example.org")
    pages.get("self_service.enter", token=manage_token(person), follow=True)
    page = pages.get("own_moves.address").submit(
        {"email": "OLD@example.org"}, button="Send the link", expect=422
    )
    assert page.errors == {"email": "This is the address that your registration has"}
    refused = pages.get("own_moves.address").submit(
        {"email": "new@example.org"}, button="Send the link", expect=429
    )
    assert TOO_MANY in refused.text
    form = pages.get("substitutions.ask")
    form.submit({"email": "new@example.org"}, button="Send the link", expect=303)
    refused = form.submit({"email": "eva@example.org"}, button="Send the link", expect=429)
    assert TOO_MANY in refused.text
