"""Public pages that count the same thing show the same number, and a table's last row is the sum of the others."""

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest
from bs4 import BeautifulSoup, Tag

from forum.events.queries import find_current
from tests.factories.events import make_event, make_sector
from tools.page_checks import words

# Sentences from which the numbers of places left and of all places of the event are read.
ALL_LEFT = (
    r"(\d+) places? left",
    r"(\d+) of \d+ places are left",
    r"share the (\d+|one) places? that (?:is|are) left",
)
ALL = (r"\d+ places? left of (\d+)", r"\d+ of (\d+) places are left", r"The forum has (\d+) places")
# Words that precede a sector's number, in an element that names only this sector.
OF_SECTOR = {
    "left": r"(\d+) (?:places? )?left",
    "waiting": r"(\d+) waiting",
    # "If your sector is full" is a condition: it does not say that no place is left.
    "full": r"(?<!your sector is )(full|Full)\b",
}
PAGES = ("/en/", "/en/register", "/en/register/{sector}")


@pytest.mark.slow
def test_pages_of_the_demo_agree_with_themselves_and_each_other(demo, pages):
    with demo.app_context():
        names = {sector.key: sector.name["en"] for sector in find_current().sectors}
    shown = [path.format(sector=key) for path in PAGES for key in (names if "{" in path else [""])]
    found = merged(claims(pages.get(path).soup, names.values()) for path in shown)
    assert {"left of all", "left of Politics", "left of Justice"} <= set(found)
    assert contradictions(found) == {}
    assert [problem for path in shown for problem in wrong_sums(pages.get(path).soup)] == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("taken", [0, 7, 9, 10])
def test_pages_of_a_small_event_agree(pages, taken):
    event = make_event(
        capacity=10,
        taken=taken,
        sectors=[
            make_sector("tech", floor=2, ceiling=8, taken=taken - taken // 2),
            make_sector("ngo", taken=taken // 2),
        ],
    )
    names = [sector.name["en"] for sector in event.sectors]
    found = merged(claims(pages.get(path).soup, names) for path in ("/en/", "/en/register"))
    assert contradictions(found) == {}


CONTRADICTING = """<main><svg><text>81</text><text>places left</text><text>of 250</text></svg>
<table><tbody><tr><th>Justice</th><td>4</td><td><b>19</b> left</td></tr>
<tr><th>NGOs</th><td>6</td><td>full</td></tr></tbody>
<tfoot><tr><th>Together</th><td>11</td><td>80 of 250 places are left</td></tr></tfoot></table>
<ul><li><p>Justice</p><p>up to 20 left</p></li><li>NGOs, 3 left</li></ul><p>251 places left of 251</p></main>"""


def test_what_contradicts_itself_is_found():
    """Control: different numbers for the same count are found in a picture, a table, a list and a sentence."""
    page = BeautifulSoup(CONTRADICTING, "html.parser")
    assert contradictions(claims(page, ["Justice", "NGOs"])) == {
        "all": {"250", "251"},
        "left of all": {"81", "80", "251"},
        "left of Justice": {"19", "20"},
        "left of NGOs": {"0", "3"},
    }
    assert wrong_sums(page) == ["Together: 4 + 6 is not 11"]


def contradictions(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the counts for which different numbers were found, with these numbers."""
    return {claim: numbers for claim, numbers in found.items() if len(numbers) > 1}


def merged(several) -> dict[str, set[str]]:
    """Merge the numbers found on several pages, by what they count."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in several:
        for claim, numbers in one.items():
            found[claim] |= numbers
    return found


def claims(page: BeautifulSoup, sectors) -> dict[str, set[str]]:
    """Return the numbers on a page by what they count, such as "left of Justice"."""
    found: dict[str, set[str]] = defaultdict(set)
    for element in page.main.find_all(True):
        said = [element["aria-label"]] if element.get("aria-label") else []
        said += [words(element)] if _speaks_of_all(element) else []
        for text in said:
            if not any(name in text for name in sectors):
                found["left of all"] |= {
                    "1" if number == "one" else number for number in _all(ALL_LEFT, text)
                }
                found["all"] |= set(_all(ALL, text))
    for name in sectors:
        for element in _smallest_that_name(page.main, name, sectors):
            for claim, number in _of_sector(words(element)):
                found[f"{claim} of {name}"].add(number)
    return {claim: numbers for claim, numbers in found.items() if numbers}


def _of_sector(text: str) -> Iterator[tuple[str, str]]:
    for claim, pattern in OF_SECTOR.items():
        for number in re.findall(pattern, text):
            yield ("left", "0") if claim == "full" else (claim, number)


def _all(patterns: tuple[str, ...], text: str) -> list[str]:
    return [number for pattern in patterns for number in re.findall(pattern, text)]


def _speaks_of_all(element: Tag) -> bool:
    """Return whether the element is of a kind that holds whole sentences: a paragraph, heading, cell or picture."""
    return element.name in {"p", "h1", "h2", "h3", "td", "th", "li", "svg", "figcaption"}


def _smallest_that_name(main: Tag, name: str, sectors) -> Iterator[Tag]:
    """Yield the innermost elements that name only this sector and have a number for it."""
    others = [other for other in sectors if other != name]

    def says(element: Tag) -> bool:
        text = words(element)
        return name in text and any(_of_sector(text)) and not any(other in text for other in others)

    for element in main.find_all(says):
        if not element.find(says):
            yield element


def wrong_sums(page: BeautifulSoup) -> list[str]:
    """Return the table columns, of numbers only, whose last row is not the sum of the rows above."""
    problems = []
    for table in page.find_all("table"):
        rows = [[words(cell) for cell in row(["th", "td"])] for row in table.select("tbody tr")]
        for foot in table.select("tfoot tr"):
            name, *sums = (words(cell) for cell in foot(["th", "td"]))
            for index, total in enumerate(sums, start=1):
                column = [row[index] for row in rows if len(row) > index]
                if all(text.isdigit() for text in [total, *column]) and sum(map(int, column)) != int(total):
                    problems.append(f"{name}: {' + '.join(column)} is not {total}")
    return problems
