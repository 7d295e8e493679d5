"""A dialog announces the end of a sign-in two minutes before, and a button extends it (A11; WCAG 2.2.1)."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from forum import clock
from forum.extensions import db
from tests.browser.focus import focus_problems
from tests.browser.keyboard import Keyboard, is_focused
from tests.browser.measures import axe_violations, resize
from tests.browser.sights import BY_NAME, ORGANISER
from tests.browser.visitor import Visitor
from tests.browser.worlds import NOW, World

pytestmark = pytest.mark.browser
DIALOGS = ("soon", "last", "over")
LOOKS = [  # for each look: its width, its colour scheme, and whether colours are forced
    (width, scheme, forced)
    for width in (320, 768, 1280)
    for scheme, forced in (("light", "none"), ("dark", "none"), ("dark", "active"))
]


@pytest.fixture
def organiser(change_world, new_visitor) -> Visitor:
    """Give an organiser's browser at the export form, with a clock that the test moves."""
    visitor = new_visitor(change_world("demo"), "en")
    visitor.page.context.clock.install(time=NOW)
    visitor.sign_in(ORGANISER)
    visitor.open("attendees.export", event=visitor.world.event)
    return visitor


def wait(visitor: Visitor, **units: float) -> None:
    """Move the time forward, in every tab of the browser and on the server."""
    gone = timedelta(**units)
    clock.freeze(clock.now() + gone)
    visitor.page.context.clock.run_for(gone // timedelta(milliseconds=1))


def dialog(page: Page) -> Locator:
    """Return the open dialogs of the page, as a locator."""
    return page.get_by_role("dialog")


def test_a_warning_comes_two_minutes_before_and_one_press_puts_the_end_off(organiser):
    page, keys = organiser.page, Keyboard(organiser.page)
    wait(organiser, minutes=27, seconds=50)
    expect(dialog(page)).to_have_count(0)
    wait(organiser, seconds=15)
    expect(dialog(page)).to_have_accessible_name("You will soon be signed out")
    assert is_focused(page.get_by_role("button", name="Stay signed in"))
    keys.press("Enter")
    expect(dialog(page)).to_have_count(0)
    wait(organiser, minutes=27, seconds=50)
    expect(dialog(page)).to_have_count(0)
    wait(organiser, seconds=15)
    expect(dialog(page)).to_have_accessible_name("You will soon be signed out")
    organiser.open("attendees.index", event=organiser.world.event)
    expect(page.locator("h1")).to_have_text("Attendees")


def test_the_end_is_said_and_what_was_entered_is_there_after_signing_in(organiser):
    page, keys = organiser.page, Keyboard(organiser.page)
    purpose = page.get_by_label("Contact with those registered")
    purpose.check()
    wait(organiser, minutes=28, seconds=1)
    keys.press("Escape")
    expect(dialog(page)).to_have_count(0)
    assert is_focused(purpose)
    wait(organiser, minutes=2)
    expect(dialog(page)).to_have_accessible_name("You have been signed out")
    expect(dialog(page)).to_have_accessible_description(re.compile("is still here"))
    keys.press("Enter")
    expect(dialog(page)).to_have_count(0)
    # Send the event that browsers send when a person comes back from another tab.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    wait(organiser, minutes=2)
    expect(dialog(page)).to_have_count(0)
    page.get_by_label("Our own office").check()
    organiser.submit()
    expect(page.locator("h1")).to_have_text("Sign in")
    organiser.sign_in(ORGANISER)
    organiser.open("attendees.export", event=organiser.world.event)
    expect(page.get_by_label("Contact with those registered")).to_be_checked()
    expect(page.get_by_label("Our own office")).to_be_checked()


def test_dialog_says_of_a_chosen_file_alone_that_it_is_not_kept(organiser):
    page, words = organiser.page, "A file that you have chosen is not kept"
    organiser.open("imports.new", event=organiser.world.event)
    wait(organiser, minutes=30, seconds=1)
    expect(dialog(page).get_by_text(words)).to_be_hidden()
    organiser.sign_in(ORGANISER)
    organiser.open("imports.new", event=organiser.world.event)
    page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": b"x"}
    )
    wait(organiser, minutes=30, seconds=1)
    expect(dialog(page).get_by_text(words)).to_be_visible()


