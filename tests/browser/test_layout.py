"""Every page stays readable and usable: small screens, large and wide text, paper, other colours, no motion."""

import pytest

from tests.browser.measures import READING, measure, resize, space_text
from tests.browser.sights import BY_NAME

pytestmark = pytest.mark.browser
PHONE, DESK = 320, 1280
# Names of the measures (measures.js) whose result does not depend on the colour scheme.
CONTENT = (
    "spoken",
    "fields",
    "choices",
    "purposes",
    "tables",
    "tongues",
    "told",
)


def languages():
    """Return each page in Swedish or English alternately."""
    return [pytest.param(name, ("sv", "en")[number % 2], id=name) for number, name in enumerate(BY_NAME)]


@pytest.mark.parametrize(("name", "language"), languages())
def test_page_bears_small_screens_and_other_text(visit, name, language):
    """Text is readable at 320 px (400 % of 1280), at 200 % and with wider spacing; touch targets have 24 px; different
    links and buttons have different names; fields, choices, tables and messages are marked up correctly
    (A03–A05, A09, A17–A20)."""
    page, found = visit(BY_NAME[name], language, width=PHONE).page, {}
    found["phone"] = measure(page, *READING, "small")
    resize(page, PHONE, 256)
    found["400 %"] = measure(page, *READING)
    resize(page, DESK)
    found["desk"] = measure(page, *READING, "small", "twins", *CONTENT)
    resize(page, DESK // 2)
    found["200 %"] = measure(page, *READING)
    resize(page, DESK), space_text(page)
    found["spaced text"] = measure(page, *READING)
    resize(page, PHONE)
    found["spaced text on a phone"] = measure(page, *READING)
    assert {look: problems for look, problems in found.items() if problems} == {}


@pytest.mark.parametrize(("name", "language"), languages())
def test_page_keeps_all_it_says_on_paper_and_without_motion(visit, name, language):
    """Prints have the content without the navigation, and nothing moves when reduced motion is asked for (A21)."""
    page = visit(BY_NAME[name], language, width=718).page  # the width in px of an A4 page without its margins
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    assert measure(page, "printed", "sideways", "cut", "motion") == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
@pytest.mark.parametrize("name", ["post with a content note", "post with a correction"])
def test_a_posts_text_begins_on_the_first_screen(visit, name, width, height):
    page = visit(BY_NAME[name], "en", width=width).page
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(".prose p").first.bounding_box()
    assert box["y"] < height - 24
