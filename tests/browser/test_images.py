"""An organiser sends images, with scripts: a too large file is refused before it is sent; a smaller one is shown."""

import pytest
from playwright.sync_api import Page, expect

from forum.images import making
from tests.browser.sights import ORGANISER
from tests.browser.visitor import follow
from tests.factories.images import encoded, ring

pytestmark = pytest.mark.browser


def choose(page: Page, content: bytes) -> None:
    file = {"name": "../../x\0.svg", "mimeType": "image/svg+xml", "buffer": content}
    page.locator("[name=file]").set_input_files(files=[file])


def test_image_is_sent_described_and_shown(change_world, new_visitor):
    visitor = new_visitor(change_world("demo"), "en")
    page, status = visitor.page, visitor.page.locator("main form [role=status]")
    visitor.sign_in(ORGANISER)
    visitor.open("library.add", event=visitor.world.event)
    choose(page, b"x" * (making.LARGEST_FILE + 1))
    page.locator("main form button").last.click()
    expect(status).to_have_text("The file is larger than 12 MB. Choose a smaller one.")
    assert visitor.endpoint == "library.add"
    choose(page, encoded(ring(1300, 900), "PNG"))
    expect(status).to_have_text("")
    visitor.fill({"alt-sv": "En ring", "alt-en": "A ring"})
    follow(page.locator("main form button").last)
    expect(page.locator(".flash")).to_contain_text("The image is in the library.")
    shown = page.locator("main picture img")
    expect(shown).to_have_js_property("complete", True)
    assert shown.evaluate("image => [image.currentSrc.endsWith('.webp'), image.naturalWidth > 0]") == [
        True,
        True,
    ]
