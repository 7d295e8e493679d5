"""The attendee list as a file: exactly the rows shown, for a stated purpose, and audited (P14, S09, S31)."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.registration import actions
from forum.registration.enums import ConsentPurpose
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, register_elsewhere, write
from tests.tables import names
from tests.web.sheets import read_cells

WHY = {"purpose": "everything", "recipient": "office", "shape": "csv"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def fill() -> None:
    event = make_event()
    photographs = frozenset({ConsentPurpose.PHOTOGRAPHS})
    asa = {"given_name": "Åsa", "family_name": "Bergström", "organisation": "Ø domstol", "phone": "+46 8 123"}
    bo = {"given_name": "Bo", "family_name": "Öberg", "organisation": '=HYPERLINK("https://evil")'}
    confirmed(event, "justice", consents=photographs, **asa)
    register(event, "justice", **bo)
    confirmed(event, "ngo", given_name="Þórdís", family_name="Ångström")


@pytest.fixture
def people(filled) -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.id)))


def ask(pages, query=""):
    return pages.get(f"/console/nf27/attendees/export{query}")


def download(pages, query="", **why):
    return ask(pages, query).submit({**WHY, **why}, expect=200)


def table(page):
    return list(csv.DictReader(io.StringIO(page.data.decode("utf-8-sig"), newline=""), delimiter=";"))


def exported():
    query = select(AuditEntry).where(AuditEntry.action == "registrations.exported").order_by(AuditEntry.id)
    return db.session.scalars(query).all()


def test_file_holds_the_whole_list_in_its_order(organiser, people):
    page = download(organiser)
    assert [row["Family name"] for row in table(page)] == ["Bergström", "Ångström", "Öberg"]
    assert table(page)[0] == {
        "Reference": people[0].reference,
        "Family name": "Bergström",
        "Given name": "Åsa",
        "Organisation": "Ø domstol",
        "Title or role": "Handläggare",
        "Sector": "Justice",
        "Delegation": "",
        "Country": "Sweden",
        "E-mail address": people[0].email,
        "Phone number": "tel:+46 8 123",
        "Language": "English",
        "Status": "Confirmed",
        "Registered (Europe/Stockholm)": "2027-05-03 14:00",
        "Registration confirmed (Europe/Stockholm)": "2027-05-03 14:00",
        "Place confirmed (Europe/Stockholm)": "2027-05-03 14:00",
        "List of participants": "No",
        "Photographs": "Yes",
    }


def test_file_is_what_excel_opens(organiser, people):
    page = download(organiser)
    assert page.data.startswith(b'\xef\xbb\xbf"Reference";"Family name";')
    assert page.data.count(b"\r\n") == 4
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"
    assert page.headers["Content-Disposition"] == "attachment; filename=nf27-attendees-2027-05-03.csv"
    assert page.headers["Cache-Control"] == "no-store"


def test_cell_with_a_formula_is_harmless(organiser, people):
    assert table(download(organiser, "?q=oberg"))[0]["Organisation"] == '\'=HYPERLINK("https://evil")'


def test_file_holds_exactly_the_filtered_list_in_its_order(organiser, people):
    for query in (
        "?q=berg",
        "?sector=justice&sort=-name",
        "?status=pending",
        "?sort=-sector",
        "?sort=status",
        "?sort=organisation",
        "?q=nobody",
    ):
        shown = names(organiser.get(f"/console/nf27/attendees{query}"))
        in_file = [f"{row['Family name']}, {row['Given name']}" for row in table(download(organiser, query))]
        assert in_file == shown, query


def test_file_speaks_the_organisers_language(sign_in_as, event, people):
    row = table(download(sign_in_as(event=event, language="sv"), "?q=asa"))[0]
    assert (row["Sector"] if "Sector" in row else row["Sektor"], list(row)[1] != "Family name") == (
        "Rättsväsende",
        True,
    )


def test_list_shown_leads_to_its_own_export(organiser, people):
    page = organiser.get("/console/nf27/attendees?sector=justice&sort=-name&q=berg")
    asking = page.follow("Export")
    assert asking.path == "/console/nf27/attendees/export?q=berg&sector=justice&sort=-name"
    assert "2 registrations will be in the list" in asking.text


def test_export_without_purpose_or_recipient_is_refused_and_not_written_down(organiser, people):
    assert ask(organiser).submit(expect=422).errors == {
        "purpose": "Choose what the list is for",
        "recipient": "Choose who will get the list",
    }
    assert ask(organiser).submit({"purpose": "door"}, expect=422).errors == {
        "recipient": "Choose who will get the list"
    }
    page = ask(organiser).submit(forged={"purpose": "fun", "recipient": "office"}, expect=422)
    assert (b"Bergstr" in page.data, exported()) == (False, [])


def test_asking_changes_nothing(organiser, people):
    page = ask(organiser)
    assert [statement for statement in page.statements if not statement.startswith("SELECT")] == []
    assert exported() == []


def test_export_is_written_down_without_names(organiser, people):
    download(organiser, "?sector=justice&q=bergstrom", recipient="co_organiser")
    (entry,) = exported()
    assert (entry.subject_type, entry.actor.startswith("user:"), entry.at) == ("events", True, NOW)
    assert entry.details.payload == {
        "count": 1, "sector": "justice", "status": "", "delegation": "", "searched": True, "purpose": "everything",
        "recipient": "co_organiser",
        "shape": "csv",
    }  # fmt: skip


def test_export_needs_a_sign_in_confirmed_of_late(sign_in_as, event, people):
    pages = sign_in_as(event=event, fresh=False)
    page = pages.get("/console/nf27/attendees/export?sector=justice", expect=303)
    assert page.location == "/account/confirm?next=/console/nf27/attendees/export?sector%3Djustice"
    assert exported() == []


def test_unknown_filter_exports_nothing(organiser, people):
    token = ask(organiser).form().data["csrf_token"]
    organiser.open(
        "/console/nf27/attendees/export?sector=x",
        method="POST",
        data={**WHY, "csrf_token": token},
        expect=404,
    )
    assert exported() == []


def test_people_of_another_event_are_not_in_the_file(organiser, people, archive):
    register_elsewhere(archive, "ngo", family_name="Theirs")
    assert "Theirs" not in download(organiser).text


def test_export_of_many_streams_in_chunks_with_one_query(organiser, event):
    for number in range(3):
        confirmed(event, "ngo", family_name=f"N{number}")
    page = download(organiser, "?sort=sector")
    assert len(table(page)) == 3
    reading = [statement for statement in page.statements if "registrations.family_name" in statement]
    assert len(reading) == 1


# Tests of the columns that each purpose has


def test_list_has_the_columns_that_its_purpose_needs_and_no_others(organiser, people):
    contact, names_only = {"E-mail address", "Phone number"}, {"Family name", "Given name", "Reference"}
    found = {
        purpose: set(table(download(organiser, purpose=purpose))[0])
        for purpose in ("door", "badges", "groups", "contact", "report", "everything")
    }
    assert {purpose for purpose, columns in found.items() if columns & contact} == {"contact", "everything"}
    assert {purpose for purpose, columns in found.items() if not names_only <= columns} == {"report"}
    assert names_only & found["report"] == set()
    assert found["door"] == names_only | {"Organisation", "Sector", "Status"}
    assert all(columns <= found["everything"] for columns in found.values())


def test_rows_for_statistics_cannot_be_laid_beside_the_list(organiser, event):
    """A file for statistics has another order and no times of day, so its rows do not match the list's names."""
    for number, country in enumerate(("SE", "NO", "DK", "SE", "FI", "DK")):
        now, name = NOW + timedelta(minutes=number), f"N{number}"
        confirmed(event, ("ngo", "justice")[number % 2], family_name=name, country=country, now=now)
    files = {
        sort: download(organiser, f"?sort={sort}", purpose="report").data
        for sort in ("name", "-name", "registered", "-registered", "organisation")
    }
    assert len(set(files.values())) == 1
    rows = table(download(organiser, purpose="report"))
    told = [(row["Sector"], row["Country"]) for row in rows]
    by_sector = {sector: sorted(country for of, country in told if of == sector) for sector, _ in told}
    assert told == [(sector, country) for sector, countries in by_sector.items() for country in countries]
    assert {row["Registered (Europe/Stockholm)"] for row in rows} == {"2027-05-03"}
    assert {row["Place confirmed (Europe/Stockholm)"] for row in rows} == {"2027-05-03"}
    assert "Organisation" not in rows[0]


