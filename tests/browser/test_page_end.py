"""A person's own page and a contact's warn two minutes before they close, and stay open by one press (A11)."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import BY_NAME
from tests.browser.test_sign_in_end import LOOKS, dialog, problems, show, wait
from tests.browser.visitor import Visitor
from tests.browser.worlds import NOW

pytestmark = pytest.mark.browser
OWN = ("confirmed", "self_service.enter", "self_service.change", "title")
OF_CONTACT = ("contact", "own_delegation.enter", "own_delegation.change", "title")


@pytest.fixture(params=[OWN, OF_CONTACT], ids=["person", "contact"])
def reader(request, change_world, new_visitor) -> Visitor:
    """Give the browser of somebody who has opened a personal link, at a form, with a clock that the test moves."""
    token, enter, form, _field = request.param
    visitor = new_visitor(change_world("demo"), "en")
    visitor.page.context.clock.install(time=NOW)
    visitor.open(enter, token=visitor.world.tokens[token])
    visitor.open(form, **({"number": 1} if token == "contact" else {}))
    return visitor


def test_a_warning_comes_two_minutes_before_and_one_press_keeps_the_page_open(reader):
    """The sentence that names a moment gone by disappears with the press; the link that keeps the page open stays."""
    page, keys = reader.page, Keyboard(reader.page)
    wait(reader, minutes=27, seconds=50)
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("[data-until]")).to_be_visible()
    wait(reader, seconds=15)
    expect(dialog(page)).to_have_accessible_name("This page will soon close")
    assert is_focused(page.get_by_role("button", name="Keep it open"))
    keys.press("Enter")
    expect(dialog(page)).to_have_count(0)
    expect(page.locator("[data-until]")).to_have_count(0)
    expect(page.get_by_role("link", name="Keep it open longer")).to_be_visible()
    wait(reader, minutes=27, seconds=50)
    expect(dialog(page)).to_have_count(0)
    wait(reader, seconds=15)
    expect(dialog(page)).to_have_accessible_name("This page will soon close")
    page.reload()
    expect(page.locator("main form [name=title]")).to_be_visible()


def test_what_was_entered_can_be_sent_after_the_link_was_opened_again_in_another_tab(reader):
    page, keys = reader.page, Keyboard(reader.page)
    page.locator("main form [name=title]").fill("Överåklagare")
    wait(reader, minutes=31)
    expect(dialog(page)).to_have_accessible_name("This page has closed in this browser")
    expect(dialog(page)).to_have_accessible_description(re.compile("still here"))
    keys.press("Escape")
    other = page.context.new_page()
    kind = "contact" if "delegation" in page.url else "confirmed"
    enter = "own_delegation.enter" if kind == "contact" else "self_service.enter"
    other.goto(reader.address(enter, token=reader.world.tokens[kind]))
    other.close()
    reader.submit()
    expect(page.locator(".flash")).to_contain_text("Saved.")


def test_whose_page_was_closed_meanwhile_hears_it(reader):
    """A person who leaves in another tab closes the page in this tab, too: the button then says so."""
    page = reader.page
    wait(reader, minutes=28, seconds=1)
    page.context.clear_cookies()
    page.get_by_role("button", name="Keep it open").press("Enter")
    expect(dialog(page)).to_have_accessible_name("This page has closed in this browser")
    not_found = f"{page.url}: Failed to load resource: the server responded with a status of 404 (NOT FOUND)"
    assert reader.tab.complaints == [not_found]
    reader.tab.complaints.remove(not_found)


@pytest.mark.parametrize(
    ("name", "language", "look"),
    list(zip(("soon", "last", "over"), ("sv", "en", "sv"), LOOKS[::4], strict=True)),
)
def test_dialogs_are_sound(visit, name, language, look):
    page = visit(BY_NAME["own registration, confirmed"], language).page
    show(page, name)
    assert problems(page, *look) == []
