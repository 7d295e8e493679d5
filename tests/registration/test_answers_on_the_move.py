"""Choosing another sector, going back or changing the language keeps the values typed in the form so far (A07)."""

import pytest

from forum import clock
from forum.registration import kept_answers
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.registration.filling import typed
from tests.registration.test_answer_cookies import ANSWERS, CHECK


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def at_noon(database):
    clock.freeze(NOW)
    make_event()
    yield
    clock.freeze(None)


@pytest.fixture
def answered(pages):
    """Send the filled-in form and give the response, a redirect to "Check your answers"."""
    return pages.post("registration.details", ANSWERS, sector="justice")


PARTLY = {"given_name": "Þórdís", "email": "asa@", "phone": "not a number", "is_protected": True}


@pytest.mark.parametrize("button", ["Choose another sector", "Back"])
def test_another_sector_keeps_what_is_typed_so_far_unchecked(pages, button):
    before = pages.get("registration.details", sector="justice").submit(PARTLY, button=button, follow=True)
    assert (before.path, before.h1) == ("/en/register/justice/another", "Choose another sector")
    after = before.submit(button="NGOs", follow=True)
    assert (after.path, after.errors) == ("/en/register/ngo?change=1", {})
    assert typed(after) == {
        **typed(pages.get("registration.details", sector="ngo")),
        **{name: ["y"] if value is True else [value] for name, value in PARTLY.items()},
    }
    assert pages.get("/en/register/justice?change=1").form().data["given_name"] == [""]


def test_another_sector_keeps_the_answers_that_were_checked(pages, answered, database):
    page = pages.get(CHECK).submit(button="Choose another sector", follow=True)
    form = page.submit(button="IT and telecom", follow=True)
    form.submit(follow=True).submit(button="Register", follow=True)
    registration = database.query(Registration).one()
    assert (registration.given_name, registration.sector.key) == ("Þórdís", "tech")


def test_another_sector_is_still_being_chosen_in_the_other_language(pages):
    page = pages.get("registration.details", sector="justice")
    page = page.submit(PARTLY, button="Choose another sector", follow=True)
    swedish = page.submit(button="Svenska", follow=True)
    assert (swedish.path, swedish.h1) == ("/sv/register/justice/another", "Välj en annan sektor")
    chosen = swedish.submit(button="Civilsamhälle", follow=True)
    assert (chosen.path, typed(chosen)["given_name"]) == ("/sv/register/ngo?change=1", ["Þórdís"])


@pytest.mark.parametrize("is_full", [False, True])
def test_another_sector_keeps_answers_that_are_too_long_for_a_cookie(pages, monkeypatch, is_full):
    """Long answers go along through the database, or through the page where the table is full."""
    if is_full:
        monkeypatch.setattr(kept_answers, "MOST", 0)
    longest = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    letters = {name: "𐌰" * length for name, length in longest.items()}  # each letter takes four bytes
    page = pages.get("registration.details", sector="justice")
    page = page.submit({**ANSWERS, **letters}, button="Choose another sector", follow=True)
    page = page.submit(button="NGOs", follow=True)
    assert (page.h1, page.form().data["organisation"]) == ("Your details", ["𐌰" * 200])


def test_the_sector_that_is_chosen_anew_without_answers_is_chosen_on_the_first_page(pages):
    assert pages.get("/en/register/justice/another", expect=302).location == "/en/register"


def test_the_other_language_keeps_what_is_typed(pages):
    page = pages.get("registration.details", sector="justice")
    swedish = page.submit(PARTLY, button="Svenska", follow=True)
    assert (swedish.path, swedish.h1) == ("/sv/register/justice?change=1", "Dina uppgifter")
    assert typed(swedish) == typed(page) | {
        name: ["y"] if value is True else [value] for name, value in PARTLY.items()
    }


def test_a_page_with_errors_has_them_in_the_other_language_too(pages):
    page = pages.get("registration.details", sector="justice").submit(PARTLY, expect=422)
    swedish = page.submit(PARTLY, button="Svenska", expect=422)
    assert (swedish.path, swedish.h1) == ("/sv/register/justice/check", "Dina uppgifter")
    assert swedish.errors == {
        "email": "Skriv en e-postadress som kan ta emot post, till exempel namn@example.org",
        "organisation": "Skriv vilken organisation du kommer från",
        "country": "Välj land",
        "phone": "Skriv ett telefonnummer, till exempel +46 8 123 45 67, eller lämna fältet tomt",
    }
    assert typed(swedish) == typed(page)
    assert swedish.submit(button="English", expect=422).errors == page.errors


def test_a_page_whose_errors_are_corrected_goes_to_the_other_language_without_going_on(pages):
    page = pages.get("registration.details", sector="justice").submit(PARTLY, expect=422)
    swedish = page.submit({**ANSWERS, "phone": ""}, button="Svenska", follow=True)
    assert (swedish.path, swedish.errors) == ("/sv/register/justice?change=1", {})
    assert typed(swedish)["email"] == ["thordis@example.org"]


def test_a_refusal_in_the_other_language_keeps_the_answers(pages, answered):
    pages.app.config["FORM_MIN_SECONDS"] = 60
    page = pages.get(CHECK).submit(button="Register", expect=409)
    swedish = page.submit(button="Svenska", follow=True)
    assert swedish.form().data["given_name"] == ["Þórdís"]


def test_enter_in_a_field_checks_the_answers(pages):
    """The Enter key presses the form's first button, which must send the answers and not change the language."""
    page = pages.get("registration.details", sector="justice")
    first = page.soup.select('button[form="registration"], form#registration button')[0]
    assert (first.get("formaction"), first.get("name"), first["tabindex"]) == (None, None, "-1")