def test_rows_for_statistics_follow_the_days_of_the_events_zone(organiser, event):
    # People register, in the event's time zone, at 14:00 and 23:00, and at 01:00 and 20:00 of the next day.
    for hours, country in ((0, "SE"), (9, "NO"), (11, "DK"), (30, "DK")):
        confirmed(event, "ngo", country=country, now=NOW + timedelta(hours=hours))
    rows = table(download(organiser, purpose="report"))
    assert [(row["Registered (Europe/Stockholm)"][-2:], row["Country"]) for row in rows] == [
        ("03", "Norway"),
        ("03", "Sweden"),
        ("04", "Denmark"),
        ("04", "Denmark"),
    ]


def test_page_says_that_rows_for_statistics_may_still_lead_to_a_person(organiser, people):
    (choice,) = ask(organiser).soup.select("input[name=purpose][value=report]")
    said = ask(organiser).soup.find(id=choice["aria-describedby"]).text
    assert said.startswith("Sector, Country, Language, Status, Registered, ")
    assert said.endswith("a row may still lead to a person.")


def test_each_purpose_says_beforehand_which_columns_its_list_has(organiser, people):
    page = ask(organiser)
    for purpose, said in (("door", "Reference, Family name, Given name, Organisation, Sector, Status"),):
        (choice,) = page.soup.select(f"input[name=purpose][value={purpose}]")
        assert page.soup.find(id=choice["aria-describedby"]).text == said


