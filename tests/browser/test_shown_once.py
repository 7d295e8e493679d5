"""The answer of a reveal is on the screen once: not after a minute, not after leaving the page, not on paper (P25)."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

from tests.browser.sights import HANDLER
from tests.browser.visitor import Visitor
from tests.browser.ways import revealed
from tests.browser.worlds import NOW

pytestmark = pytest.mark.browser
REAL_NAME = "Real name"
LIST_OF_REVEALS = re.compile(r"/reveals$")


@pytest.fixture
def handler(worlds, new_visitor) -> Visitor:
    """Give a handler's browser that shows the answer of a reveal, with a clock that the test moves."""
    visitor = new_visitor(worlds["demo"], "en")
    visitor.page.context.clock.install(time=NOW)
    visitor.sign_in(HANDLER)
    revealed("confirmed")(visitor)
    expect(visitor.page.get_by_text(REAL_NAME, exact=True)).to_be_visible()
    return visitor


def test_answer_goes_after_a_minute_and_does_not_come_back(handler):
    page = handler.page
    page.context.clock.run_for(59_000)
    expect(page.get_by_text(REAL_NAME, exact=True)).to_be_visible()
    page.context.clock.run_for(2_000)
    page.wait_for_url("**/reveals")
    _go_back(page)
    expect(page.get_by_text(REAL_NAME, exact=True)).to_have_count(0)


def test_answer_is_neither_printed_nor_there_when_somebody_goes_back(handler):
    page = handler.page
    page.emulate_media(media="print")
    expect(page.get_by_text(REAL_NAME, exact=True)).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_role("link", name="Close now").click()
    expect(page).to_have_url(LIST_OF_REVEALS)
    _go_back(page)
    expect(page.get_by_text(REAL_NAME, exact=True)).to_have_count(0)


def _go_back(page) -> None:
    """Go back in the browser's history; the browser asks to send the form again, or shows the page as it was left."""
    with suppress(Error):
        page.go_back()
    expect(page).not_to_have_url(re.compile("/reveals$"))
