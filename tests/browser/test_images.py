"""An organiser sends images, with scripts: a too large file is refused before it is sent; a smaller one is shown."""

import re

import pytest
from playwright.sync_api import Page, expect

from forum.images import making
from tests.browser.focus import focus_problems
from tests.browser.keyboard import Keyboard, is_focused, wire
from tests.browser.measures import axe_violations
from tests.browser.sights import ORGANISER
from tests.factories.images import encoded, ring

pytestmark = pytest.mark.browser
SHARE = re.compile(r"Sent: [2468]0%")
TOOLBAR = "[data-toolbar$=en-body]"


def choose(page: Page, content: bytes) -> None:
    file = {"name": "../../x\0.svg", "mimeType": "image/svg+xml", "buffer": content}
    page.locator("[name=file]").set_input_files(files=[file])


def limit_sending(page: Page, rate: int) -> None:
    """Limit the browser to sending `rate` bytes a second; -1 means no limit."""
    limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
    wire(page).send("Network.emulateNetworkConditions", limits)


@pytest.mark.slow
def test_image_is_sent_described_and_shown(change_world, new_visitor):
    visitor = new_visitor(change_world("demo"), "en")
    page, status = visitor.page, visitor.page.locator("main form [role=status]")
    visitor.sign_in(ORGANISER)
    visitor.open("library.add", event=visitor.world.event)
    choose(page, b"x" * (making.LARGEST_FILE + 1))
    page.locator("main form button").last.click()
    expect(status).to_have_text("The file is larger than 12 MB. Choose a smaller one.")
    assert visitor.endpoint == "library.add"
    choose(page, encoded(ring(1300, 900), "BMP"))
    expect(status).to_have_text("")
    page.locator("main form button").last.click()
    expect(page.locator("[data-error-summary]")).to_be_focused()
    expect(page.locator("[data-error-summary] li")).to_have_count(2)
    choose(page, encoded(ring(700, 620), "PNG", compress_level=0))
    visitor.fill({"alt-sv": "En ring"})
    limit_sending(page, 600_000)
    page.locator("main form button").last.click()
    expect(status).to_have_text(SHARE)
    share = page.locator("main progress").evaluate("bar => bar.value")
    assert 0 < share < 1
    # The page with the errors still has the chosen file and the typed words.
    expect(page.locator("[data-error-summary] li")).to_have_count(1, timeout=20_000)
    assert axe_violations(page) == []
    visitor.fill({"alt-en": "A ring"})
    limit_sending(page, -1)
    page.locator("main form button").last.click()
    expect(page.locator(".flash")).to_contain_text("The image is in the library.", timeout=20_000)
    shown = page.locator("main picture img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => [image.currentSrc.endsWith('.avif'), image.naturalWidth > 0]") == [
        True,
        True,
    ]


def test_refused_image_is_told_in_the_server_s_words_and_can_be_sent_again(change_world, new_visitor):
    visitor = new_visitor(change_world("demo"), "en")
    page, status = visitor.page, visitor.page.locator("main form [role=status]")
    visitor.sign_in(ORGANISER)
    visitor.open("library.add", event=visitor.world.event)
    choose(page, encoded(ring(1300, 900), "PNG"))
    answers = [
        {"status": 503, "body": "<!doctype html><main><h1>The service is busy</h1></main>"},
        {"status": 413, "body": "<center><h1>413 Request Entity Too Large</h1></center>"},
        {"status": 502, "body": ""},
        {"status": 201, "body": '{"url": "/nowhere"}'},
    ]
    left = iter(answers)

    def answer(route):
        if route.request.method != "POST":
            return route.continue_()
        given = next(left, None)
        return route.fulfill(**given, content_type="text/html") if given else route.abort()

    page.route("**/images/new*", answer)
    # An answer with status 204 keeps the browser on the form, as if the person had gone to the next page and back.
    page.route("**/nowhere", lambda route: route.fulfill(status=204))
    button = page.locator("main form button").last
    for said in ("The service is busy", "413 Request Entity Too Large", "502"):
        button.click()
        expect(status).to_have_text(f"The image was not confirmed. The server answered: {said}")
    with page.expect_request("**/nowhere"):
        button.click()
    expect(page.locator("main progress")).to_have_count(0)
    button.click()
    expect(status).to_have_text("The image could not be sent. Check the connection and try again.")
    visitor.tab.complaints.clear()


def test_image_is_searched_and_put_into_a_text_and_chosen_as_cover_by_keyboard(change_world, new_visitor):
    """The toolbar's button opens the library of images in a dialog; the form's button chooses the cover there."""
    visitor = new_visitor(change_world("demo"), "en")
    page, keys = visitor.page, Keyboard(visitor.page)
    visitor.sign_in(ORGANISER)
    visitor.open("posts.new", event=visitor.world.event)
    unused = visitor.world.images["unused"]["key"]
    text, dialog = page.locator("[name=en-body]"), page.get_by_role("dialog")
    text.fill("Before. After.")
    text.evaluate("field => field.setSelectionRange(8, 8)")
    page.locator(TOOLBAR).get_by_role("button", name="Image", exact=True).focus()
    keys.press("Enter")
    choices = dialog.get_by_role("button", name="Choose")
    expect(choices).to_have_count(4)
    assert is_focused(dialog.get_by_role("searchbox"))
    assert axe_violations(page) == []
    page.keyboard.type("ring exempel")
    expect(dialog.get_by_role("status")).to_have_text("1 image matches")
    keys.press("Tab")
    keys.press("Tab")
    assert focus_problems(page) == []
    keys.press("Enter")
    expect(dialog).to_be_hidden()
    expect(text).to_be_focused()
    assert text.input_value() == f"Before. \n\n{{{{image {unused}}}}}\n\nAfter."
    page.get_by_text("Cover image", exact=True).first.click()
    expect(page.get_by_role("button", name="Search all images")).to_be_visible()
    box = page.locator(f"[name=cover][value='{unused}']")
    # Remove the image from the page, as if the form did not list it.
    box.evaluate("box => box.closest('.library-item').remove()")
    answers = []

    def take_time(route):
        answers.append(route)

    page.route("**/images/choose?*", take_time)
    with page.expect_request("**/images/choose?*"):
        # Focus and press in one step, so that nothing can come between them.
        page.get_by_role("button", name="Search all images").press("Enter")
    choice = dialog.locator(f"[data-choose='{unused}']")
    choice.focus()  # until the search is answered, the images of the previous search are shown
    shown_before = choice.element_handle()
    answers[0].continue_()
    shown_before.wait_for_element_state("hidden")
    expect(choice).to_be_focused()
    keys.press("Enter")
    expect(box).to_be_focused()
    expect(box).to_be_checked()
    expect(page.locator(f"label[for='{box.get_attribute('id')}']")).not_to_be_empty()
    page.locator("[name=en-headline]").fill("Covered")
    page.get_by_role("button", name="Save the draft").first.click()
    expect(page.locator("h1")).to_have_text("Edit “Covered”")
    expect(box).to_be_checked()
