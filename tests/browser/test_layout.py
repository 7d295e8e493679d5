"""A post's text begins on the first screen."""

import pytest

from tests.browser.measures import resize
from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["post with a content note", "post with a correction"])
def test_a_posts_text_begins_on_the_first_screen(visit, name):
    page = visit(BY_NAME[name], "en").page
    for width, height in ((390, 844), (1280, 800)):
        resize(page, width, height)
        page.evaluate("scrollTo(0, 0)")
        box = page.locator(".prose p").first.bounding_box()
        assert box["y"] < height - 24, f"at {width} px"
