"""A post's text begins on the first screen."""

import pytest

from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
@pytest.mark.parametrize("name", ["post with a content note", "post with a correction"])
def test_a_posts_text_begins_on_the_first_screen(visit, name, width, height):
    page = visit(BY_NAME[name], "en", width=width).page
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(".prose p").first.bounding_box()
    assert box["y"] < height - 24
