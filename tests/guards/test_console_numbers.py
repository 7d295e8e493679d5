"""Pages of the console that count the same thing show the same number, and as many people are in the lists.

The tests read the overview, the attendee list with every filter and on all its pages, the waiting list and people's
pages. A claim names what a number counts, a state or a group of states, and a sector: "waiting of ngo", "everyone of
all".
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextvars import Context
from itertools import product
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag

from forum import clock
from forum.database import start_write
from forum.events.queries import find_current
from forum.extensions import db
from forum.registration.enums import Group, Status
from tests.guards.test_numbers import claims, contradictions, wrong_sums
from tools.page_checks import words
from tools.pages import Pages

Claims = Iterator[tuple[str, int]]
Read = Callable[[str], BeautifulSoup]
COLUMNS = {
    "Confirmed": "confirmed",
    "Held": "held",
    "Held otherwise": "reserved",
    "Taken": "taken",
    "Kept by floor": "kept",
    "In review": "in_review",
    "Waiting": "waiting",
}
# Maps the first words of a registration's state, as lists write it before or after the event, to the state's name.
STATES = {
    "Confirmed": "confirmed",
    "Offered until": "offered",
    "Offered, the time": "offered",
    "Was offered": "offered",
    "Address": "pending",
    "In review": "in_review",
    "Was in review": "in_review",
    "Waiting": "waiting",
    "Was waiting": "waiting",
    "Declined": "declined",
    "Expired": "expired",
    "Cancelled": "cancelled",
}
ENDED = ("declined", "expired", "cancelled")
NUMBER = r"(?P<{}>\d+)"
SENTENCES = (
    "{taken} of {places} places (?:are|were) taken",
    "{free} of {places} places are free",
    r"{taken} taken(?: \+ {kept} kept by floors[^+=]*)? \+ {open} open to every sector = {places} places",
    "{taken} places were taken and {free} stayed free, {places} in all",
    "Held: {offered} offered, {others} with an address",
    "Kept places are released: today {kept} place",
    "The first of {offered} open offers ends",
    "{reserved} places? (?:is|are) held otherwise: for (?:somebody|people) who (?:is|are) invited",
)
PATTERNS = [re.compile(re.sub(r"{(\w+)}", lambda name: NUMBER.format(name[1]), each)) for each in SENTENCES]

# Parameters of links whose number no other page counts: a part of the list, a delegation, an organisation.
UNCOUNTED = {"after", "before", "delegation", "organisation"}


def now(_event):
    return clock.now()


def at_its_end(event):
    return event.ends_at


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("moment", [now, at_its_end])
def test_the_console_of_the_demo_agrees_with_itself_and_with_the_people_in_its_lists(
    demo, sign_in_as, pages, moment
):
    with demo.app_context():
        event = find_current()
        clock.freeze(moment(event))
        names = {sector.name["en"]: sector.key for sector in event.sectors}
        read = reader(sign_in_as(event=event, at=clock.now()))
        found = said(f"/console/{event.slug}", read, names)
        for claim, number in of_each_person(f"/console/{event.slug}", read):
            found.setdefault(claim, set()).add(number)
        is_over = clock.now() >= event.ends_at
        has_reserved = any(sector.reserved for sector in event.sectors)
    for claim, numbers in of_visitors(pages, names):
        found.setdefault(claim, set()).update(numbers)
    states = {*COLUMNS.values(), "place"} - ({"reserved"} if not has_reserved else set())
    needed = {f"{state} of {sector}" for state in states for sector in ("all", *names.values())}
    assert {claim for claim in needed if claim not in found and not (is_over and "kept" in claim)} == set()
    assert contradictions(found) == {}


@pytest.mark.slow
def test_a_counter_that_went_wrong_is_found(demo, sign_in_as):
    """Control: a counter of places that is one higher than the number of registrations is found."""
    with demo.app_context():
        start_write(db.session)
        event = find_current()
        event.sectors[0].taken += 1
        db.session.commit()
        names = {sector.name["en"]: sector.key for sector in event.sectors}
        key, slug = event.sectors[0].key, event.slug
        found = contradictions(said(f"/console/{slug}", reader(sign_in_as(event=event)), names, {key}))
    assert {"place of all", "held of all", f"place of {key}", f"held of {key}"} <= set(found)


@pytest.mark.slow
def test_a_counter_of_places_for_invited_people_that_went_wrong_is_found(demo, sign_in_as):
    """Control: one place too many among those held for invited people is found in the table and the lists."""
    with demo.app_context():
        start_write(db.session)
        event = find_current()
        event.sectors[0].reserved += 1
        db.session.commit()
        names = {sector.name["en"]: sector.key for sector in event.sectors}
        found = contradictions(said(f"/console/{event.slug}", reader(sign_in_as(event=event)), names, set()))
    assert {"place of all", "held of all"} <= set(found)


CONTRADICTING = """<main>
<svg aria-label="7 of 9 places are taken"></svg><a href="/console/x/attendees?status=place">8</a>
<table class="balance"><tbody><tr><th><a href="/console/x/attendees?sector=ngo">NGOs</a></th>
<td data-label="Confirmed">3</td><td data-label="Held">2</td><td data-label="Taken">6</td></tr></tbody></table>
<p>7 taken + 1 kept by floors until 1 October 2027 + 2 open to every sector = 9 places.</p>
<a href="/console/x/attendees?sector=ngo&amp;status=confirmed" aria-label="4 confirmed">3</a></main>"""


def test_what_contradicts_itself_is_found():
    """Control: contradictions in sentences, in links and in the table of places by sector are found."""
    found = gathered(of_page(BeautifulSoup(CONTRADICTING, "html.parser")))
    assert contradictions(found) == {
        "places of all": {9, 10},
        "taken of ngo": {5, 6},
        "confirmed of ngo": {3, 4},
    }


def reader(organiser) -> Read:
    """Return a function that fetches and parses a page."""

    def read(path: str) -> BeautifulSoup:
        answer = Context().run(organiser.client.get, path)
        assert answer.status_code == 200, path
        return BeautifulSoup(answer.get_data(as_text=True), "html.parser")

    return read


def said(
    console: str, read: Read, names: dict[str, str], sectors: set[str] | None = None
) -> dict[str, set[int]]:
    """Return the numbers on an event's console, grouped by what they count; `names` holds the sectors' keys by name.

    The function reads the list of everybody and that of each sector in `sectors`, by default of every sector.
    """
    overview = read(f"{console}/")
    assert wrong_sums(overview) == []
    found = [*of_page(overview), *of_waiting_list(read(f"{console}/waiting"), names)]
    for sector, state in product(
        ("", *(names.values() if sectors is None else sectors)), ("", *Group, *Status)
    ):
        query = {name: value for name, value in (("sector", sector), ("status", state)) if value}
        found += of_list(f"{console}/attendees?{urlencode(query)}", query, read, names)
    for query in ({"q": "a"}, {"q": "a", "status": "place"}):
        found += of_list(f"{console}/attendees?{urlencode(query)}", query, read, names)
    return gathered(found)


def of_each_person(console: str, read: Read) -> Claims:
    """Yield the numbers on the pages of all people who wait, have an offer or are in review."""
    for state in ("waiting", "offered", "in_review"):
        yield from of_people(f"{console}/attendees?status={state}", state, read)


def of_visitors(pages: Pages, names: dict[str, str]) -> Iterator[tuple[str, set[int]]]:
    """Yield the numbers of the public front page and the choice of sectors, named as on the console."""
    same = {"all": "places of all"} | {
        f"waiting of {name}": f"waiting of {key}" for name, key in names.items()
    }
    for path in ("/en/", "/en/register"):
        for claim, numbers in claims(pages.get(path).soup, names).items():
            yield same.get(claim, claim), set(map(int, numbers))


def gathered(found) -> dict[str, set[int]]:
    """Merge numbers found on the pages by what they count, such as "waiting of ngo"."""
    numbers: dict[str, set[int]] = {}
    for claim, number in found:
        numbers.setdefault(claim, set()).add(number)
    return numbers


def of_page(page: BeautifulSoup) -> Claims:
    """Yield the numbers in a console page's links, sentences and table of places, with what each counts."""
    for link in page.find_all("a", href=True):
        yield from _of_link(link)
    texts = [words(page.main), *(element["aria-label"] for element in page.main.select("[aria-label]"))]
    for pattern, text in product(PATTERNS, texts):
        for sentence in pattern.finditer(text):
            yield from _of_sentence({name: int(number or 0) for name, number in sentence.groupdict().items()})
    for row in page.select(".balance tr:has(td)"):
        yield from _of_balance(row)


