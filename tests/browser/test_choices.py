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
    page.get_by_role("button", name="Choose none", include_hidden=True).evaluate("button => button.click()")
    boxes, said = page.locator("#list [name=who]"), page.locator("[data-chosen-said]")
    only = page.get_by_role("link", name="Show only the chosen")
    expect(said).to_contain_text("0 of ")
    expect(only).to_be_hidden()

    page.route("**/attendees/choice*", lambda route: route.fulfill(body="no answer of the forum"), times=1)
    boxes.nth(1).check()
    expect(said).to_have_text("Your last change is not kept yet. Press “Keep the choice”.")
    boxes.nth(1).uncheck()
    expect(said).to_contain_text("0 of ")
    boxes.nth(1).check()
    name = page.locator("#list .person-name a").nth(1).inner_text()
    expect(said).to_contain_text("1 of ")
    other = visitor.page.context.new_page()
    other.goto(page.url)
    other.locator("#list [name=who]").nth(1).uncheck()
    expect(other.locator("[data-chosen-said]")).to_contain_text("0 of ")
    # Meanwhile the person was unticked on another page. The button sends only what was changed on its own page, so the
    # person stays unticked.
    page.get_by_role("button", name="Keep the choice").click()
    expect(boxes.nth(1)).not_to_be_checked()
    boxes.nth(1).check()
    expect(said).to_contain_text("1 of ")
    only.click()
    expect(page.locator("#list .person-name a")).to_have_text([name])
    boxes.nth(0).uncheck()
    expect(said).to_contain_text("0 of ")
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
    page.get_by_role("button", name="Choose none", include_hidden=True).evaluate("button => button.click()")
    expect(page.locator("[data-chosen-said]")).to_contain_text("0 of ")
    page.evaluate(HOLD_FIRST_REQUEST)
    box = page.locator("#list [name=who]").first
    answers = []
    page.on("response", lambda answer: answers.append(answer.json()["number"]))
    box.check()
    box.uncheck()
    for _wait in range(100):  # repeat for ten seconds at most
        page.wait_for_timeout(100)
        if len(answers) == 2:
            break
    assert answers == [1, 0]
