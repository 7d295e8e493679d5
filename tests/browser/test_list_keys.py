"""The keys of the attendee list: they move among its rows, are silent while somebody types, and can be turned off."""

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import ORGANISER

pytestmark = pytest.mark.browser


def test_keys_of_the_list_move_tick_and_search_and_are_silent_in_fields_and_when_turned_off(
    worlds, new_visitor
):
    """Keys of a single character do nothing in fields, nor when the person has turned them off (A14; WCAG 2.1.4)."""
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en")
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    links, boxes = page.locator("#list .person-name a"), page.locator("#list [name=who]")
    search, said = page.get_by_role("searchbox"), page.locator("[data-list-keys-said]")

    keys.press("j")
    assert is_focused(links.nth(0))
    keys.press("j", "ArrowDown", "k", "j", "ArrowUp")
    assert is_focused(links.nth(1))
    keys.press("Control+j", "Alt+j", "Meta+x", "Shift+J")
    assert is_focused(links.nth(1))
    keys.press("x")
    expect(boxes.nth(1)).to_be_checked()
    expect(said).to_have_text("Chosen")
    keys.press("x")
    expect(boxes.nth(1)).not_to_be_checked()

    keys.press("/")
    assert is_focused(search)
    page.keyboard.type("jx/k")
    expect(search).to_have_value("jx/k")
    keys.press("Escape")
    assert is_focused(links.nth(1))
    expect(search).to_have_value("jx/k")
    boxes.nth(3).focus()
    keys.press("ArrowDown")
    assert is_focused(boxes.nth(3))
    keys.press("k", "k", "k", "k", "k")
    assert is_focused(links.nth(0))

    menus = page.locator("#list .row-menu")
    keys.press("Tab", "Enter", "Tab")
    assert is_focused(menus.nth(0).get_by_role("link", name="Open the page"))
    keys.press("Escape")
    assert is_focused(menus.nth(0).locator("summary"))
    expect(menus.nth(0).get_by_role("link")).to_have_count(0)
    links.nth(0).focus()

    switch = page.get_by_label("Use these keys.")
    switch.uncheck()
    page.reload()
    expect(switch).not_to_be_checked()
    links.nth(0).focus()
    keys.press("j", "x", "/")
    assert is_focused(links.nth(0))
    expect(boxes.nth(0)).not_to_be_checked()
    switch.check()
    page.reload()
    links.nth(0).focus()
    with page.expect_navigation():
        keys.press("j", "Enter")
    expect(page.get_by_role("heading", name="What has happened")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_the_frame_of_the_table_does_not_cut_the_focus_of_a_row_s_menu(worlds, new_visitor, width):
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en", viewport={"width": width, "height": 844})
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    room = visitor.page.locator(".row-menu summary").first.evaluate(
        "one => one.closest('.table-scroll').getBoundingClientRect().right - one.getBoundingClientRect().right"
    )
    assert room >= 5  # the width in px of the focus outline in base.css
