"""Sending links again to many people: to confirmed addresses, and to those that were entered and not confirmed yet."""

from datetime import timedelta

import pytest

from forum import clock
from forum.events import cancelling
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import by_hand, new_address
from forum.registration.applicant import Details
from forum.registration.errors import LinkRefused
from forum.tasks.enums import Outcome
from forum.tasks.models import TaskPerson
from tests.bulk.steps import choose, work
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, write
from tests.imports.test_imports import CHOSEN, LOOK, ON
from tests.registration.reading import last_id, newest_mail, queued

ENTERED = "entered@example.org"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo", ceiling=50)], capacity=50, organisation_cap=None)


def add(event, email=""):
    """Add a person as an import does: without an address, and ask the entered one to be confirmed."""
    details = Details("Kim", "Ek", "The ministry", "", "SE", "en", None)
    told = {"reason": "Listed.", "may_wait": True, "actor": "user:1", "now": NOW}
    person = write(by_hand.add, event, find_sector(event, "ngo"), details, **told)
    if email:
        write(new_address.ask, person, email, actor="user:1", comes_with_it=True, now=NOW)
    return person


def outcomes() -> dict[int, Outcome]:
    return {one.registration_id: one.outcome for one in db.session.query(TaskPerson)}


def test_each_gets_a_new_link_where_mail_can_reach_them(organiser, event):
    known, entered, unknown = confirmed(event, "ngo"), add(event, ENTERED), add(event)
    first, since = newest_mail(entered, "new-address").token, last_id()
    mark_all_sent()
    clock.freeze(NOW + 5 * MINUTE)
    asked = choose(organiser, "resend", known, entered, unknown)
    assert asked.h1 == "Send 2 people their links again"
    assert "Left as they are: 1. There is no address." in asked.text
    asked.submit(button="Send 2 people their links again", follow=True)
    work()
    assert sorted(queued(since)) == [("confirmed", known.email), ("new-address", ENTERED)]
    assert outcomes() == {known.id: Outcome.DONE, entered.id: Outcome.DONE, unknown.id: Outcome.UNCONFIRMED}
    with pytest.raises(LinkRefused):
        new_address.follow(first, now=NOW + 5 * MINUTE)
    found, email = new_address.follow(
        newest_mail(entered, "new-address").token, now=NOW + timedelta(hours=48, minutes=4)
    )
    assert (found.id, email) == (entered.id, ENTERED)


def test_list_of_imports_leads_to_the_links_of_everybody_of_an_import(organiser, event):
    table = "First name;Company;E-mail\nKim;A;kim@example.org\nSam;A;\n"
    page = organiser.get("imports.new", event="nf27").submit({"lines": table}, button=ON, expect=200)
    page.submit({**CHOSEN, "links": "send"}, button=LOOK, expect=200).submit(button="Import 2 people")
    asked = organiser.get("imports.index", event="nf27").follow("Send links again …")
    assert asked.h1 == "Send 1 person a link again"
    assert "Left as they are: 1. There is no address." in asked.text


def test_an_entered_address_that_somebody_else_has_registered_is_reported(organiser, event):
    entered = add(event, ENTERED)
    asked = choose(organiser, "resend", entered)
    confirmed(event, "ngo", email=ENTERED)
    since = last_id()
    task = asked.submit(button="Send 1 person a link again", follow=True)
    work()
    assert (queued(since), outcomes()) == ([], {entered.id: Outcome.REGISTERED_AGAIN})
    assert "The address has another registration" in organiser.get(task.path).text


def test_nobody_gets_a_link_while_the_event_is_cancelled(organiser, event):
    known = confirmed(event, "ngo")
    write(cancelling.cancel, event, {"sv": "Nej.", "en": "No."}, actor="command", now=NOW)
    page = organiser.get("attendees.index", event="nf27")
    assert "Send links again" not in page.text
    chosen = {"whom": "chosen", "who": [known.reference]}
    refused = organiser.get("bulk.ask", event="nf27", act="resend", **chosen, expect=303)
    assert refused.location.endswith("/console/nf27/attendees")
