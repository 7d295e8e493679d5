"""A contact's page acts only on the person whom it showed, never on a substitute who has replaced them (R30)."""

import pytest

from forum import clock
from forum.delegations import contact_acts, contact_opening
from forum.delegations.asking import Person
from forum.extensions import db
from forum.registration import given
from forum.registration.enums import Status
from tests.delegations.test_delegations import newest, registered, states
from tests.factories.events import NOW
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care, write
from tests.questions.test_asking import stored

FLO = Person("Flo", "Hall", "")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


@pytest.fixture
def delegation(event, pages):
    found = registered(event, sector="justice")
    pages.get(f"/en/r/delegation/{newest('delegation-registered')}", follow=True)
    return found


@pytest.mark.parametrize(
    ("act", "button"),
    [("change", "Save"), ("withdraw", "Withdraw the person"), ("replace", "Let this person come")],
)
def test_page_of_somebody_who_was_replaced_acts_on_nobody(pages, delegation, act, button):
    page = pages.get(f"own_delegation.{act}", number=1)
    typed = {} if act == "withdraw" else {"given_name": "Nya", "family_name": "Person"}
    write(contact_acts.let_come_instead, delegation.people[0], FLO, now=NOW)
    page = page.submit(typed, button=button, expect=409)
    assert "Flo Hall" in page.h1
    assert "It is about Flo Hall now: Has a place." in page.text
    flo = delegation.people[0].registration
    assert (flo.given_name, states(delegation)[0]) == ("Flo", Status.CONFIRMED)
    if typed:
        assert page.form("#person").data["given_name"] == ["Nya"]
    # The refusal shows the present values; the contact presses the button again.
    page.submit(typed, button=button, expect=303)
    assert (flo.given_name, flo.is_live) != ("Flo", True)


@pytest.mark.parametrize(
    ("act", "typed", "button"),
    [
        ("answers", {"q-arrival": "About Bo"}, "Save"),
        ("care", {"q-diet": "About Bo"}, "Save"),
        ("care", {}, "Delete everything about food and access"),
    ],
)
def test_answers_about_somebody_who_was_replaced_are_neither_kept_nor_stored(
    pages, delegation, act, typed, button
):
    """What the contact typed about one person never stands in a substitute's form, and deletes no answer of theirs."""
    make_question(delegation.event, "arrival")
    make_question(delegation.event, "diet", care=True)
    page = pages.get(f"own_delegation_answers.{act}", number=1)
    write(contact_acts.let_come_instead, delegation.people[0], FLO, now=NOW)
    flo = delegation.people[0].registration
    write(given.store, flo, {"arrival": "By train"}, now=NOW)
    write(given.change_care, flo, {"diet": "Vegan"}, now=NOW)
    page = page.submit(typed, button=button, follow=True)
    assert page.flashes == [
        "Nothing has been changed: somebody else comes instead of the person whom the page was about."
    ]
    assert "About Bo" not in page.text
    db.session.expire_all()
    assert stored(flo) | read_care(flo) == {"arrival": "By train", "diet": "Vegan"}


def test_letting_somebody_come_is_done_once_by_two_presses(pages, delegation):
    page = pages.get("own_delegation.replace", number=1)
    told = {"given_name": "Bo", "family_name": "Ek", "title": "Jurist"}
    page.submit(told, button="Let this person come", expect=303)
    came = delegation.people[0].registration
    page.submit(told, button="Let this person come", expect=409)
    assert delegation.people[0].registration is came


def test_page_carries_the_same_whether_the_address_is_registered_or_not(event):
    confirmed(event, "tech", email="known@example.org")
    people = [Person("Cia", "Dahl", "Chef", f"{name}@example.org") for name in ("new", "known")]
    shown = [contact_opening._shown(one) for one in registered(event, people, sector="justice").people]
    assert [one.pop("email") for one in shown] == ["new@example.org", "known@example.org"]
    assert (shown[0], shown[0]["who"]) == (shown[1], "")