def of_list(path: str, query: dict[str, str], read: Read, names: dict[str, str]) -> Claims:
    """Yield the numbers on all pages of an attendee list, and how many rows it has in all, by state and by sector."""
    claim, rows, path_of_next = _claim(query), [], path
    while path_of_next:
        page = read(path_of_next)
        yield from of_page(page)
        yield from _of_boxes(page, query)
        here = page.select(".people tbody tr")
        yield from _of_summary(words(page.select_one(".filters-said")), claim, len(rows), len(here))
        rows += here
        after = page.select_one(".pager a[rel=next]")
        path_of_next = after["href"] if after else ""
    yield claim, len(rows)
    for row in rows:
        yield from _of_line(_reference(row), words(row.select_one(".person-status")))
    states = Counter((names[words(row.select_one(".person-sector"))], _state(row)) for row in rows)
    if "status" not in query and "q" not in query:
        yield from _of_states(states, {query["sector"]} if "sector" in query else set(names.values()))
    elif query.get("status") in set(Status):
        yield claim, sum(number for (_sector, state), number in states.items() if state == query["status"])


def of_waiting_list(page: BeautifulSoup, names: dict[str, str]) -> Claims:
    """Yield the numbers that the waiting list's page shows for each sector, and each person's position in line."""
    yield from of_page(page)
    # Leave out the section of open offers, whose heading has another id.
    for section in page.select("section:has(> h2[id^=line-])"):
        name, told = words(section.h2), words(section.select_one(".filters-said"))
        rows = section.select("tbody tr")
        yield f"waiting of {names[name]}", len(rows)
        yield f"waiting of {names[name]}", int(told.split()[0])
        yield from ((f"left of {name}", int(left)) for left in re.findall(r"(\d+) places? left", told))
        yield from ((f"line of {_reference(row)}", int(words(row.td))) for row in rows)


