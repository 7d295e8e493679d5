"""The browser's Back brings what was typed into the forms of visitors and stakeholders.

A field with autocomplete="off" comes back empty. So forms use it only for what a shared computer must not remember:
answers about food and access, and a real name.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from forum.events.queries import find_current
from forum.questions.enums import QuestionKind
from tests.browser.sights import BY_NAME
from tests.browser.visitor import follow
from tests.factories.questions import make_question

pytestmark = pytest.mark.browser


def typed(page: Page, *names: str) -> dict[str, str]:
    """Return what the fields of these names hold on the page."""
    return {name: page.locator(f"main [name='{name}']:not([type=hidden])").input_value() for name in names}


def test_back_from_the_check_page_brings_the_answers_to_the_events_questions(change_world, new_visitor):
    forum = change_world("demo")
    with forum.app.app_context():
        for key, kind in (
            ("text", QuestionKind.TEXT),
            ("number", QuestionKind.NUMBER),
            ("day", QuestionKind.DATE),
            ("long", QuestionKind.LONG_TEXT),
        ):
            make_question(find_current(), key, kind)
        make_question(find_current(), "needs", care=True)
    visitor = new_visitor(forum)
    visitor.open_details()
    answers = {"q-text": "By train", "q-number": "2", "q-day": "2027-05-03", "q-long": "First\nSecond"}
    visitor.fill({**visitor.answers(), **answers, "q-needs": "Nuts"})
    follow(visitor.page.get_by_role("button", name="Check your answers"))
    assert visitor.endpoint == "registration.check"
    visitor.page.go_back()
    assert typed(visitor.page, *answers) == answers
    assert typed(visitor.page, "q-needs") == {"q-needs": ""}


def test_back_from_the_form_that_came_back_brings_the_people_of_a_delegation(change_world, new_visitor):
    visitor = new_visitor(change_world("demo"))
    visitor.open("delegations.details", sector="justice")
    people = {
        "people-0-given_name": "Åsa",
        "people-0-family_name": "Ek",
        "people-0-title": "Judge",
        "people-0-email": "not an address",
        "lines": "Kim;Ek",
    }
    visitor.fill(people)
    follow(visitor.page.get_by_role("button", name="Send us the list"))
    assert visitor.tab.methods[-1] == "POST"
    visitor.page.go_back()
    assert typed(visitor.page, *people) == people


@pytest.mark.parametrize(
    ("sight", "names"),
    [
        ("invitation, let a colleague come", ("given_name", "family_name", "email", "organisation")),
        ("invitation, say no", ("reason",)),
        ("add to a delegation", ("given_name", "family_name", "title", "email")),
        ("change in a delegation", ("given_name", "family_name", "title")),
        ("replace in a delegation", ("given_name", "family_name", "title", "email")),
        ("correct an address in a delegation", ("email",)),
        ("ask for restriction", ("words",)),
    ],
)
def test_back_from_another_page_brings_what_was_typed(visit: Callable, sight: str, names: tuple[str, ...]):
    page = visit(BY_NAME[sight]).page
    values = {name: f"kim{place}@example.org" for place, name in enumerate(names)}
    for name, value in values.items():
        page.locator(f"main [name={name}]:not([type=hidden])").fill(value)
    follow(page.locator("header a").first)
    page.go_back()
    assert typed(page, *names) == values
