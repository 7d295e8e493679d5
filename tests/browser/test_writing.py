"""The editor with scripts: its toolbar by keyboard, the preview while writing, and words that survive a closed tab."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.focus import focus_problems
from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.measures import axe_violations
from tests.browser.sights import ORGANISER
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def writer(change_world, new_visitor) -> Visitor:
    """Give an organiser's browser at the form for a new post."""
    visitor = new_visitor(change_world("demo"), "en")
    visitor.sign_in(ORGANISER)
    visitor.open("posts.new", event=visitor.world.event)
    return visitor


def field(page: Page) -> Locator:
    return page.locator("[name=en-body]")


def bar(page: Page) -> Locator:
    return page.get_by_role("toolbar").last


def test_toolbar_writes_markdown_by_keyboard_and_undo_takes_it_back(writer):
    page, keys = writer.page, Keyboard(writer.page)
    field(page).fill("One\nTwo")
    bar(page).get_by_role("button", name="Bold").focus()
    for key in ("End", "ArrowRight", "ArrowLeft"):
        keys.press(key)
    assert is_focused(bar(page).get_by_role("button", name="List", exact=True))
    assert bar(page).locator("button[tabindex='0']").count() == 1
    field(page).evaluate("field => field.setSelectionRange(0, field.value.length)")
    keys.press("Enter")
    assert is_focused(field(page))
    assert field(page).input_value() == "- One\n- Two"
    keys.press("Control+z")
    assert field(page).input_value() == "One\nTwo"
    field(page).evaluate("field => field.setSelectionRange(4, 7)")
    keys.press("Control+b")
    keys.press("Control+i")
    assert field(page).input_value() == "One\n***Two***"
    keys.press("Control+i")
    keys.press("Control+b")
    keys.press("Control+k")
    assert field(page).input_value() == "One\n[Two](https://)"
    keys.press("x")
    assert field(page).input_value() == "One\n[Two](x)"
    assert axe_violations(page) == []
    bar(page).get_by_role("button", name="Bold").focus()
    assert focus_problems(page) == []
    page.locator("[name=en-headline]").fill("Saved by keyboard")
    keys.press("Control+s")
    expect(page.locator("h1")).to_have_text("Edit “Saved by keyboard”")


def test_preview_follows_what_is_typed(writer):
    page, shown = writer.page, writer.page.locator("[data-preview-shown]").last
    page.locator("[name=en-headline]").fill("Heard yesterday")
    expect(page.locator("[data-care=en] li")).to_contain_text("Headline yesterday")
    page.locator("[name=en-headline]").fill("Heard")
    page.get_by_text("Preview while writing").last.click()
    expect(shown).to_be_visible()
    field(page).fill("## Part {#main}\n\n**Bold** words of last week.")
    expect(shown.locator("strong")).to_have_text("Bold")
    expect(page.locator("[data-care=en] li")).to_contain_text("It will not be true for long")
    assert shown.locator("[id]").count() == 0
    field(page).fill("<img src=x onerror=alert(1)> _other_")
    expect(shown.locator("em")).to_have_text("other")
    assert shown.locator("img, script").count() == 0
    assert axe_violations(page) == []


@pytest.mark.slow
def test_replace_button_keeps_the_cursor_and_can_be_undone(writer):
    page, text, hints = writer.page, field(writer.page), writer.page.locator("[data-care=en] li")
    text.fill("😀 Until today.\n\nWe met today. “Yes”, he said today.")
    expect(hints).to_have_count(3)
    dated = page.locator("[data-care=en] [data-replace]").nth(1)
    better = dated.get_attribute("data-better")
    text.evaluate("field => { field.focus(); field.setSelectionRange(3, 8); }")
    dated.click()
    expect(text).to_have_value(f"😀 Until today.\n\nWe met {better}. “Yes”, he said today.")
    assert is_focused(text)
    assert text.evaluate("field => [field.selectionStart, field.selectionEnd]") == [3, 8]
    text.press("Control+z")
    assert text.input_value().count("today") == 3
    expect(hints).to_have_count(3)
    # After Enter on "Replace" the next hint has the focus, also once the server has sent new hints.
    page.locator("[data-care=en] [data-replace]").nth(1).press("Enter")
    page.locator("[data-care=en] [data-replace]").nth(1).press("Enter")
    assert text.input_value() == f"😀 Until today.\n\nWe met {better}. “Yes”, he said {better}."
    with page.expect_response(lambda answer: "/writing/preview" in answer.url):
        pass
    expect(hints).to_have_count(1)
    assert is_focused(page.locator("[data-care=en] [data-replace]"))
    # The hints count lines from the text's first word, because the server has removed the blank lines before it.
    text.fill("\n \n\nWe met today.")
    here = page.locator(f"[data-care=en] [data-line='1'][data-better='{better}']")
    expect(here).to_have_count(1)
    here.click()
    expect(text).to_have_value(f"\n \n\nWe met {better}.")
    assert axe_violations(page) == []


def test_busy_server_is_asked_again_quietly(writer):
    page, hints = writer.page, writer.page.locator("[data-care=en] li")
    refused = []

    def refuse_once(route):
        refused.append(route.request.url)
        return route.continue_() if len(refused) > 1 else route.fulfill(status=429)

    page.route("**/writing/preview*", refuse_once)
    field(page).fill("We met today.")
    expect(hints).to_have_count(1, timeout=15_000)
    assert (len(refused), page.locator("[data-preview-said]").last.text_content()) == (2, "")
    (told_by_browser,) = writer.tab.complaints
    assert "429" in told_by_browser
    writer.tab.complaints.clear()


def test_words_of_a_closed_tab_are_there_again(writer):
    page = writer.page
    page.locator("[name=en-headline]").fill("Not saved")
    expect(page.locator("[data-autosave-said]")).to_contain_text("for you alone", timeout=15_000)
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("[name=en-headline]")).to_have_value("Not saved")
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator("h1")).to_have_text("Edit “Not saved”")
    page.goto(address)
    expect(page.locator("[name=en-headline]")).to_have_value("")


def test_without_scripts_the_form_has_no_toolbar(change_world, new_visitor):
    visitor = new_visitor(change_world("demo"), "en", java_script_enabled=False)
    visitor.sign_in(ORGANISER)
    visitor.open("posts.new", event=visitor.world.event)
    expect(visitor.page.get_by_role("toolbar")).to_have_count(0)
    expect(visitor.page.get_by_text("Preview while writing").first).to_be_hidden()
    expect(field(visitor.page)).to_be_visible()
