"""Many invitations from a table: previewed, wrong rows named by number, all or nobody invited."""

import io
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.models import User
from forum.database import start_write
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import console, many, many_pages
from forum.invitations.actions import Invitee, Terms
from forum.invitations.errors import AlreadyInvited
from forum.invitations.import_forms import RowsRefused
from forum.invitations.many import Row, SomeRefused
from forum.invitations.models import Invitation
from forum.registration import merging, places
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write
from tests.web.test_spreadsheets import workbook

CHOSEN = {"sector": "ngo", "language": "sv", "words": "Välkommen."}
ONE = {"given_name": "Kim", "family_name": "A", "email": "kim@example.org", "language": "sv"}
TABLE = "Förnamn;Efternamn;E-post;Organisation;Sektor;Språk;Telefon\n"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo", position=1), make_sector("tech", position=2)])


@pytest.fixture
def page(organiser, event):
    return organiser.get("invitations.index", event="nf27").follow("Invite many people")


def invited():
    rows = db.session.query(Invitation).order_by(Invitation.id)
    return [(one.given_name, one.family_name, one.email, one.sector.key, one.language) for one in rows]


def test_rows_pasted_from_a_spreadsheet_keep_their_columns(page):
    """A browser sends the tabs between cells as they were pasted, and line ends of two characters."""
    rows = "Organisation\tGiven name\tFamily name\tE-mail\tSector\r\n\tKim  Åsa\t\tkim@example.org\tngo\r\n"
    shown = page.submit({**CHOSEN, "lines": rows}, button="Look at the rows", expect=200)
    done = shown.submit(button="Send the invitations", follow=True)
    assert done.flashes == ["1 invitation is on its way."]
    assert invited() == [("Kim Åsa", "", "kim@example.org", "ngo", "sv")]


def test_rows_without_headings_keep_an_empty_first_cell(page):
    faulty = page.submit(
        {**CHOSEN, "lines": "\tAndersen\tkim@example.org"}, button="Look at the rows", expect=422
    )
    assert "Row 1" in faulty.text
    assert faulty.soup.select_one("[name=lines]").text.strip("\r\n") == "\tAndersen\tkim@example.org"


def test_rows_are_shown_before_anybody_is_invited(page, event):
    lines = TABLE + "Kim;Andersen;kim@example.org;Tinget;IT och telekom;English;1\n\nKari;;kari@example.org\n"
    shown = page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=200)
    assert "2 people will be invited" in shown.text
    assert "Nothing is read from these columns: Telefon" in shown.text
    assert shown.all("main td.num") == ["2", "4"]
    assert invited() == []
    changed = shown.submit(
        {"lines": lines + "Åsa;;asa@example.org\n"}, button="Send the invitations", expect=200
    )
    assert "3 people will be invited" in changed.text
    assert invited() == []
    done = changed.submit(button="Send the invitations", follow=True)
    assert done.flashes == ["3 invitations are on their way."]
    assert invited() == [
        ("Kim", "Andersen", "kim@example.org", "tech", "en"),
        ("Kari", "", "kari@example.org", "ngo", "sv"),
        ("Åsa", "", "asa@example.org", "ngo", "sv"),
    ]
    again = changed.submit(button="Send the invitations", expect=422)
    assert "Row 2: This address has an open invitation already" in again.text
    assert len(invited()) == 3


@pytest.mark.parametrize("kind", ["xlsx", "cp1252"])
def test_a_file_is_read_and_its_rows_stand_in_the_form(organiser, page, event, kind):
    table = "Namn;E-post\nÅsa;a@example.org\n"
    data = workbook() if kind == "xlsx" else table.encode("cp1252")
    sent = {**page.form().data, **CHOSEN, "file": (io.BytesIO(data), f"people.{kind}")}
    shown = organiser.open(page.path, method="POST", data=sent, expect=200)
    assert "1 person will be invited" in shown.text
    shown.submit(button="Send the invitations", expect=303)
    assert [(given, email) for given, _family, email, *_rest in invited()] == [("Åsa", "a@example.org")]


