"""The shape of the attendee list: a head that stays, rows of 36 px on a desk, search first and two lines on a phone."""

from statistics import median

import pytest
from playwright.sync_api import expect

from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.sights import ORGANISER
from tests.browser.visitor import Visitor, follow
from tests.browser.ways import saved_view

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DESK, PHONE = {"width": 1280, "height": 640}, {"width": 390, "height": 844}
HEAD = "() => document.querySelector('#list thead th').getBoundingClientRect()"
HEIGHTS = (
    "() => [...document.querySelectorAll('#list tbody tr')].map(row => row.getBoundingClientRect().height)"
)
FOCUSED = "() => document.activeElement.getBoundingClientRect()"


def opened(new_visitor, forum, viewport) -> Visitor:
    visitor = new_visitor(forum, "en", viewport=viewport, reduced_motion="reduce")
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    return visitor


def expect_nothing_covered(visitor: Visitor) -> None:
    """Walk from the last row up to the first one: the head covers no name that has the focus."""
    page, keys = visitor.page, Keyboard(visitor.page)
    links = page.locator("#list .person-name a")
    links.last.focus()
    for number in reversed(range(1, links.count())):
        head, focused = page.evaluate(HEAD), page.evaluate(FOCUSED)
        assert is_focused(links.nth(number))
        assert focused["top"] >= head["bottom"]
        keys.press("k")


def test_on_a_desk_the_head_stays_and_covers_nothing_that_has_the_focus(worlds, new_visitor):
    visitor = opened(new_visitor, worlds["demo"], DESK)
    page = visitor.page
    page.evaluate("() => document.querySelector('#list tbody tr:nth-child(25)').scrollIntoView()")
    assert page.evaluate(HEAD)["top"] == 0
    expect_nothing_covered(visitor)


def test_a_list_with_more_columns_scrolls_in_its_frame_below_its_head(change_world, new_visitor):
    visitor = opened(new_visitor, change_world("demo"), DESK)
    page = visitor.page
    page.get_by_text("Columns", exact=True).click()
    expect(page.locator(".column-choice [name=column]").first).to_be_visible()
    for box in page.locator(".column-choice [name=column]").all():
        box.check()
    follow(page.locator(".column-choice").get_by_role("button", name="Show"))
    assert page.locator("#list.people-wide").count() == 1
    frame = page.locator(".table-scroll").bounding_box()
    assert frame["height"] <= DESK["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".table-scroll").evaluate("frame => { frame.scrollIntoView(); frame.scrollTo(200, 400) }")
    head, frame = (page.locator(one).first.bounding_box() for one in ("#list thead th", ".table-scroll"))
    assert (head["y"], head["x"]) == (frame["y"], frame["x"] - 200)
    expect_nothing_covered(visitor)


def test_on_a_desk_rows_are_36_px_high_unless_a_text_wraps(worlds, new_visitor):
    heights = opened(new_visitor, worlds["demo"], DESK).page.evaluate(HEIGHTS)
    assert (round(min(heights)), round(median(heights))) == (36, 36), heights


@pytest.mark.parametrize("views", [0, 1])
def test_on_a_phone_the_search_is_first_and_each_person_has_two_lines(change_world, new_visitor, views):
    world = change_world("demo")
    visitor = opened(new_visitor, world, PHONE)
    if views:
        visitor.open("attendee_views.new", event=world.event)
        visitor.fill({"name": "Everybody"})
        visitor.submit()
        visitor.open("attendees.index", event=world.event)
    page = visitor.page
    assert page.locator(".saved-views").count() == views
    search, first = (page.locator(one).first.bounding_box() for one in ("[type=search]", "#list tbody tr"))
    assert search["y"] < first["y"] < PHONE["height"] * 0.55
    heights = page.evaluate(HEIGHTS)
    assert {round(height) for height in heights} <= {64, 65}, heights


def test_what_one_test_leaves_in_a_shared_forum_is_not_in_the_copy_of_another(
    worlds, change_world, new_visitor
):
    visitor = new_visitor(worlds["demo"], "en")
    visitor.sign_in(ORGANISER)
    saved_view("attendee_views.show")(visitor)
    assert opened(new_visitor, change_world("demo"), DESK).page.locator(".saved-views").count() == 0