def test_confirmed_address_stands_apart_from_confirmed_place(sign_in_as, database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    holder, waiter = confirmed(event, "ngo"), confirmed(event, "ngo", family_name="Waiter")
    write(actions.cancel, holder, actor="person", now=NOW + timedelta(hours=1))
    columns = ("Registration confirmed (Europe/Stockholm)", "Place confirmed (Europe/Stockholm)")
    organiser = sign_in_as(event=event)

    def moments():
        (row,) = [
            row for row in table(download(organiser, purpose="contact")) if row["Family name"] == "Waiter"
        ]
        return [row[column] for column in columns]

    assert moments() == ["2027-05-03 14:00", ""]
    write(actions.accept_offer, waiter, now=NOW + timedelta(hours=2))
    assert moments() == ["2027-05-03 14:00", "2027-05-03 16:00"]


# Tests of the export form


def test_phone_number_stays_whole_in_a_csv_file_and_begins_no_formula(organiser, event):
    for number, phone in enumerate(("+46812345", "0046812345", "08-12", "070 123 456")):
        confirmed(event, phone=phone, family_name=f"P{number}")
    phones = [row["Phone number"] for row in table(download(organiser, purpose="contact"))]
    assert phones == ["tel:+46812345", "tel:0046812345", "tel:08-12", "tel:070 123 456"]


def test_phone_number_is_text_and_a_moment_a_date_in_an_excel_file(organiser, people):
    page = download(organiser, "?q=asa", shape="xlsx", purpose="contact")
    assert page.headers["Content-Disposition"].endswith("filename=nf27-attendees-2027-05-03.xlsx")
    headings, row = read_cells(page.data)
    told = dict(zip([text for _, text in headings], row, strict=True))
    assert told["Phone number"] == ("inlineStr", "+46 8 123")
    assert told["Family name"] == ("inlineStr", "Bergström")
    kind, days = told["Place confirmed (Europe/Stockholm)"]
    # Excel's day number 46510 is 3 May 2027.
    assert (kind, round((float(days) - 46510) * 24, 3)) == ("n", 14.0)
