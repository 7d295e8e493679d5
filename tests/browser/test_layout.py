"""A post's text begins on the first screen, and links of the overview lie apart."""

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


CENTRES = """links => links.map(link => {
  const box = link.getBoundingClientRect();
  return [box.top + box.height / 2, box.width];
})"""


def test_links_of_the_overview_lie_apart_and_are_wide_enough(visit):
    """Links below each other stand in paragraphs of their own; a link of one digit is 24 px wide, too (A17)."""
    page = visit(BY_NAME["overview, cancelled"], "sv").page
    for width in (390, 1280):
        resize(page, width)
        (first, _), (second, _) = page.locator("#registration ~ p > a").evaluate_all(CENTRES)
        assert second - first > 28, f"at {width} px"
    page = visit(BY_NAME["overview, long"], "sv").page
    resize(page, 390)
    assert [box for box in page.locator(".balance .num a").evaluate_all(CENTRES) if box[1] < 24] == []
