"""Copying a link, changing an answer, pasting a password, finding help; live regions speak (A06, A08, A13, A19)."""

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import BY_NAME
from tests.browser.visitor import Visitor, follow

pytestmark = pytest.mark.browser
# Selects a live region. Screen readers announce its text only if the region was there while empty (WCAG 4.1.3).
STATUS = ".share [role=status]"
HELP = """() => [...document.querySelectorAll("header, main, footer")].pop().matches("body > footer")
    ? [...document.querySelectorAll("body > footer :is(p, a)")].map(part => part.textContent.trim()) : null"""
PUBLIC_SIGHTS = ("front", "news", "search", "choose", "details", "received", "new link", "page practical")


@pytest.fixture
def post(worlds, new_visitor) -> Visitor:
    """Open a post as a visitor with a keyboard."""
    visitor = new_visitor(worlds["demo"], "en")
    BY_NAME["post with a correction"].show(visitor)
    return visitor


def test_copying_a_link_is_said_where_the_focus_is_not(post):
    page = post.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    expect(page.locator(STATUS)).to_have_text("")
    assert "status:" not in page.locator("main").aria_snapshot()
    copy = page.get_by_role("button", name="Copy the link")
    Keyboard(page).go_to(copy)
    Keyboard(page).press("Enter")
    expect(page.locator(STATUS)).to_have_text("The link is copied.")
    assert "- status: The link is copied." in page.locator("main").aria_snapshot()
    assert is_focused(copy)
    assert page.evaluate("navigator.clipboard.readText()") == page.locator(".share").get_attribute("data-url")


def test_recovery_codes_are_copied_one_in_a_line(worlds, new_visitor):
    visitor = new_visitor(worlds["demo"], "en")
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    BY_NAME["recovery codes"].show(visitor)
    said = page.locator("[data-copy-said]")
    expect(said).to_have_text("")
    page.get_by_role("button", name="Copy the codes").click()
    expect(said).to_have_text("The codes have been copied.")
    codes = page.locator("#codes code").all_inner_texts()
    assert len(set(codes)) > 1
    assert page.evaluate("navigator.clipboard.readText()") == "\n".join(codes)


def test_a_link_that_may_not_be_copied_is_shown_instead(post):
    page = post.page
    address = page.locator(".share").get_attribute("data-url")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed')) }")
    page.get_by_role("button", name="Copy the link").click()
    expect(page.locator(STATUS)).to_have_text(f"Copy this address: {address}")


def test_change_leads_to_the_question_and_the_focus_with_it(worlds, new_visitor):
    visitor = new_visitor(worlds["demo"], "en")
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.open_details("justice")
    visitor.fill(visitor.answers())
    visitor.submit()
    keys.activate(page.get_by_role("button", name="Change organisation"))
    assert is_focused(page.get_by_label("Organisation", exact=True))
    keys.write("Organisation", "Exempelstads hovrätt")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.locator("h1")).to_have_text("Check your answers")
    expect(page.locator(".summary-list")).to_contain_text("Exempelstads hovrätt")


def test_password_and_code_can_be_pasted(worlds, new_visitor):
    """Nobody has to remember or retype a password or code to sign in (WCAG 3.3.8)."""
    visitor = new_visitor(worlds["demo"], "en")
    page = visitor.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name, field in (("sign in", "password"), ("second factor", "code")):
        BY_NAME[name].show(visitor)
        page.evaluate("navigator.clipboard.writeText('a1b2c3')")
        page.locator(f"main [name={field}]").focus()
        page.keyboard.press("Control+v")
        assert page.locator(f"main [name={field}]").input_value() == "a1b2c3"


def test_help_stands_in_the_same_place_on_every_page(worlds, new_visitor):
    """Each page ends with the organiser, standing pages and numbers to call, in the same order (WCAG 3.2.6)."""
    visitor = new_visitor(worlds["demo"], "en")
    found = {}
    for name in PUBLIC_SIGHTS:
        BY_NAME[name].show(visitor)
        found[name] = visitor.page.evaluate(HELP)
    assert {"forum@example.org", "112", "114 14"} <= set(found["front"])
    # The accessibility statement says how to report a barrier (A13).
    assert "Accessibility statement" in found["front"]
    follow(visitor.page.get_by_role("link", name="Accessibility statement"))
    expect(
        visitor.page.get_by_role("main").get_by_role("link", name="accessibility@example.org")
    ).to_be_visible()
    assert {name: help_ for name, help_ in found.items() if help_ != found["front"]} == {}
