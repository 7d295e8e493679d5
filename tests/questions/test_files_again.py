"""A form that is shown again after its session was lost says which file has to be chosen again (A11, S29)."""

from datetime import timedelta
from io import BytesIO

import pytest

from forum import clock
from forum.events import publishing
from forum.questions.enums import QuestionKind
from forum.web import errors
from tests.delegations.test_substitution import named
from tests.factories.events import NOW
from tests.factories.questions import FILE_RULES, make_question
from tests.factories.registrations import confirmed, write
from tests.invitations.test_invitations import invite, link_of
from tests.questions.test_files import PDF, kept, registered, send
from tests.registration.filling import ANSWERS

SENT = {"q-cv-file": ("My CV.pdf", PDF)}
WORDS = "The file that you had chosen is not kept. Choose it again: My CV.pdf."


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(event_asking_for_file):
    return event_asking_for_file


def lose_session(pages) -> None:
    pages.client.delete_cookie("forum")


def test_registration_form_of_a_lost_session_names_the_file(pages):
    page = pages.get("registration.details", sector="justice")
    lose_session(pages)
    again = page.submit(ANSWERS, files=SENT, expect=400)
    assert (again.flashes[0].endswith(WORDS), kept()) == (True, [])
    checked = again.submit(files=SENT, follow=True)
    assert "My CV.pdf (1 kB)" in checked.text


def test_form_without_a_chosen_file_names_none(pages):
    page = pages.get("registration.details", sector="justice")
    lose_session(pages)
    again = page.submit(ANSWERS, files={"q-cv-file": ("", b"")}, expect=400)
    assert again.flashes[0].endswith("allow cookies for this site.")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", WORDS), ("sv", "Filen som du hade valt finns inte kvar. Välj den igen: My CV.pdf.")],
)
def test_personal_page_that_has_closed_names_the_file(pages, language, words):
    registered(pages)
    page = pages.open(f"/{language}/r/change")
    clock.freeze(NOW + timedelta(hours=13))
    again = page.submit({"given_name": "Siv"}, files=SENT, expect=404)
    assert again.form().data["given_name"] == ["Siv"]
    assert again.flashes[0].endswith(words)


def test_invitation_and_substitute_of_a_lost_session_name_the_file(pages, event):
    answer = pages.get(link_of(invite(event, language="en")))
    shown = answer.submit(button="Yes, I want to come …", follow=True)
    instead = pages.get(f"/en/r/instead/{named(confirmed(event))}")
    for page in (shown, instead):
        lose_session(pages)
        assert page.submit(files=SENT, expect=400).flashes[0].endswith(WORDS)


def test_busy_page_that_keeps_answers_names_the_file(app):
    with app.test_request_context("/en/register/justice/check", method="POST", data={**ANSWERS, **files()}):
        page = errors.show_busy(RuntimeError()).get_data(as_text=True)
    assert (ANSWERS["family_name"] in page, "My CV.pdf" in page) == (True, True)
    with app.test_request_context("/en/register/justice/check", method="POST", data=ANSWERS):
        assert "CV" not in errors.show_busy(RuntimeError()).get_data(as_text=True)


def files() -> dict:
    """Return the sent file as Flask's test requests take it."""
    ((name, (file, content)),) = SENT.items()
    return {name: (BytesIO(content), file)}


@pytest.mark.parametrize(("button", "is_lost"), [("Change sector", True), ("Check your answers", False)])
def test_page_of_an_event_that_was_taken_off_the_site_names_a_lost_file(pages, event, button, is_lost):
    page = pages.get("registration.details", sector="justice")
    write(publishing.unpublish, event, actor="command", now=NOW)
    again = page.submit(ANSWERS, files=SENT, button=button, follow=True, expect=409)
    assert "Your answers are kept on this page." in again.text
    assert (WORDS in again.text, "My CV.pdf (1 kB)" in again.text) == (is_lost, not is_lost)


def test_a_file_for_a_question_that_does_not_apply_is_not_named(pages, event):
    """After the file was chosen the person changed the answer on which the question for the file depends."""
    speaks = make_question(event, "speaks", QuestionKind.YES_NO)
    make_question(event, "slides", QuestionKind.FILE, after=speaks, values=["yes"], **FILE_RULES)
    page = pages.get("registration.details", sector="justice")
    write(publishing.unpublish, event, actor="command", now=NOW)
    sent = {"q-slides-file": ("Slides.pdf", PDF)}
    for answer, is_lost in (("no", False), ("yes", True)):
        typed = {**ANSWERS, "q-speaks": answer}
        again = page.submit(typed, files=sent, button="Change sector", follow=True, expect=409)
        assert ("Choose it again: Slides.pdf." in again.text) == is_lost


def test_page_of_a_refused_form_that_has_its_file_names_none(pages):
    send(pages)
    check = pages.get("registration.check", sector="justice")
    check.submit(button="Register", expect=303)
    again = check.submit({"title": "Another"}, button="Register", expect=409)
    assert "Choose it again" not in again.text