def test_who_signs_in_again_in_another_tab_finds_the_words_of_this_one(organiser):
    page = organiser.page
    page.get_by_label("Contact with those registered").check()
    page.get_by_label("Our own office").check()
    wait(organiser, minutes=31)
    Keyboard(page).press("Escape")
    page.context.clear_cookies()
    organiser.sign_in(ORGANISER)
    organiser.submit()
    expect(page.locator("h1")).to_have_text("Export the list")
    expect(page.get_by_label("Contact with those registered")).to_be_checked()
    expect(page.locator(".flash")).to_contain_text(
        "What you entered is still here. Read it through and send it."
    )


def test_another_tab_that_is_used_puts_off_the_end_of_this_one(organiser):
    page = organiser.page
    wait(organiser, minutes=20)
    other = page.context.new_page()
    other.goto(page.url)
    wait(organiser, minutes=9)
    expect(dialog(page)).to_have_count(0)
    wait(organiser, minutes=19, seconds=30)
    expect(dialog(page)).to_have_count(1)
    expect(dialog(other)).to_have_count(1)
    dialog(other).get_by_role("button").press("Enter")
    expect(dialog(page)).to_have_count(0)
    other.close()


def test_without_an_answer_it_says_so_and_can_be_tried_again(organiser):
    page = organiser.page
    wait(organiser, minutes=28, seconds=1)
    page.route("**/account/time-left", lambda route: route.abort())
    stay = page.get_by_role("button", name="Stay signed in")
    stay.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
    page.unroute("**/account/time-left")
    (complaint,) = organiser.tab.complaints
    assert complaint.endswith("net::ERR_FAILED")
    organiser.tab.complaints.clear()
    stay.press("Enter")
    expect(dialog(page)).to_have_count(0)


def test_who_was_signed_out_meanwhile_hears_it(organiser):
    page = organiser.page
    wait(organiser, minutes=28, seconds=1)
    forget_sign_ins(organiser.world)
    page.get_by_role("button", name="Stay signed in").press("Enter")
    expect(dialog(page)).to_have_accessible_name("You have been signed out")


def test_the_longest_time_cannot_be_put_off(organiser):
    page = organiser.page
    for _ in range(36):
        clock.freeze(clock.now() + timedelta(minutes=20))
        page.context.request.get(organiser.address("own_account.time_left"))
    clock.freeze(NOW + timedelta(hours=11, minutes=58, seconds=30))
    page.reload()
    expect(dialog(page)).to_contain_text("almost twelve hours")
    expect(dialog(page).get_by_role("button")).to_have_text("Close")


@pytest.mark.parametrize(
    ("name", "language", "look"), list(zip(DIALOGS, ("sv", "en", "sv"), LOOKS[::4], strict=True))
)
def test_dialogs_are_sound(visit, name, language, look):
    page = visit(BY_NAME["attendees"], language).page
    show(page, name)
    assert problems(page, *look) == []


@pytest.mark.slow
@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", DIALOGS)
def test_dialogs_are_sound_in_every_look(visit, name, language):
    page = visit(BY_NAME["attendees"], language).page
    show(page, name)
    assert [problem for look in LOOKS for problem in problems(page, *look)] == []


def show(page: Page, name: str) -> None:
    """Open a dialog, as the page's script would."""
    page.evaluate(f"document.querySelector('[data-{name}]').showModal()")


def problems(page: Page, width: int, scheme: str, forced: str) -> list[str]:
    """Return what is wrong with the open dialog in this width, scheme and colour mode."""
    page.emulate_media(color_scheme=scheme, forced_colors=forced)
    resize(page, width)
    found = axe_violations(page, colours="too" if forced == "none" else "none")
    Keyboard(page).press("Tab")
    found += focus_problems(page)
    if page.evaluate("document.querySelector('dialog[open]').scrollWidth > innerWidth"):
        found.append("is too wide")
    return [f"{width}, {scheme}, forced {forced}: {problem}" for problem in found]


def forget_sign_ins(world: World) -> None:
    """End every sign-in, as if from another browser."""
    with world.app.app_context():
        db.session.execute(db.text("DELETE FROM sign_ins"))
        db.session.commit()
