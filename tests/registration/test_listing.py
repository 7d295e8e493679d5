"""The attendee list: filtered, searched, sorted, counted and paged by its URL, on both databases."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration import actions, filtering, listing
from forum.registration.enums import Group, Status
from forum.registration.models import Registration
from forum.web.pagination import Cursor
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, register_elsewhere
from tests.tables import names, rows

HOSTILE = (
    "'",
    '"',
    "1; DROP TABLE events",
    "' OR 1=1 --",
    "%",
    "_",
    "/",
    "\\",
    "\x00",
    "ø" * 300,
    "name,id",
    "--",
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    """Register five people in no particular order."""
    event = make_event()
    confirmed(event, "ngo", given_name="Þórdís", family_name="Ångström", organisation="Barnens råd")
    confirmed(event, "justice", given_name="Åsa", family_name="Bergström", organisation="Ø domstol")
    register(event, "tech", given_name="Marja", family_name="Hämäläinen", organisation="Åland Tele")
    bo = {"given_name": "Bo", "family_name": "Öberg", "organisation": "Domstolen"}
    register(event, "justice", now=NOW - timedelta(1), **bo)
    confirmed(event, "politics", given_name="Dag", family_name="Zetter", organisation="Riksdagen")


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def listed(organiser, **query):
    return names(organiser.get("attendees.index", event="nf27", **query))


def test_list_is_by_name_in_nordic_order(organiser, people):
    assert listed(organiser) == [
        "Bergström, Åsa", "Hämäläinen, Marja", "Zetter, Dag", "Ångström, Þórdís", "Öberg, Bo",
    ]  # fmt: skip


def test_row_says_who_from_where_in_which_sector_and_state(organiser, people):
    page = organiser.get("attendees.index", event="nf27", q="hamalainen")
    assert rows(page) == [
        ["Hämäläinen, Marja", "Åland Tele", "IT and telecom", "Address not confirmed", "3 May 2027 14:00"]
    ]


def test_filters_and_search_leave_only_what_matches_all_of_them(organiser, people):
    expected = {
        "?sector=justice": ["Bergström, Åsa", "Öberg, Bo"],
        "?status=pending": ["Hämäläinen, Marja", "Öberg, Bo"],
        "?sector=justice&status=pending": ["Öberg, Bo"],
        "?q=asa+berg": ["Bergström, Åsa"],
        "?q=BERG": ["Bergström, Åsa", "Öberg, Bo"],
        "?q=thordis": ["Ångström, Þórdís"],
        "?q=bo+riksdagen": [],
        "?q=berg&sector=ngo": [],
        "?status=place": [
            "Bergström, Åsa",
            "Hämäläinen, Marja",
            "Zetter, Dag",
            "Ångström, Þórdís",
            "Öberg, Bo",
        ],
        "?status=place&sector=ngo": ["Ångström, Þórdís"],
        "?status=held": ["Hämäläinen, Marja", "Öberg, Bo"],
        "?status=held&sort=status": ["Hämäläinen, Marja", "Öberg, Bo"],
        "?status=ended": [],
    }
    found = {query: names(organiser.get(f"/console/nf27/attendees{query}")) for query in expected}
    assert found == expected


def test_search_finds_reference_and_address(organiser, people):
    assert listed(organiser, q=people[0].reference) == ["Ångström, Þórdís"]
    assert listed(organiser, q=people[1].email.upper()) == ["Bergström, Åsa"]


def test_search_finds_a_name_with_joiners_whether_they_are_typed_or_not(organiser, people, event):
    register(event, given_name="علی\u200cرضا", family_name="👨\u200d👩\u200d👧 Berg")
    expected = ["👨\u200d👩\u200d👧 Berg, علی\u200cرضا"]
    for words in ("علی\u200cرضا", "علیرضا", "علی رضا", "👨\u200d👩\u200d👧", "👨👩👧"):
        assert listed(organiser, q=words) == expected, words


def test_search_takes_wildcards_literally(organiser, people):
    for wildcard in ("%", "_", "b%g", "/", "\\"):
        assert listed(organiser, q=wildcard) == [], wildcard


def test_unknown_filter_is_no_list_instead_of_the_whole_one(organiser, people):
    for query in ({"sector": "nobody"}, {"status": "everyone"}, {"sector": "x' OR 1=1 --"}):
        organiser.get("attendees.index", event="nf27", expect=404, **query)


def test_unknown_sort_is_by_name(organiser, people):
    by_name = listed(organiser)
    for sort in ("email", "-", "name; DROP", "sort_key", "--name", *HOSTILE):
        assert listed(organiser, sort=sort) == by_name, sort


def test_hostile_parameter_is_only_text(organiser, people):
    for parameter in ("q", "after", "before", "page"):
        for value in HOSTILE:
            answer = organiser.client.get("/console/nf27/attendees", query_string={parameter: value})
            assert answer.status_code == 200, (parameter, value)


def test_parameter_that_takes_one_value_and_is_given_twice_counts_once(organiser, people):
    page = organiser.get("/console/nf27/attendees?q=bo&q=asa&sort=-name&sort=name&q[]=x&sector=justice")
    assert names(page) == ["Öberg, Bo"]


def test_list_is_sorted_rising_and_falling(organiser, people):
    expected = {
        "name": ["Bergström", "Hämäläinen", "Zetter", "Ångström", "Öberg"],
        "organisation": ["Ångström", "Öberg", "Zetter", "Hämäläinen", "Bergström"],
        "sector": ["Zetter", "Bergström", "Öberg", "Hämäläinen", "Ångström"],
        "status": ["Bergström", "Zetter", "Ångström", "Hämäläinen", "Öberg"],
    }
    for sort, order in expected.items():
        assert [name.split(",")[0] for name in listed(organiser, sort=sort)] == order, sort
        assert [name.split(",")[0] for name in listed(organiser, sort=f"-{sort}")] == order[::-1], sort


def test_list_sorted_by_time_has_the_newest_first_when_falling(organiser, people):
    assert listed(organiser, sort="registered")[0] == "Öberg, Bo"
    assert listed(organiser, sort="-registered")[-1] == "Öberg, Bo"


def test_paging_shows_everybody_once_forwards_and_backwards(organiser, people, monkeypatch):
    for sort in [sign + sort for sort in filtering.SORTS for sign in ("", "-")]:
        monkeypatch.setattr(listing, "PAGE_SIZE", 50)
        whole = listed(organiser, sort=sort)
        monkeypatch.setattr(listing, "PAGE_SIZE", 2)
        pages = [organiser.get("attendees.index", event="nf27", sort=sort)]
        while "Next" in pages[-1].links:
            pages.append(pages[-1].follow("Next"))
        assert [names(page) for page in pages] == [whole[:2], whole[2:4], whole[4:]], sort
        second = pages[2].follow("Previous")
        first = second.follow("Previous")
        assert [names(second), names(first)] == [whole[2:4], whole[:2]], sort
        assert "Previous" not in first.links


def test_paging_keeps_the_filters(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    page = organiser.get("attendees.index", event="nf27", q="berg", sort="-name")
    assert (names(page), names(page.follow("Next"))) == (["Öberg, Bo"], ["Bergström, Åsa"])


def test_address_of_a_page_says_nothing_of_a_person(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    page = organiser.get("attendees.index", event="nf27")
    assert page.links["Next"] == f"/console/nf27/attendees?after={people[1].reference}"


def test_cursor_that_leads_nowhere_gives_the_first_page(organiser, people):
    assert listed(organiser, after="ZZZZ-ZZZZ") == listed(organiser)


def test_heading_sorts_and_keeps_the_filters(organiser, people):
    page = organiser.get("attendees.index", event="nf27", sector="justice", q="o")
    assert page.links["Organisation"] == "/console/nf27/attendees?q=o&sector=justice&sort=organisation"
    assert page.links["Name"] == "/console/nf27/attendees?q=o&sector=justice&sort=-name"


def test_search_form_keeps_sort_and_shows_the_filters(organiser, people):
    page = organiser.get("attendees.index", event="nf27", sort="-registered", sector="justice", q="berg")
    sent = {name: [one for one in values if one] for name, values in page.form("form.filters").data.items()}
    assert {name: values for name, values in sent.items() if values} == {
        "q": ["berg"], "sector": ["justice"], "sort": ["-registered"],
    }  # fmt: skip


def test_list_counts_what_it_shows(organiser, people):
    said = {
        query: organiser.get(f"/console/nf27/attendees{query}").all(".filters-said")[0]
        for query in ("", "?q=berg", "?sector=ngo", "?status=pending&sector=tech")
    }
    assert said == {
        "": "5 registrations",
        "?q=berg": "2 registrations · Clear the filters",
        "?sector=ngo": "1 registration · Clear the filters",
        "?status=pending&sector=tech": "1 registration · Clear the filters",
    }


def in_several_states() -> Event:
    """Register people of two sectors; the last one holds no place, because none is left."""
    event = make_event(capacity=3, sectors=[make_sector("ngo", ceiling=2), make_sector("tech", ceiling=1)])
    for _number in range(3):
        last = confirmed(event, "ngo")
    register(event, "tech")
    start_write(db.session)
    actions.cancel(last, actor="command", now=NOW)
    db.session.commit()
    confirmed(event, "tech")
    register(event, "ngo")
    return event


def test_each_tab_counts_exactly_the_people_that_it_leads_to(sign_in_as, database):
    event = in_several_states()
    unheld = "Address not confirmed, no place held 1"
    organiser = sign_in_as(event=event)
    for query, expected in (
        ("", ["Everyone 6", "Holds a place 3", unheld, "Waiting 1", "No longer registered 1"]),
        ("?sector=ngo", ["Everyone 4", "Holds a place 2", unheld, "Waiting 0", "No longer registered 1"]),
        ("?sector=tech&sort=-name", ["Everyone 2", "Holds a place 1", "Waiting 1"]),
    ):
        page = organiser.get(f"/console/nf27/attendees{query}")
        assert page.all(".tabs li") == expected
        for tab in page.soup.select(".tabs a:has(.tab-number)"):
            shown = organiser.get(tab["href"])
            assert len(names(shown)) == int(tab.select_one(".tab-number").get_text()), tab["href"]
            assert shown.all(".tabs [aria-current]") == [" ".join(tab.get_text(" ").split())]


def test_each_box_of_sector_and_status_counts_exactly_the_people_whom_it_alone_would_leave(
    sign_in_as, database
):
    event = in_several_states()
    organiser = sign_in_as(event=event)
    for query in ("", "sector=ngo&status=pending&status=waiting", "sector=tech&status=place&sort=-name"):
        boxes = numbered_boxes(organiser, query)
        assert len(boxes) == len(event.sectors) + len(Group) + len(Status), query
        for (name, value), number in boxes.items():
            alone = MultiDict([pair for pair in parse_qsl(query) if pair[0] != name] + [(name, value)])
            matching = listing.matching(event, filtering.Filters.of(alone, event))
            assert number == len(db.session.scalars(matching).all()), (query, name, value)


def test_boxes_have_no_number_where_only_rows_would_tell_it(organiser, people):
    for query in ("q=berg", "country=SE", "since=2027-01-01", "sector=ngo&tag=x"):
        assert numbered_boxes(organiser, query) == {}, query
    # A person may be "held" and "pending" at once, so the number of a sector is not the sum of the numbers of both
    # states.
    both = numbered_boxes(organiser, "status=held&status=pending&sector=tech")
    assert {name for name, _value in both} == {"status"}


def numbered_boxes(organiser, query: str) -> dict[tuple[str, str], int]:
    """Return the numbers beside the boxes of the list's filters, by the name and the value of the box."""
    page = organiser.get(f"/console/nf27/attendees?{query}")
    labels = [label for label in page.soup.select(".list-filters .pick-box") if label.select(".pick-number")]
    return {
        (one.input["name"], one.input["value"]): int(one.select_one(".pick-number").get_text())
        for one in labels
    }


