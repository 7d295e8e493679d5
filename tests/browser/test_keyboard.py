"""Using the site with the keyboard alone: Tab, Shift+Tab, Enter, Space and arrows (A02, A14)."""

import re

import pytest
from playwright.sync_api import expect

from forum.extensions import db
from forum.registration.models import Registration
from tests.browser.keyboard import Keyboard, focusable_places, is_focused
from tests.browser.sights import BY_NAME, EVERY_KIND
from tests.registration.reading import newest_mail
from tools.organisers import PASSWORD, SECRET, code_for

pytestmark = pytest.mark.browser
WITH_ERRORS = [
    pytest.param(name, marks=() if name in EVERY_KIND else pytest.mark.slow)
    for name, sight in BY_NAME.items()
    if sight.status == 422
]


@pytest.fixture
def forum(change_world):
    """Give a copy of the demo that the test may change."""
    return change_world("demo")


def test_a_stakeholder_registers_confirms_changes_and_cancels(forum, new_visitor):
    visitor = new_visitor(forum, "en")
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.open("home.front")
    keys.activate(page.locator(".hero").get_by_role("link", name="Register for a place"))
    keys.activate(page.locator(".sector-choice").get_by_role("link", name="Justice"))
    fill_in(keys)
    keys.activate(page.get_by_role("button", name="Check your answers"))
    keys.activate(page.get_by_role("button", name="Change given name"))
    keys.write("Given name", "Åsa")
    keys.activate(page.get_by_role("button", name="Check your answers"), key="Space")
    keys.activate(page.locator("main").get_by_role("button", name="Register", exact=True))
    expect(page.locator("h1")).to_have_text("Check your e-mail")

    page.goto(forum.url + confirming_path(forum, "asa@example.org"))
    keys.pick("Show my name and my organisation")
    keys.activate(page.get_by_role("button", name="Confirm my address"), key="Space")
    expect(page.locator("h1")).to_have_text("You have a place")

    keys.activate(page.get_by_role("link", name="Change your details"))
    keys.write("Organisation", "Exempelstads hovrätt")
    keys.activate(page.get_by_role("button", name="Save"))
    expect(page.locator("main")).to_contain_text("Exempelstads hovrätt")
    keys.tick("I agree to be photographed")
    keys.activate(page.get_by_role("button", name="Save"))
    expect(page.get_by_label("I agree to be photographed")).to_be_checked()

    keys.activate(page.get_by_role("link", name="Cancel your registration"))
    keys.activate(page.get_by_role("button", name="Cancel my registration"))
    expect(page.locator("h1")).to_have_text("Your registration is cancelled")


def test_somebody_who_waits_accepts_an_offered_place(forum, new_visitor):
    visitor = new_visitor(forum, "en")
    visitor.open("self_service.enter", token=forum.tokens["offered"])
    Keyboard(visitor.page).activate(visitor.page.get_by_role("button", name="Accept the place"))
    expect(visitor.page.locator("h1")).to_have_text("You have a place")


def test_an_organiser_signs_in_with_two_factors_and_works_with_the_list(forum, new_visitor):
    visitor = new_visitor(forum, "en")
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.open("attendees.index", event=forum.event)
    keys.write("E-mail address", "organiser@example.org")
    keys.write("Password", PASSWORD)
    keys.activate(page.get_by_role("button", name="Continue"))
    keys.go_to(page.get_by_role("main").get_by_role("textbox"))
    page.keyboard.type(code_for(SECRET))
    keys.activate(page.get_by_role("button", name="Sign in"))
    expect(page.locator("h1")).to_have_text("Attendees")

    keys.go_to(page.locator("main .pick-button", has_text="Sector"))
    page.keyboard.press("Enter")
    keys.go_to(page.get_by_role("checkbox", name=re.compile(r"NGOs \d+")))
    page.keyboard.press("Space")
    keys.activate(page.locator("main .pick[open]").get_by_role("button", name="Show", exact=True))
    sectors = page.locator("main tbody tr").count()
    assert page.locator("main tbody tr", has_text="NGOs").count() == sectors > 0
    keys.activate(page.locator("main thead").get_by_role("link", name="Organisation"))
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("Organisation")
    keys.activate(page.locator("main tbody").get_by_role("link").first)
    expect(page.get_by_role("heading", name="What has happened")).to_be_visible()
    keys.activate(page.get_by_role("button", name="Sign out"))
    expect(page.locator("h1")).to_contain_text("signed out")


def test_skip_link_comes_first_and_leads_past_the_navigation(visit):
    page = visit(BY_NAME["front"], "en").page
    keys = Keyboard(page)
    keys.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    assert is_focused(skip)
    assert skip.bounding_box()["y"] >= 0
    keys.press("Enter", "Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("name", WITH_ERRORS)
def test_error_summary_takes_the_focus_and_leads_to_each_field(visit, name):
    """The error summary gets the focus, and its links lead to the fields in their order (A02)."""
    page = visit(BY_NAME[name], "sv").page
    keys, summary = Keyboard(page), page.locator(".error-summary")
    assert is_focused(summary)
    assert page.title().startswith("Fel:")
    fields = page.locator(".error-summary a").evaluate_all("links => links.map(link => link.hash.slice(1))")
    in_page = page.locator("main [id]").evaluate_all("all => all.map(element => element.id)")
    assert fields == sorted(fields, key=in_page.index)
    for field in fields:
        summary.evaluate("summary => summary.focus()")
        keys.go_to(page.locator(f'.error-summary a[href="#{field}"]'))
        keys.press("Enter")
        assert is_focused(page.locator(f"[id='{field}']"))


def test_walk_finds_a_trap_and_an_order_of_its_own(chromium):
    """Control: a positive tabindex and a link that takes the focus back are found."""
    page = chromium.new_page()
    page.set_content('<a href="#1">1</a><a href="#2" tabindex="2">2</a>')
    assert Keyboard(page).walk() != focusable_places(page)
    page.set_content('<a href="#1">1</a><a href="#2" onkeydown="return false">2</a><a href="#3">3</a>')
    with pytest.raises(AssertionError, match="does not move on"):
        Keyboard(page).walk()
    page.close()


def fill_in(keys: Keyboard) -> None:
    """Fill in the registration form, including select fields and checkboxes."""
    keys.write("Given name", "Assa")
    keys.write("E-mail address", "asa@example.org")
    keys.write("Organisation", "Exempelstads tingsrätt")
    keys.choose("Country", "Finl")
    language = keys.page.get_by_role("radio", name="English")
    keys.go_to(language)
    keys.press("ArrowUp")
    assert keys.page.get_by_role("radio", name="Svenska").is_checked()
    keys.press("ArrowDown")


def confirming_path(forum, email: str) -> str:
    """Return the path of the confirming link in the mail to this address."""
    with forum.app.app_context():
        found = db.select(Registration).where(Registration.email == email)
        address = newest_mail(db.session.scalars(found).one(), "received").address
    return "/" + address.split("/", 3)[3]
