"""Many invitations from a table: looked at first, wrong rows named by number, all or nobody."""

import io
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.models import User
from forum.events.queries import find_sector
from forum.extensions import db
from forum.invitations import many
from forum.invitations.actions import Invitee, Terms
from forum.invitations.many import Row, SomeRefused
from forum.invitations.models import Invitation
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import register, write
from tests.web.test_spreadsheets import workbook

CHOSEN = {"sector": "ngo", "language": "sv", "words": "Välkommen."}
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


def test_every_wrong_row_is_named_and_nobody_is_invited(page, event):
    register(event, "tech", email="known@example.org")
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


def test_somebody_who_registers_meanwhile_stops_the_whole_table(organiser, page, event):
    lines = "Bo;;bo@example.org\nKim;;kim@example.org\n"
    shown = page.submit({**CHOSEN, "lines": lines}, button="Look at the rows", expect=200)
    register(event, "tech", email="kim@example.org")
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
