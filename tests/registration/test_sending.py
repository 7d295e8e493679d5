"""Checking and sending the answers: once, twice, with a registered address, and by a program."""

import pytest

from forum.registration.models import Registration
from tests.registration.filling import ANSWERS, checked, mails

pytestmark = pytest.mark.usefixtures("frozen")


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def test_registering_shows_answers_then_a_page_that_knows_nobody(pages, event, database):
    check = checked(pages)
    assert (check.h1, check.all(".summary-list dd")[0]) == ("Check your answers", "Þórdís")
    received = check.submit(button="Register", follow=True)
    registration = database.query(Registration).one()
    assert (received.h1, received.path) == ("Check your e-mail", "/en/register/received")
    assert "Our message says whether a place is held for you, and until when" in received.text
    assert (registration.family_name, registration.status, registration.holds_place) == (
        "Ångström-Łęcka",
        "pending",
        True,
    )
    assert [(mail.kind, mail.recipient) for mail in mails(database)] == [("received", "thordis@example.org")]


def test_nothing_is_stored_before_the_answers_are_sent(pages, event, database):
    checked(pages)
    assert database.query(Registration).count() == 0


def test_change_on_the_check_page_keeps_every_answer(pages, event):
    page = checked(pages, phone="+46 8 123 45 67").submit(button="Change given name", follow=True, expect=200)
    assert page.h1 == "Your details"
    assert {name: page.form().data[name] for name in ANSWERS} == {
        name: [value] for name, value in ANSWERS.items()
    }


def test_check_page_has_each_question_with_a_way_to_change_it_and_says_what_was_skipped(pages, event):
    """The page "Check your answers" asks nothing again, and its button says what it does (A06, A08)."""
    page = checked(pages)
    rows = dict(
        zip(page.all(".summary-list dt"), page.all(".summary-list dd:not(.summary-change)"), strict=True)
    )
    assert {
        question: rows[question] for question in ("Given name", "Phone number", "I have a protected identity")
    } == {
        "Given name": "Þórdís",
        "Phone number": "Not provided",
        "I have a protected identity": "No",
    }
    changes = page.all(".summary-change button")
    assert [words.lower() for words in changes] == [f"change {question.lower()}" for question in rows]
    assert page.soup.select("main :is(input, select, textarea):not([type=hidden])") == []
    assert page.all("main button.button") == ["Register"]
    assert page.follow("Back").form().data["given_name"] == ["Þórdís"]


def test_a_known_address_gets_the_same_page_and_a_letter_of_its_own(pages, event, database):
    first = checked(pages).submit(button="Register")
    second = checked(pages, email="THORDIS@example.org", given_name="Another").submit(button="Register")
    assert (first.status, first.location, first.data) == (second.status, second.location, second.data)
    assert [mail.kind for mail in mails(database)] == ["received", "already-registered"]
    assert database.query(Registration).count() == 1


def test_sending_the_same_form_twice_registers_once(pages, event, database):
    check = checked(pages)
    pages_seen = [check.submit(button="Register", follow=True).h1 for _ in range(2)]
    assert (pages_seen, len(mails(database))) == (["Check your e-mail"] * 2, 1)


def test_the_same_form_with_other_answers_is_refused_and_keeps_them(pages, event, database):
    check = checked(pages)
    check.submit(button="Register")
    page = check.form().submit({}, button="Register", expect=409, forged={"given_name": "Other"})
    assert (page.h1, page.all(".summary-list dd")[0]) == ("This form has been sent already", "Other")
    assert database.query(Registration).one().given_name == "Þórdís"


def test_a_bot_in_the_trap_is_told_that_all_went_well(pages, event, database):
    page = checked(pages, website="x").submit(button="Register", follow=True)
    assert (page.h1, database.query(Registration).count()) == ("Check your e-mail", 0)


def test_a_form_that_comes_back_at_once_asks_for_one_more_press(pages, event, database):
    """A form sent too fast is shown again: a person whose browser fills it in is as fast as a program (S28)."""
    check = checked(pages)
    pages.app.config["FORM_MIN_SECONDS"] = 60
    page = check.submit(button="Register", expect=409)
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Press once more", "Þórdís")
    assert (database.query(Registration).count(), mails(database)) == (0, [])
    pages.app.config["FORM_MIN_SECONDS"] = 0
    assert page.submit(button="Register").location == "/en/register/received"
    assert database.query(Registration).one().given_name == "Þórdís"


def test_a_bot_that_is_quick_sees_what_a_patient_one_sees(pages, event, database):
    check = checked(pages, website="x")
    patient = check.submit(button="Register")
    pages.app.config["FORM_MIN_SECONDS"] = 60
    quick = check.submit(button="Register")
    assert (quick.location, quick.data, database.query(Registration).count()) == (
        patient.location,
        patient.data,
        0,
    )
