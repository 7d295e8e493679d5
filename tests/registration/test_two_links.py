"""Two links opened in one browser: no form of a page about one registration acts on the other (S19).

A secretary opens A's personal link in one tab and B's in another; the browser is then signed in to B's page alone.
"""

from dataclasses import replace

import pytest

from forum.delegations.asking import Contact
from forum.events.enums import ListAudience
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.registration import given
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.delegations.test_delegations import newest
from tests.delegations.test_delegations import registered as delegation_of
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care, write
from tests.registration.filling import manage_token

pytestmark = pytest.mark.usefixtures("frozen")
CLOSED = "Your page is closed in this browser"
BUTTONS = {
    "self_service.cancel": "form.form",
    "self_service.subscribe": "form.form",
    "self_service.show": "form[action$=consents]",
    "own_requests.erasure": "form.form",
    "self_service.own_data_page": "form[action$=link]",
}
TYPED = {
    "self_service.change": {"given_name": "Siv"},
    "self_service.protected_identity": {"is_protected": "yes", "real_name": "real"},
    "self_service.care": {"q-diet": ["gluten"]},
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    event = make_event(participant_list=ListAudience.PARTICIPANTS)
    make_question(event, "arrival")
    make_question(event, "diet", choices=("vegetarian", "gluten"), care=True)
    make_question(event, "dinner", QuestionKind.YES_NO)
    return event


@pytest.fixture
def first(event):
    return confirmed(event, given_name="Anna", email="anna@example.org")


@pytest.fixture
def second(event):
    person = confirmed(event, given_name="Bertil", email="bertil@example.org")
    write(given.store, person, {"diet": ["vegetarian"]}, now=NOW)
    return person


def open_link(pages, person) -> None:
    pages.get("self_service.enter", token=manage_token(person), expect=303)


def rows(database) -> dict[str, list]:
    """Return every row of the database, by table; a read changes none of them."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    return {table.name: [tuple(row) for row in db.session.execute(table.select())] for table in tables}


@pytest.mark.parametrize("endpoint", BUTTONS)
def test_a_button_of_the_former_page_does_nothing_to_the_other_registration(
    pages, first, second, database, endpoint
):
    open_link(pages, first)
    page = pages.get(endpoint)
    open_link(pages, second)
    before = rows(database)
    refused = page.form(BUTTONS[endpoint]).submit(expect=404)
    assert rows(database) == before
    assert "Bertil" not in refused.text
    assert refused.h1 == CLOSED
    assert refused.soup.select("[data-sign-in-end]") == []


@pytest.mark.parametrize("endpoint", TYPED)
def test_what_was_typed_on_the_former_page_is_kept_for_its_own_link(pages, first, second, database, endpoint):
    """Pressed again under the other link, it is refused again; once the own link is open again, it is stored."""
    open_link(pages, first)
    page = pages.get(endpoint)
    open_link(pages, second)
    before = rows(database)
    again = page.submit(TYPED[endpoint], expect=404)
    assert "another person’s link was opened in this browser" in again.flashes[0]
    again = again.submit(expect=404)
    assert rows(database) == before
    assert "Bertil" not in again.text
    open_link(pages, first)
    assert again.submit(follow=True).h1 == "You have a place"
    db.session.expire_all()
    assert (second.given_name, read_care(second)) == ("Bertil", {"diet": ["vegetarian"]})
    assert is_stored(endpoint, first)


def is_stored(endpoint: str, person: Registration) -> bool:
    """Return whether what `TYPED` has for this form is stored for the person."""
    if endpoint == "self_service.care":
        return read_care(person) == {"diet": ["gluten"]}
    if endpoint == "self_service.protected_identity":
        answer = person.protected_identity.answer
        return (answer["is_protected"], answer["real_name"]) == (True, "real")
    return person.given_name == "Siv"


@pytest.mark.parametrize("endpoint", TYPED)
def test_a_former_page_whose_session_is_lost_is_not_sent_for_the_other(
    pages, first, second, database, endpoint
):
    """The browser loses its cookies, and then opens the other link: what was typed is shown again, and not stored."""
    open_link(pages, first)
    page = pages.get(endpoint)
    pages.client.delete_cookie("forum")
    open_link(pages, second)
    before = rows(database)
    again = page.submit(TYPED[endpoint], expect=400).submit(expect=404)
    assert rows(database) == before
    assert "Bertil" not in again.text


def test_leaving_from_a_former_page_does_not_say_that_the_other_page_is_closed(pages, first, second):
    """The browser loses its cookies, and then opens the other link, to whose page it stays signed in."""
    open_link(pages, first)
    page = pages.get("self_service.show")
    pages.client.delete_cookie("forum")
    open_link(pages, second)
    refused = page.form("form[action$=leave]").submit(expect=400)
    assert "You have left your page" not in refused.text
    assert "Bertil" in pages.get("self_service.show").text


def test_a_newer_link_of_the_same_person_ends_no_form(pages, first):
    open_link(pages, first)
    page, cancelling = pages.get("self_service.change"), pages.get("self_service.cancel")
    open_link(pages, first)
    page.submit({"given_name": "Siv"}, follow=True)
    cancelling.submit(follow=True)
    db.session.expire_all()
    assert (first.given_name, first.status) == ("Siv", Status.CANCELLED)


def test_a_form_outlasts_a_new_secret_key(app, pages, first):
    open_link(pages, first)
    page = pages.get("self_service.change")
    former = app.config["SECRET_KEY"]
    app.config.update(SECRET_KEY="another key of the site", SECRET_KEY_FALLBACKS=[former])
    again = page.submit({"given_name": "Siv"}, expect=400)
    assert again.submit(follow=True).h1 == "You have a place"


def test_a_form_without_the_number_is_refused(pages, first, database):
    """Such a form comes from no own page, or from one of a version before the number."""
    open_link(pages, first)
    page = pages.get("self_service.cancel")
    page.soup.select_one("[name=page_of]").decompose()
    before = rows(database)
    assert page.submit(expect=404).h1 == CLOSED
    assert rows(database) == before


@pytest.mark.parametrize("endpoint", TYPED)
def test_a_form_from_before_the_number_says_that_its_page_has_to_be_opened_anew(
    pages, first, database, endpoint
):
    """Pressing the button again could not help: the page lacks the number for good. What was typed is shown."""
    open_link(pages, first)
    page = pages.get(endpoint)
    page.soup.select_one("[name=page_of]").decompose()
    before = rows(database)
    again = page.submit(TYPED[endpoint], expect=404)
    assert "open your page anew and enter it there" in again.flashes[0]
    assert "press the button" not in again.flashes[0]
    assert rows(database) == before


def test_the_page_in_swedish_says_that_another_link_was_opened(pages, first, second):
    open_link(pages, first)
    page = pages.get("self_service.cancel", lang="sv")
    open_link(pages, second)
    assert "någon annans länk öppnas i den här webbläsaren" in page.submit(expect=404).text


@pytest.mark.parametrize(
    "path", ["/en/r/delegation/1/change", "/en/r/delegation/1/withdraw", "/en/r/delegation/forget"]
)
def test_a_page_of_one_delegation_does_nothing_to_another(pages, event, database, path):
    """The contact's link of another delegation, opened in the same browser, ends the forms of the former one."""
    own, other = Contact("Anna", "Berg", "anna@example.org", "Byrån", "SE", "en"), "bo@example.org"
    delegation_of(event, contact=own, key="own")
    delegation_of(event, contact=replace(own, email=other, organisation="Verket"), key="other")
    open_delegation(pages, own.email)
    page = pages.get(path)
    open_delegation(pages, other)
    before = rows(database)
    refused = page.submit(expect=404)
    assert rows(database) == before
    assert "the link of another delegation has been opened" in refused.text
    open_delegation(pages, own.email)
    assert page.submit(expect=200 if path.endswith("forget") else 303)
    assert rows(database) != before


def open_delegation(pages, to: str) -> None:
    pages.get(f"/en/r/delegation/{newest('delegation-registered', to)}", follow=True)
