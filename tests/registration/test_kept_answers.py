"""The form's answers, until "Check your answers" is sent: encrypted in the browser's cookie, for an hour (A07)."""

from datetime import timedelta

import pytest
from werkzeug import Response

from forum import clock, sealed_cookies
from forum.registration import kept_answers
from forum.registration.forms import RegistrationForm
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event

ANSWERS = {
    "given_name": "Þórdís",
    "family_name": "Ångström-Łęcka",
    "email": "thordis@example.org",
    "organisation": "Exempelstads tingsrätt",
    "country": "IS",
    "is_protected": True,
    "real_name": "Sigríður",
}
CHECK = "/en/register/justice/check"
GONE = "Your answers are not kept here any more"


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
    """Send the filled-in form; give its answer, the redirect to "Check your answers"."""
    return pages.post("registration.details", ANSWERS, sector="justice")


def kept(pages):
    return pages.client.get_cookie("answers", path="/en/register/justice")


def test_answers_are_taken_without_asking_the_database_and_shown_at_an_address_without_them(pages, answered):
    assert (answered.location, answered.statements) == (CHECK, [])
    for _time in range(2):
        assert pages.get(CHECK).all(".summary-list dd")[0] == "Þórdís"


@pytest.mark.usefixtures("answered")
def test_answers_end_with_the_session_of_the_browser(pages):
    """A copied or restored cookie with answers cannot be decrypted without the session in which it was made."""
    assert pages.get(CHECK).all(".summary-list dd")[0] == "Þórdís"
    pages.client.delete_cookie("forum")
    assert GONE in pages.get(CHECK).text
    pages.get("registration.details", sector="justice")
    assert GONE in pages.get(CHECK).text


def test_answers_are_shown_again_when_the_session_ended_before_they_were_sent(pages, answered, database):
    """No page may claim that something was sent, and one press of a button must not register anybody (S10)."""
    page = pages.get(CHECK)
    pages.client.delete_cookie("forum")
    again = page.submit(button="Register", expect=400)
    assert (again.h1, again.form().data["given_name"]) == ("Your details", ["Þórdís"])
    assert (
        again.form().element.select_one("[name=email]")["type"] == "email"
    )  # the field is visible, not of type hidden
    assert again.flashes[0].startswith("Nothing has been sent yet.")
    back = pages.get(CHECK)
    assert (back.h1, "written to" in back.text) == (GONE, False)
    assert database.query(Registration).count() == 0
    assert again.submit(follow=True).submit(button="Register", follow=True).h1 == "Check your e-mail"
    assert database.query(Registration).one().given_name == "Þórdís"


def test_answers_are_sealed_and_leave_only_with_their_form(app, pages, answered):
    set_cookies = answered.headers.getlist("Set-Cookie")
    attributes = {cookie.partition("; ")[2] for cookie in set_cookies if cookie.startswith("answers=")}
    assert attributes == {f"HttpOnly; Path=/{code}/register/justice; SameSite=Lax" for code in ("sv", "en")}
    with app.app_context():
        value = kept(pages).value
    words = {answer for answer in ANSWERS.values() if len(str(answer)) > 4}
    assert {word for word in words if str(word) in value} == set()
    assert len(value) < sealed_cookies.LONGEST


def test_answers_can_be_read_in_the_other_language(pages, answered):
    page = pages.get(CHECK).follow("Svenska")
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Kontrollera dina svar", "Þórdís")


def test_going_back_after_sending_shows_a_message_and_sends_nothing(pages, answered, database):
    pages.get(CHECK).submit(button="Register")
    back = pages.get(CHECK)
    assert (back.h1, back.soup.select("form")) == (GONE, [])
    assert "Þórdís" not in pages.get("/en/register/justice?change=1").data.decode()
    assert database.query(Registration).count() == 1


def test_page_of_the_answers_can_be_sent_after_the_browser_has_lost_them(pages, answered, database):
    page = pages.get(CHECK)
    pages.client.delete_cookie("answers", path="/en/register/justice")
    page.submit(button="Register")
    assert database.query(Registration).one().given_name == "Þórdís"


@pytest.mark.parametrize(("minutes", "heading"), [(59, "Check your answers"), (60, GONE)])
def test_answers_open_for_an_hour(pages, answered, minutes, heading):
    clock.freeze(NOW + timedelta(minutes=minutes))
    assert pages.get(CHECK).h1 == heading


def test_answers_of_one_form_do_not_open_in_another(pages, answered):
    value = kept(pages).value
    pages.client.set_cookie("answers", value, path="/en/register/ngo")
    assert pages.get("/en/register/ngo/check").h1 == GONE


@pytest.mark.parametrize(
    "value", ["", "x", "åäö", "AAAA" * 20], ids=["empty", "short", "letters", "sealed by nobody"]
)
def test_what_is_not_ours_does_not_open(pages, value):
    pages.client.set_cookie("answers", value, path="/en/register/justice")
    assert pages.get(CHECK).h1 == GONE


def test_answers_that_are_too_long_to_keep_are_shown_at_once(pages):
    longest = {"given_name": 100, "family_name": 100, "organisation": 200, "title": 150, "real_name": 200}
    letters = {name: "𐌰" * length for name, length in longest.items()}  # four bytes a letter
    page = pages.post("registration.details", {**ANSWERS, **letters}, sector="justice", expect=200)
    assert (page.h1, page.all(".summary-list dd")[0]) == ("Check your answers", "𐌰" * 100)
    change = page.submit(button="Change given name", expect=200)
    assert change.form().data["organisation"] == ["𐌰" * 200]
    assert change.submit(expect=200).submit(button="Register", follow=True).h1 == "Check your e-mail"


def test_change_leads_to_the_question_and_straight_back(pages, answered):
    question = pages.get(CHECK).submit(button="Change e-mail address")
    assert question.location == "/en/register/justice?change=1#email"
    form = pages.get(question.location).form()
    # The changed form keeps the key of the first one, so that only one of them is registered (R03).
    assert form.data["key"] == pages.get(CHECK).form().data["key"]
    page = form.submit({"email": "other@example.org"}, follow=True)
    assert (page.path, page.all(".summary-list dd")[4]) == (CHECK, "other@example.org")


def test_details_are_empty_for_whoever_comes_anew(pages, answered):
    assert "Þórdís" not in pages.get("registration.details", sector="justice").data.decode()


def test_a_secure_site_gives_a_secure_cookie(make_app, sqlite_url):
    app = make_app(sqlite_url, BASE_URL="https://forum.example")
    response = Response()
    with app.test_request_context("/en/register/justice/check", base_url="https://forum.example"):
        assert kept_answers.keep(response, RegistrationForm(data=ANSWERS), "justice")
    attributes = [cookie.partition("=")[::2] for cookie in response.headers.getlist("Set-Cookie")]
    assert [(name, "; Secure;" in rest) for name, rest in attributes] == [("__Secure-answers", True)] * 2
