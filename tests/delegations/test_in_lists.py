"""Delegations in the organisers' attendee list: column, filter, search and export."""

import csv
import io
from dataclasses import replace

import pytest

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.delegations import contact_acts
from forum.delegations.asking import Person
from forum.extensions import db
from forum.registration import delegation_column
from tests.delegations.test_delegations import CONTACT, registered
from tests.factories.events import NOW
from tests.factories.registrations import confirmed, write

WHY = {"purpose": "everything", "recipient": "office", "shape": "csv"}
LIST = "/console/nf27/attendees"


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def people_in(page):
    return [cell.get_text(strip=True) for cell in page.soup.select(".person-name")]


def delegations_in(page, *, read_aloud=True):
    """Return what the column of delegations shows, row by row, or what a screen reader reads of it."""
    cells = [(cell.a, cell.get_text(strip=True)) for cell in page.soup.select(".person-delegation")]
    return [(link and read_aloud and link.get("aria-label")) or text for link, text in cells]


def test_list_shows_filters_finds_and_exports_the_delegation_of_a_person(organiser, event):
    """The list names a delegation by organisation and number, never by the contact's name or address."""
    confirmed(event, "justice", family_name="Alone")
    assert "person-delegation" not in organiser.get(LIST).text
    odd = replace(CONTACT, organisation='=HYPERLINK("x")', email="kim@example.org", given_name="Søren")
    first = registered(event, [Person("Bo", "Ek", ""), Person("Cia", "Dahl", "")])
    second = registered(event, [Person("Flo", "Hall", ""), Person("Gun", "Ås", "")], key="2", contact=odd)
    page = organiser.get(LIST)
    shown = delegations_in(page)
    theirs, odd_one = f"Exempelbyrån, delegation {first.id}", f'=HYPERLINK("x"), delegation {second.id}'
    assert dict(zip(people_in(page), shown, strict=True)) == {
        "Alone, Åsa": "", "Dahl, Cia": theirs, "Ek, Bo": theirs, "Hall, Flo": odd_one, "Ås, Gun": odd_one,
    }  # fmt: skip
    assert (CONTACT.email in page.text, "Anna" in page.text) == (False, False)
    assert people_in(page.follow(f"delegation {first.id}")) == ["Dahl, Cia", "Ek, Bo"]
    found = {
        "?delegation=any": ["Dahl, Cia", "Ek, Bo", "Hall, Flo", "Ås, Gun"],
        "?delegation=none": ["Alone, Åsa"],
        "?q=soeren": ["Hall, Flo", "Ås, Gun"],
        "?q=anna+ek": ["Ek, Bo"],
        "?q=anna+alone": [],
        f"?delegation={second.id}&q=flo": ["Hall, Flo"],
    }
    assert {query: people_in(organiser.get(LIST + query)) for query in found} == found
    page = organiser.get("delegations_console.index", event="nf27").follow(
        f"In the list of attendees {theirs}"
    )
    asking = page.follow("Export")
    file = asking.form("main form").submit(WHY, expect=200)
    rows = csv.DictReader(io.StringIO(file.data.decode("utf-8-sig")), delimiter=";")
    assert [(row["Family name"], row["Delegation"]) for row in rows] == [("Dahl", theirs), ("Ek", theirs)]
    file = organiser.get(f"{LIST}/export?delegation={second.id}").form("main form").submit(WHY, expect=200)
    assert (b'\n"=HYPER' in file.data, b';"=HYPER' in file.data, b"'=HYPER" in file.data) == (
        False,
        False,
        True,
    )
    last = db.session.query(AuditEntry).filter_by(action="registrations.exported").order_by(AuditEntry.id)
    assert [entry.details.payload["delegation"] for entry in last] == [str(first.id), str(second.id)]


def test_row_shows_its_organisation_once(organiser, event):
    """A delegation's name begins with its organisation, which most rows show already in another column."""
    contact = replace(CONTACT, organisation="Ek & O'Hara")
    people = registered(event, [Person("Bo", "Ek", ""), Person("Cia", "Dahl", "")], contact=contact).people
    write(setattr, people[0].registration, "organisation", "Exempelverket")
    number = f"delegation {people[0].delegation_id}"
    whole = f"Ek & O'Hara, {number}"
    page = organiser.get(LIST)
    assert people_in(page) == ["Dahl, Cia", "Ek, Bo"]
    assert (delegations_in(page, read_aloud=False), delegations_in(page)) == ([number, whole], [whole, whole])
    organiser.get(LIST).form("form[action*=columns]").submit({"column": ["delegation"]}, expect=303)
    without = organiser.get(LIST)
    assert delegations_in(without, read_aloud=False) == [whole, whole]


def test_a_look_at_the_delegations_is_recorded_once_there_are_any(organiser, event):
    """Views of the list of delegations are recorded, because it shows people and each contact's name and address."""
    organiser.get("delegations_console.index", event="nf27")
    registered(event, [Person("Bo", "Ek", "")])
    organiser.get("delegations_console.index", event="nf27")
    seen = db.session.query(AuditEntry).filter_by(action="delegations.viewed")
    assert [(entry.subject_type, entry.subject_id) for entry in seen] == [("events", event.id)]


def test_delegation_of_another_event_is_no_filter(organiser, event, archive):
    delegation = registered(event)
    start_write(db.session)
    delegation.event = archive
    db.session.commit()
    for code in (delegation.id, "x", "²", "9" * 40):
        organiser.get(f"{LIST}?delegation={code}", expect=404)


def test_list_asks_as_much_for_every_number_of_delegations(organiser, event):
    seen = []
    confirmed(event, "justice")
    # Later requests take no statement for the event's questions, which the process remembers (`events/kept_values`).
    organiser.get(LIST)
    for number in range(1, 7):
        contact = replace(CONTACT, email=f"contact{number}@example.org")
        people = [Person("Bo", f"Ek {each}", "") for each in range(number)]
        registered(event, people, key=str(number), contact=contact)
        if number in (1, 3, 6):
            pages = [organiser.get(LIST + query) for query in ("", "?q=anna", "?delegation=any")]
            about = [sum("delegat" in one for one in page.statements) for page in pages]
            seen.append([len(pages[0].statements), *about])
    assert seen == [seen[0]] * 3


@pytest.mark.parametrize("query", ["", "?delegation=any", "?delegation=none", "?delegation={number}"])
def test_list_is_shown_with_more_delegations_than_the_filter_offers_and_with_none(
    organiser, event, monkeypatch, query
):
    monkeypatch.setattr(delegation_column, "MOST_OFFERED", 0)
    if "{number}" not in query:
        organiser.get(LIST + query, expect=200)
    one = registered(event, [Person("Bo", "Ek", "")])
    page = organiser.get(LIST + query.format(number=one.id), expect=200)
    offered = [option["value"] for option in page.soup.select("[name=delegation] option")]
    assert offered == ["", "any", "none", *([str(one.id)] if "{number}" in query else [])]


def test_page_of_a_person_stays_when_the_delegation_of_the_list_is_gone(organiser, event):
    one = registered(event, [Person("Bo", "Ek", ""), Person("Cia", "Dahl", "")])
    page = organiser.get(f"{LIST}?delegation={one.id}")
    write(contact_acts.forget_contact, one, now=NOW)
    organiser.get(f"{LIST}?delegation={one.id}", expect=404)
    assert page.follow("Ek, Bo").all("h1") == ["Bo Ek"]
