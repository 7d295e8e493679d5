"""Every page stays readable and usable: small screens, large and wide text, paper, other colours, no motion."""

import pytest

from tests.browser.measures import LOOKS, READING, axe_violations, measure, resize, space_text
from tests.browser.sights import BY_NAME, EVERY_KIND

pytestmark = pytest.mark.browser
PHONE, DESK = 320, 1280
PAPER = 718  # the width in px of an A4 page without its margins
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


def looks():
    """Yield each page with one combination of language, colour scheme and width, in turn.

    Pages that have every kind of element are in `make test`, the others in `make test-slow`.
    """
    for number, name in enumerate(BY_NAME):
        language = ("sv", "en")[number // len(LOOKS) % 2]
        marks = () if name in EVERY_KIND else pytest.mark.slow
        yield pytest.param(name, language, *LOOKS[number % len(LOOKS)], marks=marks, id=name)


@pytest.mark.parametrize(("name", "language", "scheme", "width"), list(looks()))
def test_page_can_be_used_on_small_screens_with_other_text_and_on_paper(visit, name, language, scheme, width):
    """axe-core finds nothing in one look; text is readable at 320 px (400 % of 1280), at 200 % and with wider spacing;
    touch targets have 24 px; different links and buttons have different names; fields, choices, tables and messages
    are marked up correctly; prints have the content without the navigation, and nothing moves when reduced motion is
    asked for (A01, A03–A05, A09, A17–A21).

    One test for all this, because opening the page takes longer than measuring it.
    """
    page, found = visit(BY_NAME[name], language, width=width, scheme=scheme).page, {}
    found[f"axe, {scheme}, {width}"] = axe_violations(page)
    page.emulate_media(color_scheme="light")
    resize(page, PHONE)
    found["phone"] = measure(page, *READING, "small")
    resize(page, PHONE, 256)
    found["400 %"] = measure(page, *READING)
    resize(page, DESK)
    found["desk"] = measure(page, *READING, "small", "twins", *CONTENT)
    resize(page, DESK // 2)
    found["200 %"] = measure(page, *READING)
    resize(page, PAPER)
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    found["paper"] = measure(page, "printed", "sideways", "cut", "motion")
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    resize(page, DESK), space_text(page)
    found["spaced text"] = measure(page, *READING)
    resize(page, PHONE)
    found["spaced text on a phone"] = measure(page, *READING)
    assert {look: problems for look, problems in found.items() if problems} == {}


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
@pytest.mark.parametrize("name", ["post with a content note", "post with a correction"])
def test_a_posts_text_begins_on_the_first_screen(visit, name, width, height):
    page = visit(BY_NAME[name], "en", width=width).page
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate("scrollTo(0, 0)")
    box = page.locator(".prose p").first.bounding_box()
    assert box["y"] < height - 24
