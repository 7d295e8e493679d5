"""Every page can be read and used in both languages: axe-core, small screens, large and wide text, paper, keyboard."""

import pytest
from playwright.sync_api import Page

from tests.browser.keyboard import Keyboard, focusable_places
from tests.browser.looks import Axe
from tests.browser.measures import READING, measure, resize, space_text, unspace_text
from tests.browser.sights import BY_NAME, EVERY_KIND

pytestmark = pytest.mark.browser
PHONE, DESK = 320, 1280
PAPER = 718  # the width in px of an A4 page without its margins
# Names of the measures (measures.js) whose result does not depend on the colour scheme.
CONTENT = ("spoken", "fields", "choices", "purposes", "tables", "tongues", "told")
# Mistakes that a test plants in the registration form, by the words with which they are reported: styles, or a script
# that changes the elements.
PLANTED = {
    "color-contrast": "main p { color: #aaa !important; background: #fff !important }",
    "target-size": "main .actions > * { all: unset !important; display: block !important; height: 9px !important }",
    "label": "() => document.querySelector('main input.input').labels[0].remove()",
    "px wide": "main h1 { width: 2000px }",
}
STYLE = """styles => {
    document.adoptedStyleSheets = [new CSSStyleSheet()];
    document.adoptedStyleSheets[0].replaceSync(styles);
}"""
IN_TURN = 6  # six pages are measured in Swedish, the next six in English, and so on


def pages():
    """Yield each page with the language in which it is measured.

    Pages that have every kind of element are in `make test`, the others in `make test-slow`.
    """
    for number, name in enumerate(BY_NAME):
        marks = () if name in EVERY_KIND else pytest.mark.slow
        yield pytest.param(name, ("sv", "en")[number // IN_TURN % 2], marks=marks, id=name)


@pytest.mark.parametrize(("name", "measured_in"), list(pages()))
def test_page_can_be_read_and_used(visit, axe, name, measured_in):
    """axe-core finds nothing in light, dark and forced colours at 320, 768 and 1280 px, in both languages; text is
    readable at 320 px (400 % of 1280), at 200 % and with wider spacing; touch targets have 24 px; different links and
    buttons have different names; fields, choices, tables and messages are marked up correctly; prints have the content
    without the navigation, and nothing moves when reduced motion is asked for; Tab reaches every element and is never
    trapped, and Shift+Tab goes the same way back (A01, A03–A05, A09, A15, A17–A21).

    One test for all this, because opening the page takes longer than most of it, and because the rules of axe that
    depend on the document alone need not run again in the other language (looks.py).
    """
    found = {}
    for language in ("sv", "en"):
        page = visit(BY_NAME[name], language).page
        found[f"axe, {language}"] = axe.violations(page)
        page.emulate_media(color_scheme="light", forced_colors="none")
        if language == measured_in:
            found |= {f"{look}, {language}": faults for look, faults in unreadable(page).items()}
        if language == "sv":
            resize(page, DESK)
            found["keyboard"] = unreachable(page)
    assert {look: faults for look, faults in found.items() if faults} == {}


@pytest.mark.parametrize("word", PLANTED)
def test_a_mistake_in_a_page_is_found(visit, word):
    """Control: weak contrast, small targets, a missing label and an overflow are found, though axe knows the page."""
    page, axe, mistake = visit(BY_NAME["details"], "en").page, Axe(widths=(PHONE,)), PLANTED[word]
    assert (axe.violations(page), measure(page, "sideways")) == ([], [])
    page.evaluate(mistake) if "=>" in mistake else page.evaluate(STYLE, mistake)
    found = axe.violations(page) + measure(page, "sideways")
    assert [sentence for sentence in found if word in sentence] != []


def unreadable(page: Page) -> dict[str, list[str]]:
    """Return the faults that the measures find, by look; the page must be DESK wide and in the light scheme before."""
    found = {"desk": measure(page, *READING, "small", "twins", *CONTENT)}
    found["spaced text"] = measure_spaced(page)
    resize(page, DESK // 2)
    found["200 %"] = measure(page, *READING)
    resize(page, PHONE)
    found["phone"] = measure(page, *READING, "small")
    found["spaced text on a phone"] = measure_spaced(page)
    resize(page, PHONE, 256)
    found["400 %"] = measure(page, *READING)
    resize(page, PAPER)
    page.emulate_media(media="print", color_scheme="dark", reduced_motion="reduce")
    found["paper"] = measure(page, "printed", "sideways", "cut", "motion")
    page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    return found


def measure_spaced(page: Page) -> list[str]:
    """Return the faults that the measures find while the text has wider spacing."""
    space_text(page)
    found = measure(page, *READING)
    unspace_text(page)
    return found


def unreachable(page: Page) -> list[str]:
    """Return where Tab and Shift+Tab leave the document's order of elements; smooth scrolling is turned off."""
    page.emulate_media(reduced_motion="reduce")
    keys, places = Keyboard(page), focusable_places(page)
    ways = {"Tab": places, "Shift+Tab": places[::-1]}
    walked = {key: keys.walk(key) for key in ways}
    return [f"{key} goes {walked[key]}, not {way}" for key, way in ways.items() if walked[key] != way]
