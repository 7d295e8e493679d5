"""Filters of the attendee list with several values each: in URLs, chips, counts, links to the next person, exports."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.people import notes
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration import actions, answers, choosing, listing
from forum.registration.enums import ConsentPurpose
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.readers import list_readings
from tests.factories.events import NOW, make_event
from tests.factories.invitations import new_invitation
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.tables import names
from tools.pages import counted_statements

LIST = "/console/nf27/attendees"
WHY = {"purpose": "everything", "recipient": "office", "shape": "csv"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    """Register four people who differ from one another in the value of every filter."""
    event = make_event()
    photographs = frozenset({ConsentPurpose.PHOTOGRAPHS})
    asa = confirmed(
        event, "justice", now=NOW - timedelta(days=4), family_name="A", organisation="Polisen AB", country="SE",
        consents=photographs | {ConsentPurpose.PARTICIPANT_LIST},
    )  # fmt: skip
    bo = confirmed(
        event, "ngo", now=NOW - timedelta(days=3), family_name="B", organisation="Röda Korset", country="NO",
        email="bo@example.org", consents=photographs,
    )  # fmt: skip
    cia = confirmed(event, "tech", now=NOW - timedelta(days=2), family_name="C", country="DE", language="sv")
    register(event, "ngo", now=NOW - timedelta(days=1), family_name="D", country="SE")
    write(notes.set_tags, asa, ["press", "speaker"], actor="command", now=NOW)
    write(notes.set_tags, bo, ["vip"], actor="command", now=NOW)
    save(new_invitation(event, "ngo", "BO@example.org"))
    save(new_invitation(event, "tech", "other@example.org", registration=cia))
    diet = make_question(event, "days", choices=("one", "two"))
    dinner = make_question(event, "dinner", QuestionKind.YES_NO)
    make_question(event, "allergy", QuestionKind.YES_NO, care=True)
    make_question(event, "why", QuestionKind.TEXT)
    for person, question, value in (
        (asa, diet, ["one", "two"]), (bo, diet, ["two"]), (bo, dinner, "yes"), (cia, dinner, "no"),
    ):  # fmt: skip
        save(Answer(registration_id=person.id, question_id=question.id, value=value))


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


@pytest.fixture
def unrecorded(monkeypatch):
    """Record no views of people: how many statements a view takes depends on how many views came before."""
    for name in ("console.note_view", "seen_lists.note_list", "seen_lists.note_people"):
        monkeypatch.setattr(f"forum.registration.{name}", lambda *_args, **_more: None)


EXPECTED = {
    "sector=justice&sector=ngo": "ABD",
    "sector=ngo&status=pending": "D",
    "status=pending&status=confirmed&country=NO&country=DE": "BC",
    "status=held&status=confirmed": "ABCD",
    "status=place&status=ended&sector=tech&sector=justice": "AC",
    "country=SE": "AD",
    "organisation=POLISEN": "A",
    "organisation=polisen&organisation=R%C3%B6da+korset": "AB",
    "organisation=nobody": "",
    "language=sv": "C",
    "language=sv&language=en": "ABCD",
    "tag=%23Press": "A",
    "tag=press&tag=vip": "AB",
    "tag=unknown": "",
    "consent=photographs:yes": "AB",
    "consent=photographs:yes&consent=participant_list:no": "B",
    "consent=participant_list:no&consent=participant_list:yes": "ABCD",
    "invited=yes": "BC",
    "invited=no": "AD",
    "invited=yes&country=NO": "B",
    "answer=days:two": "AB",
    "answer=days:one&answer=days:-": "ACD",
    "answer=days:two&answer=dinner:yes": "B",
    "answer=dinner:-": "AD",
    "since=2027-04-30": "BCD",
    "until=2027-04-30": "AB",
    "since=2027-04-30&until=2027-05-01": "BC",
    "since=2027-06-01": "",
    "address=confirmed": "ABC",
    "address=entered": "D",
    "address=none": "",
    "address=none&address=entered": "D",
    "within=1": "",
    "within=2": "D",
    "within=2&within=7": "ABCD",
    "within=7&country=SE": "AD",
}


OF_EACH_KIND = (
    "tag=vip", "answer=days:two", "organisation=polisen", "consent=photographs:no", "answer=dinner:-", "invited=no",
    "country=SE", "language=en", "address=entered", "status=held&status=ended",
)  # fmt: skip


def found(organiser, query: str) -> str:
    """Return who is in the filtered list, without the checks of a whole page."""
    answer = organiser.client.get(f"{LIST}?{query}")
    assert answer.status_code == 200, query
    return "".join(re.findall(r'aria-label="(\w+), Åsa, ', answer.text))


def looked(organiser, *queries: str) -> list[tuple[str, int]]:
    """Return for each query the people in the list, and how many SQL statements it took."""
    seen = []
    for query in queries:
        with counted_statements(organiser.app) as statements:
            seen.append((found(organiser, query), len(statements)))
    return seen


def test_values_of_a_filter_are_alternatives_and_filters_all_hold(organiser, people):
    assert {query: found(organiser, query) for query in EXPECTED} == EXPECTED


def test_days_end_today_and_begin_at_midnight_in_the_events_zone(database, monkeypatch):
    """A saved view keeps a span of days such as the last seven, not dates, so it shows other people each day."""
    event = make_event()
    for name, moment in (("Before", (2027, 5, 2, 21, 59)), ("After", (2027, 5, 2, 22, 1))):
        confirmed(event, "ngo", now=datetime(*moment, tzinfo=UTC), family_name=name)

    def who(days: str, moment: datetime) -> list[str]:
        monkeypatch.setattr(clock, "now", lambda: moment)
        filters = Filters.of(MultiDict({"within": days}), event)
        assert filters.query() == {"within": [days]}
        return [one.family_name for one in listing.read_list(event, filters, None).rows]

    assert [who(days, NOW) for days in ("1", "2")] == [["After"], ["After", "Before"]]
    assert [who(days, NOW + timedelta(days=1)) for days in ("1", "2", "7")] == [
        [],
        ["After"],
        ["After", "Before"],
    ]


def test_number_above_the_list_counts_the_rows_that_match(organiser, people, monkeypatch):
    monkeypatch.setattr("forum.registration.listing.PAGE_SIZE", 1)
    for query in [query for query, letters in EXPECTED.items() if len(letters) > 1][:6]:
        said = organiser.get(f"{LIST}?{query}").all(".filters-said")[0]
        assert said.startswith(f"1–1 of {len(EXPECTED[query])} "), query
    monkeypatch.setattr("forum.registration.listing.count_matching", lambda *_: 100_131)
    assert organiser.get(LIST).all(".filters-said") == ["1–1 of 100,131"]


def test_more_people_than_are_counted_are_said_to_be_more(organiser, people, monkeypatch):
    assert choosing.MOST <= listing.MOST_COUNTED, (
        "a list would offer to choose a number that it does not know"
    )
    monkeypatch.setattr(listing, "PAGE_SIZE", 1)
    monkeypatch.setattr(listing, "MOST_COUNTED", 2)
    monkeypatch.setattr(choosing, "MOST", 2)
    pages = [organiser.get(f"{LIST}?language=sv&language=en")]
    while "Next" in pages[-1].links:
        pages.append(organiser.get(pages[-1].links["Next"]))
    said = [page.all(".filters-said")[0].partition(" · ")[0] for page in pages]
    more = "of more than 2"
    assert said == [f"1–1 {more}", f"2–2 {more}", f"3–3 {more}", "1 person, after the first 2"]
    assert (pages[0].all("#many-all"), pages[0].all("[value=matching]")) == (
        ["Change all more than 2 that match"],
        [],
    )
    assert organiser.get(LIST).all(".filters-said") == ["1–1 of 4"]


def test_filter_that_many_match_finds_the_same_people_one_after_the_other(organiser, people, monkeypatch):
    monkeypatch.setattr(listing, "FEW", -1)
    asked = [query for query in EXPECTED if query.startswith(("answer=", "tag="))]
    assert {query: found(organiser, query) for query in asked} == {query: EXPECTED[query] for query in asked}
    page = organiser.get(f"/console/nf27/registrations/{people[0].reference}?answer=days:two")
    assert page.follow("Next person").all("h1") == ["Åsa B"]


UNKNOWN = (
    "sector=justice&sector=nobody", "status=pending&status=x", "country=XX", "country=se", "language=fr",
    "consent=photographs", "consent=x:yes", "invited=maybe", "answer=days:three", "answer=why:-",
    "answer=allergy:yes", "answer=dinner", "tag=" + "x" * 41, "organisation=" + "x" * 201, "tag=a%00b",
    "&".join(f"tag={number}" for number in range(41)),
)  # fmt: skip


def test_unknown_or_endless_filter_is_no_list_instead_of_the_whole_one(organiser, people):
    for query in UNKNOWN:
        assert organiser.client.get(f"{LIST}?{query}").status_code == 404, query


WRONG_DAYS = ("since=yesterday", "until=2027-02-30", "since=2027-13-01", "since=9999-12-31x", "until=9999-12-31",
              "since=0001-01-01")  # fmt: skip


def test_text_that_is_no_day_is_told_beside_the_list_without_that_filter(organiser, people):
    for query in WRONG_DAYS:
        page = organiser.get(f"{LIST}?{query}&sector=ngo")
        text = query.partition("=")[2]
        assert f"“{text}” is not a day. Enter a date such as 2027-11-16." in page.text
        assert not [link for link in page.soup.select("main a[href]") if text in link["href"]]
        assert names(page) == names(organiser.get(f"{LIST}?sector=ngo")), query
        # Nothing is exported, chosen or changed by a filter that is not understood.
        for address in ("/console/nf27/attendees/export", "/console/nf27/attendees/views/new"):
            assert organiser.client.get(f"{address}?{query}").status_code == 404, (address, query)


def test_chosen_filters_are_chips_that_lead_to_the_list_without_them(organiser, people):
    query = "sector=ngo&sector=justice&country=NO&consent=photographs:yes&answer=dinner:yes&answer=days:two"
    page = organiser.get(f"{LIST}?{query}&organisation=Roda+korset&since=2027-05-01&sort=-name")
    assert page.all(".chip") == [
        "Remove the filter Sector Justice, NGOs ×",
        "Remove the filter Country Norway ×",
        "Remove the filter Organisation Röda Korset ×",
        "Remove the filter Consent: Photographs Given ×",
        "Remove the filter Question days Choice two ×",
        "Remove the filter Question dinner Yes ×",
        "Remove the filter Registered from 1 May 2027 ×",
    ]
    assert page.all(".list-filters .fold-button") == ["Filters · 7"]
    whole = {
        "sector": ["justice", "ngo"], "country": ["NO"], "organisation": ["roda korset"],
        "consent": ["photographs:yes"], "answer": ["days:two", "dinner:yes"], "since": ["2027-05-01"],
        "sort": ["-name"],
    }  # fmt: skip
    left = [parse_qs(urlsplit(chip["href"]).query) for chip in page.soup.select(".chip")]
    without = [
        {name: values for name, values in whole.items() if name != gone} for gone in ("sector", "since")
    ]
    assert (left[0], left[-1]) == tuple(without)
    assert left[4] == {**whole, "answer": ["dinner:yes"]}


def test_form_sends_what_is_chosen_and_an_organisation_that_is_typed(organiser, people):
    form = organiser.get(f"{LIST}?sector=ngo&answer=days:two&until=2027-05-09").form("form.filters")
    page = form.submit({"organisation": "RÖDA KORSET", "sector": ["ngo", "tech"]}, expect=302)
    query = parse_qs(urlsplit(page.location).query)
    assert {name: query[name] for name in ("sector", "answer", "until", "organisation")} == {
        "sector": ["ngo", "tech"], "answer": ["days:two"], "until": ["2027-05-09"], "organisation": ["RÖDA KORSET"],
    }  # fmt: skip
    assert names(organiser.get(page.location)) == ["B, Åsa"]


def test_address_of_a_filtered_page_is_the_same_however_it_was_asked(organiser, people):
    asked = (
        "sector=ngo&sector=justice&tag=VIP&tag=press",
        "tag=press&tag=vip&tag=vip&sector=justice&sector=ngo",
    )
    links = [organiser.get(f"{LIST}?{query}").links["Organisation"] for query in asked]
    assert links == [f"{LIST}?sector=justice&sector=ngo&tag=press&tag=vip&sort=organisation"] * 2


def test_pages_of_several_parts_show_everybody_once_forwards_and_backwards(organiser, people, monkeypatch):
    monkeypatch.setattr("forum.registration.listing.PAGE_SIZE", 1)
    for query in ("sector=justice&sector=ngo", "status=confirmed&status=pending&country=SE&country=NO"):
        pages = [organiser.get(f"{LIST}?{query}")]
        while "Next" in pages[-1].links:
            pages.append(pages[-1].follow("Next"))
        assert [names(page)[0][0] for page in pages] == ["A", "B", "D"], query
        assert names(pages[2].follow("Previous")) == names(pages[1])


def test_organisation_leads_to_those_of_its_people_whom_its_number_counts(organiser, people):
    write(
        actions.cancel,
        confirmed(people[0].event, family_name="E", organisation="Polisen"),
        actor="command",
        now=NOW,
    )
    page = organiser.get("organisations.index", event="nf27").follow("1 Polisen AB")
    assert names(page) == ["A, Åsa"]


def test_page_of_a_person_leads_to_neighbours_in_the_filtered_list(organiser, people):
    page = organiser.get(f"{LIST}?sector=justice&sector=ngo&country=SE").follow("A, Åsa")
    assert page.follow("Next person").all("h1") == ["Åsa D"]


def test_export_has_the_filtered_people_and_records_no_free_text(organiser, people):
    query = (
        "sector=justice&sector=ngo&tag=press&tag=vip&organisation=polisen&answer=days:two&until=2027-05-09"
    )
    file = organiser.get(f"{LIST}/export?{query}").form("main form").submit(WHY, expect=200)
    rows = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")), delimiter=";")
    assert [row["Family name"] for row in rows] == ["A"]
    entry = db.session.scalars(select(AuditEntry).filter_by(action="registrations.exported")).one()
    told = entry.details.payload
    assert {name: told[name] for name in told if name not in WHY} == {
        "count": 1, "sector": "justice ngo", "status": "", "delegation": "", "searched": False,
        "until": "2027-05-09", "organisations": 1, "tags": 2, "answers": 1,
    }  # fmt: skip
    told_of = ["".join(one.what for one in list_readings(person)) for person in people]
    # an export of one sector is not listed for people of another sector
    assert [("Exported" in text) for text in told_of] == [True, True, False, True]


def test_paper_says_by_what_the_list_was_filtered(organiser, people):
    asking = organiser.get(f"{LIST}/export?shape=paper&country=SE&answer=dinner:-&q=a").form("main form")
    page = asking.submit({**WHY, "shape": "paper"}, expect=200)
    assert "Country: Sweden · Question dinner: No answer · Search: “a”" in page.soup.main.get_text()


def test_protected_person_is_found_by_every_filter_as_before_the_protection(organiser, people, unrecorded):
    """A protected person is in the same lists as before the protection, by as many SQL statements (P21, P22)."""
    # Later requests take no statement for the event's questions, which the process remembers (`events/kept_values`).
    organiser.get(LIST)
    before = looked(organiser, *OF_EACH_KIND)
    for person in people:
        write(answers.say_identity, person, is_protected=True, real_name="Verkliga Namnet", now=NOW)
    assert looked(organiser, *OF_EACH_KIND) == before


def test_list_asks_as_much_for_one_and_for_many_who_match(organiser, people, unrecorded):
    queries = [*OF_EACH_KIND[:3], "&".join(OF_EACH_KIND), "sector=justice&sector=ngo&sort=sector"]
    # Later requests take no statement for the event's questions, which the process remembers (`events/kept_values`).
    organiser.get(LIST)
    before = [number for _who, number in looked(organiser, *queries)]
    event = people[0].event
    for number in range(3):
        twin = confirmed(event, "ngo", family_name=f"E{number}", country="NO", organisation="Röda Korset")
        write(notes.set_tags, twin, ["vip", f"new-{number}"], actor="command", now=NOW)
    assert [number for _who, number in looked(organiser, *queries)] == before
    assert max(before) <= 13


def test_filters_offer_what_the_event_has_and_nothing_of_another(organiser, people, archive):
    theirs = make_question(archive, "theirs", QuestionKind.YES_NO)
    write(notes.set_tags, confirmed(people[0].event, family_name="E"), ["zzz"], actor="command", now=NOW)
    page = organiser.get(LIST)
    offered = {
        name: [box["value"] for box in page.soup.select(f".pick-box [name={name}]")]
        for name in ("tag", "answer")
    }
    assert offered == {
        "tag": ["press", "speaker", "vip", "zzz"],
        "answer": ["days:one", "days:two", "days:-", "dinner:yes", "dinner:no", "dinner:-"],
    }
    organiser.get(f"{LIST}?answer={theirs.key}:yes", expect=404)


def test_withdrawn_question_is_offered_no_longer_but_its_address_still_works(organiser, people):
    question = next(one for one in db.session.scalars(select(Answer)).all() if one.value == "yes").question
    write(lambda: setattr(question, "withdrawn_at", NOW))
    assert found(organiser, "answer=dinner:yes") == "B"
    assert "Question dinner" not in organiser.get(LIST).text


def test_a_filter_that_nobody_sees_is_no_filter(organiser, people):
    every = organiser.get("attendees.index", event="nf27")
    for name in ("tag", "organisation"):
        page = organiser.get("attendees.index", event="nf27", **{name: "\ufeff"})
        assert (names(page), page.all(".chip")) == (names(every), [])
