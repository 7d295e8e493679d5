"""A tick in the attendee list is kept at once by a script, so that it holds when the page is left by a link."""

import pytest
from playwright.sync_api import expect

from tests.browser.sights import ORGANISER

pytestmark = pytest.mark.browser


def test_a_tick_is_kept_when_the_list_is_left_by_a_link(worlds, new_visitor):
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en")
    page = visitor.page
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    page.get_by_role("button", name="Choose nobody", include_hidden=True).evaluate("button => button.click()")
    boxes, said = page.locator("#list [name=who]"), page.locator("[data-chosen-said]")
    only = page.get_by_role("link", name="Show only the chosen")
    expect(said).to_have_text("Nobody is chosen")
    expect(only).to_be_hidden()

    page.route("**/attendees/choice*", lambda route: route.fulfill(body="no answer of the forum"), times=1)
    boxes.nth(1).check()
    expect(said).to_have_text("Your last change is not kept yet. Press “Keep the choice”.")
    boxes.nth(1).uncheck()
    expect(said).to_have_text("Nobody is chosen")
    boxes.nth(1).check()
    name = page.locator("#list .person-name a").nth(1).inner_text()
    expect(said).to_have_text("1 chosen")
    other = visitor.page.context.new_page()
    other.goto(page.url)
    other.locator("#list [name=who]").nth(1).uncheck()
    expect(other.locator("[data-chosen-said]")).to_have_text("Nobody is chosen")
    # Meanwhile the person was unticked on another page. The button sends only what was changed on its own page, so the
    # person stays unticked.
    page.locator("#chosen").get_by_role("button", name="Keep the choice").click()
    expect(boxes.nth(1)).not_to_be_checked()
    boxes.nth(1).check()
    expect(said).to_have_text("1 chosen")
    only.click()
    expect(page.locator("#list .person-name a")).to_have_text([name])
    boxes.nth(0).uncheck()
    expect(said).to_have_text("Nobody is chosen")
    page.reload()
    expect(page.get_by_text("Nobody matches")).to_be_visible()


# The first request that the page sends arrives after the second one.
HOLD_FIRST_REQUEST = """() => {
  const send = window.fetch;
  let delay = 400;
  window.fetch = (...told) => {
    const wait = delay;
    delay = 0;
    return new Promise((go) => setTimeout(go, wait)).then(() => send(...told));
  };
}"""


def test_a_tick_that_is_taken_back_at_once_does_not_stay(worlds, new_visitor):
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en")
    page = visitor.page
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    page.get_by_role("button", name="Choose nobody", include_hidden=True).evaluate("button => button.click()")
    expect(page.locator("[data-chosen-said]")).to_have_text("Nobody is chosen")
    page.evaluate(HOLD_FIRST_REQUEST)
    box = page.locator("#list [name=who]").first
    answers = []
    page.on("response", lambda answer: answers.append(answer.json()["number"]))
    box.check()
    box.uncheck()
    for _wait in range(100):  # wait ten seconds at most for the server's two answers
        page.wait_for_timeout(100)
        if len(answers) == 2:
            break
    assert answers == [1, 0]


def test_the_box_in_the_bar_ticks_all_on_the_page_and_the_acts_stay_in_sight(worlds, new_visitor):
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en")
    page = visitor.page
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event, sort="-name")
    page.get_by_role("button", name="Choose nobody", include_hidden=True).evaluate("button => button.click()")
    said, every = page.locator("[data-chosen-said]"), page.get_by_label("All on this page")
    act = page.get_by_role("button", name="Add a tag …")
    expect(said).to_have_text("Nobody is chosen")
    expect(act).to_be_hidden()
    expect(page.get_by_role("button", name="Keep the choice")).to_have_count(0)

    page.locator("#list .person-name a").nth(2).focus()
    page.keyboard.press("x")
    expect(said).to_have_text("1 chosen")
    assert every.evaluate("box => [box.checked, box.indeterminate]") == [False, True]
    every.check()
    expect(said).to_have_text("50 chosen")
    assert every.evaluate("box => [box.checked, box.indeterminate]") == [True, False]
    page.locator("#list [name=who]").last.scroll_into_view_if_needed()
    expect(act).to_be_in_viewport()
    page.get_by_role("link", name="Next").click()
    expect(said).to_have_text("50 chosen (none of them on this page)")
    every.check()
    expect(said).to_have_text("100 chosen (50 of them not on this page)")
    every.uncheck()
    expect(said).to_have_text("50 chosen (none of them on this page)")
    page.get_by_role("button", name="Choose nobody").click()
    expect(said).to_have_text("Nobody is chosen")


def test_without_a_script_the_acts_appear_at_the_head_of_the_list_with_the_first_tick(worlds, new_visitor):
    forum = worlds["demo"]
    visitor = new_visitor(forum, "en", java_script_enabled=False)
    page = visitor.page
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.index", event=forum.event)
    act = page.get_by_role("button", name="Add a tag …")
    expect(act).to_be_hidden()
    expect(page.get_by_label("All on this page")).to_be_hidden()
    page.locator("#list [name=who]").nth(4).check()
    act.click()
    expect(page.locator("main")).to_contain_text("1 person is chosen for it.")
