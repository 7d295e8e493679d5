"""Organisers change a person's answers to the event's own questions; those about food and access are never shown."""

from datetime import timedelta

import pytest

from forum.extensions import db
from forum.questions import queries as questions
from forum.registration import actions, by_hand, queries
from forum.registration.applicant import Details
from tests.factories.events import NOW
from tests.factories.questions import make_question
from tests.factories.registrations import SILENCED, read_care, register, write
from tests.registration.reading import kinds_for, newest_mail, recorded

TOLD = {"arrival": "by train", "diet": ["vegetarian"]}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(event_asking_for_food):
    return event_asking_for_food


@pytest.fixture
def person(event):
    """Save a person with answers to an ordinary question and one about food; a required one is added later."""
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
    changes = [entry for entry in recorded(person) if entry[0] != "registration.viewed"]
    action, actor, details = changes[-1]
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
    assert read_care(person) == {"diet": ["gluten"]}
    assert recorded(person)[-1][::2] == ("registration.care_changed", {})
    late = page.submit({"q-diet": ["vegetarian"]}, button="Replace all of it", expect=409)
    assert "What they have saved is not shown here." in late.text
    assert [box["value"] for box in late.soup.select("input[checked]")] == ["vegetarian"]
    db.session.expire_all()
    assert read_care(person) == {"diet": ["gluten"]}
    late.submit(button="Delete everything about food and access", expect=303)
    db.session.expire_all()
    assert read_care(person) == {}
    assert recorded(person)[-1][::2] == ("registration.care_changed", {})


def test_nobody_without_an_address_is_said_to_read_the_answers(organiser, event):
    details = Details("Kim", "Minister", "The ministry", "", "SE", "en", None)
    told = {"reason": "Called.", "may_wait": True, "actor": "command", "now": NOW}
    added = write(by_hand.add, event, event.sectors[0], details, **told)
    page = organiser.get("attendee_answers.change", event="nf27", reference=added.reference)
    shown = page.submit({"q-arrival": "by boat"}, button="Save", follow=True)
    assert shown.flashes == ["The answers have been changed."]


@pytest.fixture
def pending(event):
    """Save an unconfirmed registration whose form has answers."""
    return register(event, "ngo", email="kim@example.org", given=TOLD)


def test_answers_changed_before_the_address_is_confirmed_come_along_with_the_link(organiser, pending):
    shown = organiser.get("attendees.show", event="nf27", reference=pending.reference)
    assert ("by train" in shown.text, "vegetarian" in shown.text) == (True, False)
    page = shown.follow("Change the answers to the forum’s own questions")
    late = organiser.get("attendee_answers.change", event="nf27", reference=pending.reference)
    page.submit({"q-arrival": "by boat"}, button="Save", expect=303)
    assert stored(pending) == {}
    assert read_care(pending) == {}
    assert recorded(pending)[-1][::2] == ("registration.changed", {"fields": [], "questions": ["arrival"]})
    refused = late.submit({"q-arrival": "on foot"}, button="Save", expect=409)
    assert refused.all("table.compared td") == ["by boat", "on foot"]
    write(actions.confirm, pending, queries.find_last_form(pending), now=NOW)
    assert stored(pending) == {"arrival": "by boat"}
    assert read_care(pending) == {"diet": ["vegetarian"]}


@pytest.mark.parametrize(
    ("button", "expected"),
    [("Replace all of it", {"diet": ["gluten"]}), ("Delete everything about food and access", {})],
)
def test_food_replaced_before_the_address_is_confirmed_comes_along_with_the_link(
    organiser, pending, button, expected
):
    page = organiser.get("attendee_answers.care", event="nf27", reference=pending.reference)
    late = organiser.get("attendee_answers.care", event="nf27", reference=pending.reference)
    page.submit({"q-diet": ["gluten"]}, button=button, expect=303)
    late.submit({"q-diet": ["vegetarian"]}, button="Replace all of it", expect=409)
    write(actions.confirm, pending, queries.find_last_form(pending), now=NOW)
    assert (stored(pending), read_care(pending)) == ({"arrival": "by train"}, expected)


def test_emptied_answer_of_an_unconfirmed_form_stays_away_after_confirming(organiser, pending):
    page = organiser.get("attendee_answers.change", event="nf27", reference=pending.reference)
    page.submit({"q-arrival": ""}, button="Save", expect=303)
    write(actions.confirm, pending, queries.find_last_form(pending), now=NOW)
    assert stored(pending) == {}


