"""Pages without JavaScript, in forced colours and in twice the text size; going back shows nothing personal
(A10, A18, A21, S42)."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect

from forum.events.queries import find_current
from forum.questions.enums import QuestionKind
from tests.browser.measures import READING, measure
from tests.browser.sights import BY_NAME
from tests.browser.test_keyboard import confirming_path
from tests.browser.visitor import Tab, Visitor, follow
from tests.factories.questions import make_question
from tools.servers import CHROMIUM_FLAGS, headless_path

pytestmark = pytest.mark.browser
LARGE_TEXT = (
    "front",
    "choose",
    "details with errors",
    "own registration, offered",
    "post with a correction",
    "news",
)
GONE = "Your answers are no longer kept here"
DRAWN = ("front", "choose", "overview", "attendees", "style guide")
# Find shapes, buttons and fields that forced colours make as invisible as the background.
INVISIBLE = """() => {
    const colour = name => { const probe = document.createElement("i"); probe.style.color = name;
        document.body.append(probe); const value = getComputedStyle(probe).color; probe.remove(); return value };
    const canvas = colour("Canvas"), none = ["none", "rgba(0, 0, 0, 0)", "transparent", canvas];
    const drawn = ".ring path:not(.ring-reach, .ring-hole), .mark path, .bar-part, .ring text";
    const shapes = [...document.querySelectorAll(drawn)];
    const lost = shapes.filter(shape => [getComputedStyle(shape).stroke, getComputedStyle(shape).fill].every(
        value => none.includes(value)));
    const kinds = "main .button, main .input, main .seat-number, .status:not(.status-failed)";
    const edged = [...document.querySelectorAll(kinds)];
    const flat = edged.filter(element => {
        const style = getComputedStyle(element, element.matches(".status") ? "::before" : null);
        return style.borderBlockEndWidth === "0px" || none.includes(style.borderBlockEndColor);
    });
    return [...lost, ...flat].map(element => `${element.tagName}.${element.getAttribute("class")}`);
}"""


@pytest.fixture
def large_text(chromium) -> Iterator[Callable[..., Page]]:
    """Give a page of a browser in which text is set to twice its size."""
    browser = chromium.browser_type.launch(
        executable_path=headless_path(), args=[*CHROMIUM_FLAGS, "--blink-settings=defaultFontSize=32"]
    )
    yield browser.new_page
    browser.close()


def test_stakeholder_registers_changes_and_cancels_without_javascript(change_world, new_visitor):
    forum = change_world("demo")
    visitor = new_visitor(forum, "sv", java_script_enabled=False)
    page = visitor.page
    visitor.open("home.front")
    follow(page.locator(".hero").get_by_role("link", name="Anmäl dig"))
    follow(page.locator(".sector-choice").get_by_role("link", name="Rättsväsende"))
    visitor.fill({"given_name": "Åsa", "email": "x"})
    visitor.submit()
    expect(page.locator(".error-summary a")).to_have_count(3)
    visitor.fill({**visitor.answers(), "email": "asa@example.org"})
    visitor.submit(), visitor.submit()
    expect(page.locator("h1")).to_have_text("Öppna din e-post")

    page.goto(forum.url + confirming_path(forum, "asa@example.org"))
    visitor.submit()
    expect(page.locator("h1")).to_have_text("Du har en plats")
    follow(page.get_by_role("link", name="Ändra dina uppgifter"))
    visitor.fill({"organisation": "Exempelstads hovrätt"})
    visitor.submit()
    expect(page.locator("main")).to_contain_text("Exempelstads hovrätt")
    follow(page.get_by_role("link", name="Avboka din anmälan"))
    visitor.submit()
    expect(page.locator("h1")).to_have_text("Din anmälan är avbokad")


@pytest.mark.parametrize("knows_has", [True, False], ids=["browser", "older browser"])
def test_a_question_under_a_condition_appears_without_javascript(worlds, new_visitor, knows_has):
    """A browser without support for `:has()` shows the question from the start, with its condition in words."""
    visitor = new_visitor(worlds["long"], "sv", java_script_enabled=False)
    page = visitor.page
    if not knows_has:
        page.route("**/*.css", _without_has)
    visitor.open_details("sector-1")
    below, condition = page.locator("[name=q-more]"), page.locator(".asked-when")
    expect(below).to_have_count(1)
    expect(below).to_be_visible(visible=not knows_has)
    expect(condition).to_be_visible(visible=not knows_has)
    page.locator("[name=q-diet][value=other]").check()
    expect(below).to_be_visible()
    page.locator("[name=q-diet][value=other]").uncheck()
    expect(below).to_be_visible(visible=not knows_has)


def _without_has(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("selector(:has(", "selector(:no-such("))


def test_typed_answers_go_along_to_another_sector_and_language_without_javascript(worlds, new_visitor):
    visitor = new_visitor(worlds["demo"], "en", java_script_enabled=False)
    page = visitor.page
    visitor.open_details("justice")
    visitor.fill({"given_name": "Åsa", "email": "asa@"})
    follow(page.locator("main .actions").get_by_role("button", name="Choose another sector"))
    follow(page.get_by_role("button", name="IT and telecom"))
    follow(page.get_by_role("button", name="Svenska"))
    expect(page.locator("h1")).to_have_text("Dina uppgifter")
    assert page.url.endswith("/sv/register/tech?change=1")
    assert [page.input_value(f"[name={name}]") for name in ("given_name", "email")] == ["Åsa", "asa@"]
    # The form's first button is a hidden submit button, so Enter sends the answers instead of switching the language.
    with page.expect_navigation():
        page.locator("[name=organisation]").press("Enter")
    expect(page.locator(".error-summary")).to_be_visible()
    assert page.url.endswith("/sv/register/tech/check")


def test_reader_finds_and_shares_a_post_without_javascript(worlds, new_visitor):
    visitor = new_visitor(worlds["demo"], "sv", java_script_enabled=False)
    page = visitor.page
    visitor.open("news.search")
    page.get_by_role("searchbox").fill("terminologi")
    with page.expect_navigation():
        page.get_by_role("searchbox").press("Enter")
    follow(page.locator('main h3 a[href*="/news/20"]').first)
    shown = page.locator(".share").get_by_role("link")
    assert shown.evaluate_all("links => links.map(link => link.protocol)") == ["mailto:"]
    expect(page.locator(".share").get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("width", [640, 1280])
def test_pages_bear_a_reader_who_sets_text_to_twice_its_size(worlds, still_clock, large_text, width):
    """Pages stay readable with the browser's text size doubled, which also changes widths in the style sheet (A18)."""
    tab = Tab(large_text(locale="sv"), [])
    found = {}
    for name in LARGE_TEXT:
        tab.clear(width, "light")
        BY_NAME[name].show(Visitor(tab, worlds["demo"], "sv"))
        found[name] = measure(tab.page, *READING)
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("name", DRAWN)
def test_pictures_and_edges_are_drawn_in_the_readers_own_colours(visit, name):
    page = visit(BY_NAME[name], "sv").page
    page.emulate_media(forced_colors="active", color_scheme="dark")
    assert page.evaluate(INVISIBLE) == []
    assert measure(page, *READING) == []