def test_a_pasted_name_with_an_address_is_refused_with_its_column(page):
    lines = "Given name;Family name;E-mail\nKim <kim@example.org>;a/b;kim@example.org\n"
    page = page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=422)
    why = "Write this without web addresses, slashes or @"
    assert [*dict.fromkeys(page.all("main li"))] == [
        f"Row 2: Given name: {why}",
        f"Row 2: Family name: {why}",
    ]


def test_the_language_of_a_row_is_known_by_its_name_in_other_languages(page):
    lines = (
        "Given name;E-mail;Language\nKim;kim@example.org;Swedish\nBo;bo@example.org;engelska\n"
        "Åsa;asa@example.org;sv-SE\n"
    )
    page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=200).submit(
        button="Send the invitations", expect=303
    )
    assert [language for *_rest, language in invited()] == ["sv", "en", "sv"]


def test_every_wrong_row_is_named_and_nobody_is_invited(page, event):
    confirmed(event, "tech", email="known@example.org")
    lines = TABLE + (
        ";Andersen;kim@example.org\nKari;;kari\nÅsa;;asa@example.org;;Nowhere;Klingon\n"
        "Bo;;bo@example.org\nBo;;BO@example.org\n"
    )
    page = page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=422)
    for fault in (
        "Row 2: Enter the given name",
        "Row 3: Enter an e-mail address that can receive mail",
        "Row 4: the event has no sector “Nowhere”",
        "Row 4: the event is not in the language “Klingon”",
        "Row 6: the address stands in row 5 already",
    ):
        assert fault in page.text
    lines = "Bo;;bo@example.org\nKim;;known@example.org\n"
    page = page.submit({"lines": lines}, button="Look at the rows", expect=422)
    assert "Row 2: Registration " in page.text
    for lines, fault in (
        ("Namn;Organisation\nKim;Tinget", "No column has the heading “E-mail”"),
        ("Namn;Förnamn;E-post\nKim;Kim;a@example.org", "Two columns mean the same: Namn, Förnamn"),
        ("Namn;E-post", "There is nobody below the headings"),
        ("", "Choose a file, or paste the rows"),
        ("a@example.org\n" * 302, "There are too many rows"),
    ):
        assert fault in page.submit({"lines": lines}, button="Look at the rows", expect=422).text
    assert invited() == []


def sheet(*rows, hidden=()):
    """Return the rows of a sheet; `hidden` are the numbers of those that a filter hides."""
    cells = ["".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) for row in rows]
    return "".join(
        f'<row r="{number}" hidden="{int(number in hidden)}">{row}</row>'
        for number, row in enumerate(cells, 1)
    )


def looked_at(page, rows):
    chosen = {**CHOSEN, "words": ""}
    return page.submit(chosen, files={"file": workbook(rows)}, button="Look at the rows", expect=200)


@pytest.mark.parametrize(
    "rows",
    [
        [("Anna", "Berg", "b@example.org", "Polisen, Noa, Cybercentrum, IT, Stab")],
        [(), ("Namn", "E-post"), ("Anna", "b@example.org")],
        [("Namn", "E-post", "Enhet, avdelning, grupp"), ("Anna", "b@example.org", "IT; Stab")],
    ],
    ids=["commas", "an empty first row", "commas in a heading"],
)
def test_what_was_shown_of_a_file_is_sent_by_the_next_press(page, event, rows):
    shown = looked_at(page, sheet(*rows))
    assert "1 person will be invited" in shown.text
    assert shown.all("main td.num") == [str(len(rows))]
    assert shown.submit(button="Send the invitations", follow=True).flashes == ["1 invitation is on its way."]


