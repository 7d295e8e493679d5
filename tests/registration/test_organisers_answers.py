"""Organisers change a person's answers to the event's own questions; those about food and access stay unseen."""

import pytest

from forum import clock
from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import actions, by_hand, given, queries
from forum.registration.applicant import Details
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import register, write
from tests.registration.reading import kinds_for, newest_mail, recorded

TOLD = {"arrival": "by train", "diet": ["vegetarian"]}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("ngo")])
    make_question(event, "arrival")
    make_question(event, "diet", choices=("vegetarian", "gluten"), care=True)
    return event


@pytest.fixture
def person(event):
    """Save somebody who has answered an ordinary question and one about food; a required one is added afterwards."""
    one = register(event, "ngo", given=TOLD)
    write(actions.confirm, one, queries.find_last_form(one), now=NOW)
    make_question(event, "hotel", is_required=True)
    return one


def stored(person):
    db.session.expire_all()
    labels = {one.id: one.key for one in questions.list_all(person.event_id)}
    return {labels[number]: value for number, value in questions.list_answers(person.id).items()}


def test_organiser_changes_answers_and_sees_what_somebody_else_has_saved(organiser, person):
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    page = shown.follow("Change the answers to the forum’s own questions")
    assert "vegetarian" not in page.text
    since = kinds_for(person)
    refused = page.submit({"words": "Hello."}, button="Save", expect=422)
    assert "No message was sent, because nothing was changed" in refused.text
    shown = page.submit({"q-arrival": "by boat", "words": "As you said."}, button="Save", follow=True)
    assert shown.flashes == ["The answers have been changed. A message is on its way to the person."]
    assert stored(person) == {"arrival": "by boat"}
    action, actor, details = recorded(person)[-1]
    assert (action, details) == ("registration.changed", {"fields": [], "questions": ["arrival"]})
    assert actor.startswith("user:")
    assert kinds_for(person) == [*since, "changed"]
    assert all(word in newest_mail(person).text for word in ("As you said.", "own questions"))
    late = page.submit({"q-arrival": "on foot", "q-hotel": "Yes"}, button="Save", expect=409)
    assert late.all("table.compared td") == ["by boat", "on foot", "nothing", "Yes"]
    assert stored(person) == {"arrival": "by boat"}
    late.submit(button="Save", expect=303)
    assert stored(person) == {"arrival": "on foot", "hotel": "Yes"}


def test_food_and_access_are_replaced_and_deleted_without_being_shown(organiser, person):
    shown = organiser.get("attendees.show", event="nf27", reference=person.reference)
    page = shown.follow("Replace or delete what is stored about food and access")
    assert (page.soup.select("input[checked]"), "By answering you agree" in page.text) == ([], False)
    shown = page.submit({"q-diet": ["gluten"]}, button="Replace all of it", follow=True)
    assert shown.flashes == ["The answers about food and access have been replaced."]
    db.session.expire_all()
    assert given.read_care(person) == {"diet": ["gluten"]}
    assert recorded(person)[-1][::2] == ("registration.care_changed", {})
    late = page.submit({"q-diet": ["vegetarian"]}, button="Replace all of it", expect=409)
    assert "What they have saved is not shown here." in late.text
    assert [box["value"] for box in late.soup.select("input[checked]")] == ["vegetarian"]
    db.session.expire_all()
    assert given.read_care(person) == {"diet": ["gluten"]}
    late.submit(button="Delete everything about food and access", expect=303)
    db.session.expire_all()
    assert given.read_care(person) == {}
    assert recorded(person)[-1][::2] == ("registration.care_changed", {})


def test_nobody_without_an_address_is_said_to_read_the_answers(organiser, event):
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    told = {"reason": "Called.", "may_wait": True, "actor": "command", "now": NOW}
    added = write(by_hand.add, event, event.sectors[0], details, **told)
    page = organiser.get("attendee_answers.change", event="nf27", reference=added.reference)
    shown = page.submit({"q-arrival": "by boat"}, button="Save", follow=True)
    assert shown.flashes == ["The answers have been changed."]