def test_tabs_of_a_search_keep_it_and_count_nothing(organiser, people):
    page = organiser.get("attendees.index", event="nf27", q="berg", sector="justice")
    assert page.all(".tabs li") == ["Everyone", "Holds a place", "Waiting"]
    assert page.links["Holds a place"] == "/console/nf27/attendees?q=berg&sector=justice&status=place"


def test_address_carries_no_field_that_was_left_empty(organiser, people):
    page = organiser.get("/console/nf27/attendees?q=berg&sector=&status=&sort=name", expect=302)
    assert page.location == "/console/nf27/attendees?q=berg&sort=name"


def test_second_skip_link_leads_to_the_list(organiser, people):
    page = organiser.get("attendees.index", event="nf27")
    assert (page.all(".skip-link"), page.links["To the list"]) == (
        ["Skip to the content", "To the list"], "#list",
    )  # fmt: skip
    assert page.soup.select_one("table#list[tabindex='-1']")


def test_help_with_keys_names_what_there_is_and_is_left_to_its_script(organiser, people):
    for query, keys in (("", ["/", "Esc", "j", "k", "↓", "↑", "Enter", "x"]), ("?q=zzzz", ["/", "Esc"])):
        page = organiser.get(f"/console/nf27/attendees{query}")
        assert page.all("details[data-list-keys][hidden] kbd") == keys
        assert page.soup.select_one('script[type="module"][src*="/list-keys."]')


