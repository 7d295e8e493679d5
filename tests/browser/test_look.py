"""The look of pages, measured in a browser: labels of the ring chart, checkboxes on dark pages, tables on phones."""

import pytest
from playwright.sync_api import Page

from tests.browser.sights import BY_NAME
from tests.browser.worlds import LONG_ORGANISATION

pytestmark = pytest.mark.browser
SMALLEST_WORDS = 11  # smallest font size in px of labels in the chart, which a table repeats in full size
TEXTS = """() => [...document.querySelectorAll(".ring-named :is(.ring-name, .ring-big, .ring-small)")].map(text => {
    const box = text.getBoundingClientRect(), scale = text.getScreenCTM().a;
    const size = Math.min(...[text, ...text.children].map(part => parseFloat(getComputedStyle(part).fontSize))) * scale;
    return { words: text.textContent, size, left: box.left, right: box.right, top: box.top, bottom: box.bottom };
})"""
STROKES = """kind => parseFloat(getComputedStyle(document.querySelector(`main .ring-${kind}`)).strokeWidth)"""
CONTRASTS = """() => {
    const shade = colour => { const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05 };
    const page = shade(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll("main .choice-box")].map(box => {
        const edge = shade(getComputedStyle(box).borderTopColor);
        return Math.max(edge, page) / Math.min(edge, page);
    });
}"""
DAYS = """() => [...document.querySelectorAll(".rail-hours dt")]
    .map(day => day.getBoundingClientRect().height / parseFloat(getComputedStyle(day).lineHeight))"""
CUT = """() => [...document.querySelectorAll("main .table-scroll")]
    .filter(frame => frame.scrollWidth > frame.clientWidth).map(frame => frame.ariaLabel)"""

PHONE_WIDTH, PHONE_HEIGHT = 390, 664  # a phone of 390 × 844 px, without the bars of its browser
LINES = """() => [...document.querySelectorAll(".people tbody tr")].map(row => {
    const texts = document.createTreeWalker(row, NodeFilter.SHOW_TEXT), middles = [];
    while (texts.nextNode()) {
        const range = document.createRange();
        if (!texts.currentNode.parentElement.checkVisibility()) continue;  // the menu of a row, closed
        range.selectNodeContents(texts.currentNode);
        middles.push(...[...range.getClientRects()].filter(box => box.width > 1).map(box => box.top + box.height / 2));
    }
    middles.sort((one, other) => one - other);
    return middles.filter((middle, at) => !at || middle - middles[at - 1] > 8).length;
})"""


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_names_at_the_arcs_are_read_and_stand_apart(visit, width, language):
    page = visit(BY_NAME["front"], language, width=width).page
    texts = page.evaluate(TEXTS)
    assert len(texts) == 7
    assert [text for text in texts if text["size"] < SMALLEST_WORDS] == []
    assert [text for text in texts if text["left"] < 0 or text["right"] > width] == []
    # The last two texts are in the middle of the ring, close together on purpose, so they are not compared.
    names = texts[:-2]
    assert [(one["words"], other["words"]) for one, other in pairs(names) if overlap(one, other)] == []


def test_free_places_are_smaller_than_taken_ones_in_colours_of_the_system(visit):
    page = visit(BY_NAME["front"]).page
    free, taken = strokes(page)
    assert free == taken
    page.emulate_media(forced_colors="active")
    free, taken = strokes(page)
    page.emulate_media(forced_colors="none")
    assert 0 < free < taken / 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_boxes_to_tick_and_to_choose_are_seen_on_every_ground(visit, scheme):
    page = visit(BY_NAME["details"], scheme=scheme).page
    contrasts = page.evaluate(CONTRASTS)
    ticked, chosen = page.locator("main [type=checkbox]").count(), page.locator("main [type=radio]").count()
    assert min(ticked, chosen) > 0
    assert len(contrasts) == ticked + chosen
    assert min(contrasts) >= 3


@pytest.mark.parametrize("width", [390, 1280])
def test_days_beside_the_form_with_errors_stay_on_one_line(visit, width):
    page = visit(BY_NAME["details with errors"], "en", width=width).page
    lines = page.evaluate(DAYS)
    assert len(lines) == 2
    assert max(lines) < 1.5


@pytest.mark.parametrize("name", ["page privacy", "page code of conduct"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_no_table_is_cut_on_a_phone(visit, name, language):
    assert visit(BY_NAME[name], language, width=390).page.evaluate(CUT) == []


@pytest.mark.parametrize("language", ["sv", "en"])
def test_each_person_has_two_lines_on_a_phone_and_the_first_is_on_the_first_screen(visit, language):
    page = visit(BY_NAME["attendees"], language, width=PHONE_WIDTH).page
    first = page.locator(".people tbody tr").first.bounding_box()
    assert first["y"] + first["height"] <= PHONE_HEIGHT
    lines = page.evaluate(LINES)
    assert (len(lines), set(lines)) == (50, {2})


def test_a_long_organisation_ends_in_dots_on_a_phone_and_is_whole_on_the_persons_page(visit):
    visitor = visit(BY_NAME["attendees"], width=PHONE_WIDTH)
    visitor.open("attendees.index", event=visitor.world.event, q=LONG_ORGANISATION.split()[0])
    cell = visitor.page.locator(".person-organisation").first
    assert cell.evaluate(
        "cell => cell.scrollWidth > cell.clientWidth && getComputedStyle(cell).textOverflow"
    ) == ("ellipsis")
    assert set(visitor.page.evaluate(LINES)) == {2}
    visitor.follow_first(".person-name a")
    assert LONG_ORGANISATION in visitor.page.locator("main").inner_text()


def strokes(page: Page) -> tuple[float, float]:
    return page.evaluate(STROKES, "free"), page.evaluate(STROKES, "taken")


def pairs(texts: list[dict]) -> list[tuple[dict, dict]]:
    return [(one, other) for at, one in enumerate(texts) for other in texts[:at]]


def overlap(one: dict, other: dict) -> bool:
    apart = one["right"] <= other["left"] or other["right"] <= one["left"]
    return not apart and one["top"] < other["bottom"] and other["top"] < one["bottom"]