def of_people(path: str, state: str, read: Read) -> Claims:
    """Follow the links from person to person through a list; yield the number of people and their positions in line."""
    number, link = 0, read(path).select_one(".people tbody a")
    while link:
        page, number = read(link["href"]), number + 1
        yield from of_page(page)
        reference = urlsplit(link["href"]).path.rpartition("/")[2]
        yield from _of_line(reference, words(page.select_one("main .status")))
        link = page.select_one("a[rel=next]")
    yield f"{state} of all", number


def _claim(query: dict[str, str]) -> str:
    searched = f" with {query['q']}" if "q" in query else ""
    return f"{query.get('status', 'everyone')} of {query.get('sector', 'all')}{searched}"


def _of_link(link: Tag) -> Claims:
    """Yield the number in the text of a link to a list of people, which says how many the list holds."""
    parts = urlsplit(link["href"])
    query = dict(parse_qsl(parts.query))
    for text in (words(link), link.get("aria-label", "")):
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        if numbers and parts.path.endswith("/waiting"):
            yield "waiting of all", numbers[0]
        elif numbers and parts.path.endswith("/attendees") and not UNCOUNTED & set(query):
            yield _claim(query), numbers[0]


def _of_boxes(page: BeautifulSoup, query: dict[str, str]) -> Claims:
    """Yield the number beside each box of a list's filters: how many people the list has with only this box ticked."""
    for number in page.select(".list-filters .pick-number"):
        box = number.find_parent("label").input
        yield _claim({**query, box["name"]: box["value"]}), int(words(number))


def _of_sentence(numbers: dict[str, int]) -> Claims:
    """Yield each number of a sentence with what it counts, and the sums of these numbers."""
    yield from (
        (f"{name} of all", number) for name, number in numbers.items() if name not in ("free", "others")
    )
    if "taken" not in numbers and "free" in numbers:
        yield "left of all", numbers["free"]
        yield "taken of all", numbers["places"] - numbers["free"]
    elif {"open", "free"} & set(numbers):
        yield "places of all", sum(numbers.values()) - numbers["places"]
    if "others" in numbers:
        yield "held of all", numbers["offered"] + numbers["others"]


def _of_balance(row: Tag) -> Claims:
    link = row.th.a
    sector = dict(parse_qsl(urlsplit(link["href"]).query))["sector"] if link else "all"
    cells = {cell["data-label"]: int(words(cell)) for cell in row.select("td[data-label]")}
    for label, state in COLUMNS.items():
        if label in cells:
            yield f"{state} of {sector}", cells[label]
    yield f"place of {sector}", cells["Confirmed"] + cells["Held"]
    yield f"taken of {sector}", cells["Confirmed"] + cells["Held"] + cells.get("Held otherwise", 0)


def _of_summary(text: str, claim: str, before: int, here: int) -> Claims:
    """Yield the numbers in the line above a list, such as "51–100 of 132" or "45 registrations"."""
    if part := re.match(r"(\d+)–(\d+) of (\d+)", text):
        first, last, in_all = map(int, part.groups())
        yield claim, in_all
        yield from ((f"{claim}, row {before + 1}", number) for number in (first, before + 1))
        yield from ((f"{claim}, end of row {before + 1}", number) for number in (last, before + here))
    elif text:
        yield claim, int(text.split()[0])


def _of_line(reference: str, state: str) -> Claims:
    yield from ((f"line of {reference}", int(number)) for number in re.findall(r"(\d+)\w+ in line", state))


def _of_states(states: Counter, sectors: set[str]) -> Claims:
    """Yield how many rows have each state, by sector and, when several sectors are given, in all of them."""
    parts = {sector: {sector} for sector in sectors} | ({"all": sectors} if len(sectors) > 1 else {})
    for part, keys in parts.items():
        number = {state: sum(states[key, state] for key in keys) for state in set(STATES.values())}
        yield from ((f"{state} of {part}", count) for state, count in number.items())
        yield f"ended of {part}", sum(number[state] for state in ENDED)
        yield f"everyone of {part}", sum(number.values())


def _state(row: Tag) -> str:
    text = words(row.select_one(".person-status"))
    return next(state for words_, state in STATES.items() if text.startswith(words_))


def _reference(row: Tag) -> str:
    return urlsplit(row.a["href"]).path.rpartition("/")[2]