def test_filters_that_are_folded_are_counted(organiser, people):
    for query, said in (
        ("", "Filters"),
        ("?sector=ngo", "Filters · 1"),
        ("?sector=ngo&status=place", "Filters · 2"),
    ):
        page = organiser.get(f"/console/nf27/attendees{query}")
        assert page.all(".list-filters .fold-button") == [said]


def test_person_who_waits_has_a_place_in_line_and_one_with_an_offer_a_deadline(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    organiser = sign_in_as(event=event)
    first = confirmed(event, "ngo", family_name="A")
    for family_name in "BCDE":
        confirmed(event, "ngo", family_name=family_name)
    assert [row[3] for row in rows(organiser.get("attendees.index", event="nf27"))] == [
        "Confirmed", "Waiting, 1st in line", "Waiting, 2nd in line", "Waiting, 3rd in line", "Waiting, 4th in line",
    ]  # fmt: skip
    start_write(db.session)
    actions.cancel(first, actor="command", now=NOW)
    db.session.commit()
    assert [row[3] for row in rows(organiser.get("attendees.index", event="nf27"))] == [
        "Cancelled", "Offered until 5 May", "Waiting, 1st in line", "Waiting, 2nd in line", "Waiting, 3rd in line",
    ]  # fmt: skip


def test_places_in_line_are_counted_for_each_sector_and_event(sign_in_as, database):
    event = make_event(capacity=0, sectors=[make_sector("ngo"), make_sector("tech")])
    organiser = sign_in_as(event=event)
    confirmed(event, "tech", family_name="A")
    confirmed(event, "ngo", family_name="B")
    page = organiser.get("attendees.index", event="nf27", sort="sector")
    assert [row[3] for row in rows(page)] == ["Waiting, 1st in line", "Waiting, 1st in line"]


def test_two_people_of_one_name_have_links_of_different_names(organiser, event):
    people = [confirmed(event, "ngo", given_name="Bo", family_name="Berg") for _ in range(2)]
    page = organiser.get("attendees.index", event="nf27")
    labels = [link["aria-label"] for link in page.soup.select("main table tbody th a")]
    assert sorted(labels) == sorted(f"Berg, Bo, {person.reference}" for person in people)


def test_person_with_one_name_is_listed_by_it(organiser, event):
    confirmed(event, "ngo", given_name="Kim", family_name="")
    assert listed(organiser) == ["Kim"]


def test_number_of_queries_is_the_same_for_one_and_for_three(organiser, event):
    def ask():
        return len(organiser.get("attendees.index", event="nf27", q="o", sort="sector").statements)

    confirmed(event, "justice")
    # Later requests take no statement for the event's questions, which the process remembers (`events/kept_values`).
    organiser.get("attendees.index", event="nf27")
    one = ask()
    confirmed(event, "ngo")
    register(event, "tech")
    assert (ask(), one) == (one, one)
    # Five of the queries record the search in the audit trail; one reads all that is shown around the rows.
    assert one <= 12


def test_list_without_anybody_says_what_comes(organiser):
    page = organiser.get("attendees.index", event="nf27")
    assert (page.all(".empty-title"), "Export" in page.links) == (["Nobody has registered yet"], False)


def test_list_without_a_match_leads_back(organiser, people):
    page = organiser.get("attendees.index", event="nf27", q="nobody")
    assert page.all(".empty-title") == ["Nobody matches"]
    assert page.links["Clear the filters"] == "/console/nf27/attendees"


def test_people_of_another_event_are_never_listed(organiser, event, archive):
    confirmed(event, "ngo", family_name="Mine")
    theirs = register_elsewhere(archive, "ngo", family_name="Theirs")
    for query in ({}, {"q": "Åsa"}, {"sector": "ngo"}, {"sort": "sector"}, {"after": theirs.reference}):
        assert listed(organiser, **query) == ["Mine, Åsa"], query


def test_counts_are_by_sector_and_status(event, people):
    counts = listing.count_by_sector_and_status(event)
    justice = next(sector.id for sector in event.sectors if sector.key == "justice")
    assert counts[justice, Status.PENDING] == 1
    assert (listing.total(counts), listing.total(counts, sector_id=justice)) == (5, 2)
    assert listing.total(counts, status=Status.CONFIRMED) == 3


def test_swedish_organiser_reads_swedish_places_in_line(sign_in_as, database):
    event = make_event(capacity=0, sectors=[make_sector("ngo")])
    for number in range(3):
        confirmed(event, "ngo", family_name=f"{number}")
    pages = sign_in_as(event=event, language="sv")
    words = [row[3] for row in rows(pages.get("attendees.index", event="nf27"))]
    assert [word.split(" ")[1] for word in words] == ["1:a", "2:a", "3:e"]


def test_each_person_of_one_name_has_a_number_of_their_own(event, monkeypatch):
    """With one person a page, pages are numbered 1, 2, 3 … in every order, although names and moments are equal."""
    for number in range(2):
        for sector in ("justice", "tech"):
            same = {"given_name": "Bo", "family_name": "Ek", "organisation": "Tinget"}
            register(event, sector, email=f"bo{number}{sector}@example.org", **same)
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    for sort in (f"{sign}{name}" for sign in ("", "-") for name in filtering.SORTS):
        assert numbers_of(event, listing.Filters(sort=sort)) == ([1, 2, 3, 4], 4), sort


def numbers_of(event, filters) -> tuple[list[int | None], int]:
    """Turn over four pages; return the number of the first person on each, and how many people they show."""
    counts, cursor, numbers, people = listing.count_by_sector_and_status(event), None, [], set()
    for _page in range(4):
        shown = listing.read_counted(event, filters, cursor, counts)
        numbers.append(shown.first)
        people.add(shown.page.rows[0].id)
        cursor = Cursor(shown.page.rows[0].reference)
    return numbers, len(people)
