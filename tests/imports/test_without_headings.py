"""Tables whose first row is a person: nobody is lost, the columns have numbers, and only the address is guessed."""

import pytest
from flask_babel import force_locale
from sqlalchemy import select

from forum import clock
from forum.extensions import db
from forum.imports import headings, tables
from forum.registration.models import Registration
from forum.web.sheet_rows import TooManyRows
from tests.factories.events import NOW, make_event, make_sector
from tests.imports.test_imports import CHOSEN, LOOK, ON
from tests.imports.test_long_tables import work
from tests.invitations.test_files import cells

ANNA, BO = ("anna@example.org", "Anna", "Ek"), ("bo@example.org", "Bo", "Ny")
PASTED = "\n".join(map(",".join, (ANNA, BO)))
CHOSEN = {**CHOSEN, "organisation": "Polisen", "links": "silent"}
NAMED = {"from_given_name": "1", "from_family_name": "2"}
TOLD = "The first row has an e-mail address, so it is read as a person, and the columns have numbers."


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def page(organiser, event):
    return organiser.get("imports.new", event="nf27")


def registered() -> list[str]:
    rows = db.session.scalars(select(Registration).order_by(Registration.id))
    return [f"{one.given_name} {one.family_name}" for one in rows]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param({"fields": {"lines": PASTED}}, id="pasted rows"),
        pytest.param({"files": {"file": PASTED.encode()}}, id="a CSV file"),
        pytest.param({"files": {"file": cells(ANNA, BO)}}, id="a workbook"),
    ],
)
def test_first_person_of_a_table_without_headings_is_imported(page, table):
    shown = page.submit(table.get("fields", {}), files=table.get("files"), button=ON, expect=200)
    assert TOLD in shown.text
    assert "The table has 2 rows." in shown.text
    chosen = shown.form().data
    assert [chosen[f"from_{name}"][0] for name in ("email", "given_name", "full_name")] == ["0", "", ""]
    offered = [one.text for one in shown.soup.select("select[name=from_given_name] option")]
    assert offered == [
        "Not in the table",
        *(f"Column {place}, such as {text}" for place, text in enumerate(ANNA, 1)),
    ]
    assert "Nothing is read from these columns: Column 2, Column 3" in shown.text
    dry = shown.submit({**CHOSEN, **NAMED}, button=LOOK, expect=200)
    assert TOLD in dry.text
    assert [row.split()[0] for row in dry.all("main tbody tr")] == ["1", "2"]
    dry.submit(button="Import 2 people", follow=True)
    assert registered() == ["Anna Ek", "Bo Ny"]


def test_columns_of_a_table_without_headings_are_not_taken_from_an_earlier_one(page, organiser):
    """The columns of two such tables have the same numbers, whatever they hold."""
    first = page.submit({"lines": PASTED}, button=ON, expect=200)
    first.submit({**CHOSEN, **NAMED}, button=LOOK, expect=200).submit(button="Import 2 people", follow=True)
    again = organiser.get("imports.new", event="nf27")
    shown = again.submit({"lines": "Lo,Strand,lo@example.org"}, button=ON, expect=200)
    assert "The table has 1 row." in shown.text
    chosen = shown.form().data
    assert (chosen["from_email"], chosen["from_given_name"]) == (["2"], [""])


def test_long_table_without_headings_loses_nobody(page, organiser, monkeypatch):
    monkeypatch.setattr(tables, "MOST", 1)
    asked = page.submit({"lines": PASTED}, button=ON, follow=True)
    assert TOLD in asked.text
    asked.submit({**CHOSEN, **NAMED}, button=LOOK, follow=True)
    work()
    organiser.get(asked.path).submit(button="Import 2 people", follow=True)
    work(times=2)
    assert registered() == ["Anna Ek", "Bo Ny"]


@pytest.mark.parametrize(
    ("first", "are_headings"),
    [
        (("E-post", "Förnamn"), True),
        (("Förnamn", "Have you written to forum@example.org?"), True),
        (("Konto @", "@namn", "namn@"), True),
        (("Anna", "anna@example.org"), False),
        (("Anna Ek <anna@example.org>",), False),
        (("anna@example.org, bo@example.org",), True),
    ],
)
def test_row_with_an_address_alone_in_a_cell_has_no_headings(first, are_headings):
    assert headings.are_headings(first) is are_headings


def test_table_without_headings_has_as_many_rows_as_another(app, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert len(tables.read(b"", PASTED).rows) == len(tables.read(b"", f"E-post\n{PASTED}").rows) == 2
    with pytest.raises(TooManyRows):
        tables.read(b"", f"{PASTED}\nlo@example.org")


def test_columns_without_headings_are_numbered_in_the_language_of_the_page(app):
    table = tables.read(b"", "anna@example.org;Anna\nbo@example.org;Bo;Ek")
    with app.test_request_context(), force_locale("sv"):
        assert table.labels == ["Kolumn 1", "Kolumn 2", "Kolumn 3"]
