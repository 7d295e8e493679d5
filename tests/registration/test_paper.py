"""The attendee list says which rows a page shows; printing all needs a purpose and is audited like a file."""

import re

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.registration import filtering, listing
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register
from tests.registration.test_exports import exported
from tests.tables import names

WHY = {"purpose": "door", "recipient": "office"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    """Save seven people in three sectors, two of them unconfirmed."""
    event = make_event()
    for number in range(3):
        confirmed(event, "ngo", family_name=f"N{number}", organisation="Berg")
    for number in range(2):
        register(event, "tech", family_name=f"T{number}")
    for number in range(2):
        confirmed(event, "politics", family_name=f"P{number}")


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def said(page):
    """Return the sentences above the list and at the page links that say which rows are shown."""
    return page.all(".filters-said")[0], page.all(".pager-summary")


def test_page_says_which_part_of_how_many_it_shows(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 3)
    for sort in [sign + sort for sort in filtering.SORTS for sign in ("", "-")]:
        page = organiser.get("attendees.index", event="nf27", sort=sort)
        told = [said(page)]
        while "Next" in page.links:
            page = page.follow("Next")
            told.append(said(page))
        parts = ["1–3 of 7", "4–6 of 7", "7–7 of 7"]
        assert told == [(part, [part]) for part in parts], sort
        assert said(page.follow("Previous")) == ("4–6 of 7", ["4–6 of 7"]), sort


def test_part_of_a_search_is_counted_within_its_hits(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    second = organiser.get("attendees.index", event="nf27", q="berg", sector="ngo").follow("Next")
    assert (names(second), said(second)[0]) == (["N1, Åsa"], "2–2 of 3 · Clear the filters")


def test_list_that_fits_on_a_page_says_how_many_it_has(organiser, people):
    assert said(organiser.get("attendees.index", event="nf27")) == ("7 registrations", [])


def test_numbers_of_a_page_stand_on_paper_too(organiser, people):
    page = organiser.get("attendees.index", event="nf27")
    assert page.soup.select(".no-print .filters-said, .filters .filters-said") == []


def test_print_leads_to_the_whole_list_as_it_is_filtered_and_sorted(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 2)
    page = organiser.get("attendees.index", event="nf27", status="confirmed", sort="-name")
    asking = page.follow("Next").follow("Print")
    assert asking.h1 == "Print the list"
    paper = asking.submit(WHY, expect=200)
    assert paper.headers["Content-Type"].startswith("text/html")
    cells = [[cell.text for cell in row.select("td")] for row in paper.soup.select("tbody tr")]
    assert [row[1] for row in cells] == ["P1", "P0", "N2", "N1", "N0"]
    assert paper.all("thead th") == [
        "Reference", "Family name", "Given name", "Organisation", "Sector", "Status",
    ]  # fmt: skip
    assert paper.soup.select(".pager, .filters") == []
    assert re.search(
        r"5 registrations · Status: Confirmed · List for the door · Our own office · 3 May 2027", paper.text
    )


def test_paper_says_how_the_list_was_filtered(organiser, people):
    page = organiser.get("/console/nf27/attendees/export?shape=paper&sector=ngo&status=confirmed&q=berg")
    paper = page.submit(WHY, expect=200)
    said = "3 registrations · Sector: NGOs · Status: Confirmed · Search: “berg” · List for the door · Our own office"
    assert said in paper.text


def test_paper_is_turned_for_a_list_of_many_columns(organiser, people):
    def printed(purpose):
        asking = organiser.get("/console/nf27/attendees/export?shape=paper")
        return asking.submit({**WHY, "purpose": purpose}, expect=200)

    def turning(page):
        return [link for link in page.soup.select("link[rel=stylesheet]") if "css/landscape." in link["href"]]

    assert turning(printed("door")) == []
    wide = printed("everything")
    (sheet,) = turning(wide)
    assert re.search(r"@page\s*\{\s*size:\s*landscape", organiser.get(sheet["href"]).text)
    unbroken = {words.parent["data-label"] for words in wide.soup.select("td > .nowrap")}
    assert unbroken == {"Reference", "Registered", "Registration confirmed", "Place confirmed"}


def test_printing_is_written_down_like_a_file(organiser, people):
    page = organiser.get("/console/nf27/attendees/export?shape=paper&sector=ngo")
    assert exported() == []
    page.submit(WHY, expect=200)
    (entry,) = exported()
    assert (entry.details.payload["shape"], entry.details.payload["count"], entry.at) == ("paper", 3, NOW)


def test_foot_of_each_sheet_says_who_printed_it_and_when(organiser, people):
    paper = organiser.get("/console/nf27/attendees/export?shape=paper").submit(WHY, expect=200)
    (foot,) = paper.all("tfoot td")
    assert re.fullmatch(
        r"Exported by \S.* on Monday 3 May 2027 .*14:00.*|Exported by \S.* on 3 May 2027.*", foot
    ), foot


def test_printing_asks_for_its_purpose(organiser, people):
    page = organiser.get("/console/nf27/attendees/export?shape=paper").submit(expect=422)
    assert set(page.errors) == {"purpose", "recipient"}
    assert exported() == []


def test_long_list_on_paper_is_read_with_one_query(organiser, people):
    paper = organiser.get("/console/nf27/attendees/export?shape=paper").submit(WHY, expect=200)
    reading = [statement for statement in paper.statements if "registrations.family_name" in statement]
    assert len(reading) == 1