def test_answers_changed_while_the_message_is_withheld_come_along_with_a_later_link(organiser, event):
    one = register(event, "ngo", given=TOLD, sender=SILENCED)
    page = organiser.get("attendee_answers.change", event="nf27", reference=one.reference)
    page.submit({"q-arrival": "by boat"}, button="Save", expect=303)
    write(actions.confirm, one, queries.find_last_form(one), now=NOW)
    assert stored(one) == {"arrival": "by boat"}


@pytest.mark.parametrize("endpoint", ["attendee_answers.change", "attendee_answers.care"])
def test_nothing_is_changed_where_several_forms_were_sent_for_an_unconfirmed_address(
    organiser, event, pending, endpoint
):
    page = organiser.get(endpoint, event="nf27", reference=pending.reference)
    register(event, "ngo", email="kim@example.org", given={"arrival": "on foot"})
    told = {"q-arrival": "by boat"} if endpoint.endswith("change") else {"q-diet": ["gluten"]}
    shown = page.submit(
        told, button="Save" if endpoint.endswith("change") else "Replace all of it", follow=True
    )
    assert shown.flashes[0].startswith("Several forms have been sent for this address")
    assert not {"by train", "on foot", "by boat"} & set(shown.all("dd"))
    again = organiser.get(endpoint, event="nf27", reference=pending.reference, follow=True)
    assert again.flashes == shown.flashes
    carried = [form.given for form in queries.list_answered_forms(pending)]
    assert carried == [TOLD, {"arrival": "on foot"}]


def test_answers_of_an_unconfirmed_form_without_questions_are_stored_as_rows(organiser, event):
    one = register(event, "ngo")
    page = organiser.get("attendee_answers.change", event="nf27", reference=one.reference)
    page.submit({"q-arrival": "by boat"}, button="Save", expect=303)
    write(actions.confirm, one, queries.find_last_form(one), now=NOW)
    assert stored(one) == {"arrival": "by boat"}


def test_details_changed_before_the_address_is_confirmed_come_along_with_the_link(organiser, pending):
    family_name = pending.family_name
    page = organiser.get("attendee_changes.change", event="nf27", reference=pending.reference)
    told = {"given_name": "Kim", "organisation": "Tinget", "title": ""}
    page.submit(told, button="Save", expect=303)
    write(actions.confirm, pending, queries.find_last_form(pending), now=NOW)
    names = (pending.given_name, pending.family_name, pending.organisation, pending.title, pending.country)
    assert names == ("Kim", family_name, "Tinget", "", "SE")
    assert stored(pending) == {"arrival": "by train"}


def test_sector_changed_before_the_address_is_confirmed_comes_along_with_the_link(organiser, pending):
    page = organiser.get("attendee_moves.sector", event="nf27", reference=pending.reference)
    page.submit({"sector": "tech", "if_full": "stay"}, button="Move", expect=303)
    write(actions.confirm, pending, queries.find_last_form(pending), now=NOW)
    assert (pending.sector.key, pending.holds_place) == ("tech", True)


@pytest.mark.parametrize(
    ("endpoint", "told", "button"),
    [
        ("attendee_changes.change", {"given_name": "Kim"}, "Save"),
        ("attendee_moves.sector", {"sector": "tech", "if_full": "stay"}, "Move"),
    ],
)
def test_details_and_sector_stay_where_several_forms_were_sent_for_an_unconfirmed_address(
    organiser, event, pending, endpoint, told, button
):
    page = organiser.get(endpoint, event="nf27", reference=pending.reference)
    register(event, "ngo", email="kim@example.org", given_name="Bo")
    shown = page.submit(told, button=button, follow=True)
    assert shown.flashes[0].startswith("Several forms have been sent for this address")
    again = organiser.get(endpoint, event="nf27", reference=pending.reference, follow=True)
    assert again.flashes == shown.flashes
    db.session.expire_all()
    assert (pending.given_name, pending.sector.key) == ("Åsa", "ngo")
    carried = [
        (form.answers["given_name"], form.answers["sector"]) for form in queries.list_carried_forms(pending)
    ]
    assert sorted(carried) == [("Bo", "ngo"), ("Åsa", "ngo")]


def test_somebody_elses_form_is_left_as_it_is_where_the_first_message_was_withheld(organiser, event):
    one = register(event, "ngo", email="kim@example.org", sender=SILENCED)
    register(event, "ngo", email="kim@example.org", given_name="Bo", now=NOW + timedelta(minutes=1))
    shown = organiser.get("attendee_changes.change", event="nf27", reference=one.reference, follow=True)
    assert shown.flashes[0].startswith("Several forms have been sent for this address")