def test_rows_that_a_filter_hides_are_not_invited_and_the_preview_says_so(page, event):
    people = [(f"Person{number}", f"p{number}@example.org") for number in range(3)]
    shown = looked_at(page, sheet(("Namn", "E-post"), *people, hidden=(2, 4)))
    assert "1 person will be invited" in shown.text
    assert "2 rows that are hidden in the file" in shown.text
    shown.submit(button="Send the invitations", follow=True)
    assert [row[2] for row in invited()] == ["p1@example.org"]


def test_a_file_that_no_program_writes_is_refused(page, event):
    data = workbook(told='<?xml version="1.0" encoding="hex"?>', packed=zipfile.ZIP_LZMA)
    refused = page.submit(CHOSEN, files={"file": data}, button="Look at the rows", expect=422)
    assert "The file cannot be read" in refused.text


@pytest.mark.parametrize("page_name", ["invitations.invite", "invitations.invite_many"])
def test_a_sector_that_is_merged_away_meanwhile_is_chosen_again(organiser, event, monkeypatch, page_name):
    """The merge holds the event's lock, for which the sent form waits after it was validated."""

    def merged_meanwhile(session):
        start_write(session)
        mine, other = (find_sector(session.get(Event, event.id), key) for key in ("tech", "ngo"))
        if mine:
            places.lock(mine.event)
            merging.merge(mine, other, merging.propose(mine, other), actor="user:1", now=NOW)
        session.commit()
        start_write(session)

    page = organiser.get(page_name, event="nf27")
    data, button = {**ONE, "sector": "tech"}, "Send the invitation"
    if page_name == "invitations.invite_many":
        told = {**CHOSEN, "sector": "tech", "lines": "Kim;A;kim@example.org"}
        page, data = page.submit(told, button="Look at the rows", expect=200), {}
        button = "Send the invitations"
    monkeypatch.setattr(many_pages, "start_write", merged_meanwhile)
    monkeypatch.setattr(console, "start_write", merged_meanwhile)
    refused = page.submit(data, button=button, expect=422 if button.endswith("s") else 409)
    assert "has become part of another one" in refused.text
    kept = refused.form().data
    assert "kim@example.org" in "".join(map(str, kept.get("lines", kept.get("email"))))
    if button.endswith("s"):
        refused = refused.submit({"sector": "ngo"}, button="Look at the rows", expect=200)
        assert "1 person will be invited" in refused.text
    refused.submit({"sector": "ngo"}, button=button, expect=303)
    assert [row[3] for row in invited()] == ["ngo"]


def test_somebody_who_registers_meanwhile_stops_the_whole_table(organiser, page, event):
    lines = "Bo;;bo@example.org\nKim;;kim@example.org\n"
    shown = page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=200)
    confirmed(event, "tech", email="kim@example.org")
    refused = shown.submit(button="Send the invitations", expect=422)
    assert "Row 2: Registration " in refused.text
    sector = find_sector(event, "ngo")
    rows = [
        Row(number, sector, Invitee("Kim", "", f"{name}@example.org", "", "en", ""))
        for number, name in enumerate(("bo", "kim"), 1)
    ]
    told = {"user_id": db.session.scalar(select(User.id)), "now": NOW}
    with pytest.raises(SomeRefused) as refusal:
        write(many.invite_all, event, rows, Terms(NOW + timedelta(days=1)), **told)
    assert set(refusal.value.refusals) == {2}
    db.session.rollback()
    assert invited() == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (SomeRefused({1: AlreadyInvited()}), "Row 1: This address has an open invitation already"),
        (RowsRefused(["Row 1: Enter an address"]), "Row 1: Enter an address"),
    ],
)
def test_what_changes_while_the_table_waits_for_the_lock_stops_it(page, event, monkeypatch, refusal, words):
    shown = page.submit({**CHOSEN, "lines": "Bo;;bo@example.org"}, button="Look at the rows", expect=200)

    def refuse(*_arguments, **_told):
        raise refusal

    monkeypatch.setattr(many_pages.many, "invite_all", refuse)
    assert words in shown.submit(button="Send the invitations", expect=422).text
    assert invited() == []