def test_going_back_after_signing_out_shows_nobody(worlds, new_visitor):
    """Neither the browser's cache nor the server shows the attendee list again (S42)."""
    visitor = new_visitor(worlds["demo"], "en")
    visitor.sign_in("organiser@example.org")
    page = visitor.page
    visitor.open("attendees.index", event=worlds["demo"].event)
    name = page.locator("main tbody tr").first.get_by_role("link").first.inner_text()
    follow(page.get_by_role("button", name="Sign out"))
    expect(page.locator("h1")).to_contain_text("signed out")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert name not in page.content()


def test_going_back_after_registering_shows_a_message_and_no_answers(change_world, new_visitor):
    """Each step back shows a page without answers, and the browser never asks to send a form again (A07, S42)."""
    forum = change_world("demo")
    visitor = new_visitor(forum, "en")
    page = visitor.page
    visitor.open_details("justice")
    visitor.fill(visitor.answers())
    visitor.submit()
    follow(page.get_by_role("button", name="Change given name"))
    visitor.fill({"given_name": "Björn"})
    visitor.submit(), visitor.submit()
    expect(page.locator("h1")).to_have_text("Check your e-mail")
    for heading in (GONE, "Your details", GONE, "Your details"):
        page.go_back()
        expect(page.locator("h1")).to_have_text(heading)
        assert "Bergström" not in page.content()
    assert visitor.tab.methods.count("POST") == 4


def test_long_answers_come_back_however_somebody_moves(change_world, new_visitor):
    """Reloading, back, forward and "Change it" show pages with all answers, and nothing is ever sent again (A07)."""
    forum = change_world("demo")
    with forum.app.app_context():
        for number in range(2):
            make_question(find_current(), f"text-{number}", QuestionKind.LONG_TEXT)
    visitor = new_visitor(forum, "en")
    page, answers = visitor.page, visitor.answers()
    answers |= {"q-text-0": "word " * 399 + "words", "q-text-1": ("Ö👩‍💻 " * 400).strip()}
    visitor.open_details("justice")
    visitor.fill(answers)
    visitor.submit()
    for step in (page.reload, page.go_back, page.go_forward, page.reload):
        step()
        heading = "Your details" if step == page.go_back else "Check your answers"
        expect(page.locator("h1")).to_have_text(heading)
        for name, value in answers.items():
            expect(page.locator(f"main [name={name}]")).to_have_value(value)
    assert visitor.tab.methods.count("POST") == 1
    visitor.submit()
    expect(page.locator("h1")).to_have_text("Check your e-mail")
    page.reload()
    follow(page.get_by_role("button", name="Change it"))
    assert {name: page.locator(f"main [name={name}]").input_value() for name in answers} == answers
    visitor.fill({"email": "right@example.org"})
    visitor.submit(), visitor.submit()
    expect(page.locator("main")).to_contain_text("right@example.org")
    page.go_back()
    expect(page.locator("h1")).to_have_text(GONE)
    assert visitor.tab.methods.count("POST") == 5


def test_going_back_to_the_form_finds_what_was_typed(worlds, new_visitor):
    visitor = new_visitor(worlds["demo"], "en")
    page, answers = visitor.page, visitor.answers()
    visitor.open_details("justice")
    visitor.fill(answers)
    visitor.submit()
    page.reload()
    expect(page.locator("h1")).to_have_text("Check your answers")
    page.go_back()
    assert {name: page.locator(f"main [name={name}]").input_value() for name in answers} == answers
