"""Files that an organiser sends to import people: bad ones are refused in Swedish, dates of many styles are read."""

import io
import tracemalloc
import zipfile

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.imports import tables, wording
from forum.invitations import import_forms
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer
from forum.registration.models import Registration
from forum.web.sheet_rows import SheetRefused
from forum.web.workbooks import workbook_chunks
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.invitations.test_files import PERSON, cells
from tests.web.test_spreadsheets import BOMB, LAUGHS, workbook

ON, LOOK = "Gå vidare till kolumnerna", "Se vad som skulle hända"
CHOSEN = {
    "sector": "ngo",
    "organisation": "Org",
    "country": "SE",
    "language": "sv",
    "links": "silent",
    "if_full": "wait",
    "which": "good",
    "reason": "Vår lista.",
}
UNREADABLE = "Filen kan inte läsas. Spara den som XLSX eller CSV, eller klistra in raderna."
OLD = "Filer av det här slaget, som ofta kallas XLS, kan inte läsas. Spara tabellen som XLSX eller CSV."
NOTHING = "Välj en fil eller klistra in raderna: först en rad med rubriker, sedan en rad för varje person."
NO_ROWS = "Det finns inga rader under rubrikerna."
ALL_HIDDEN = "Filen döljer alla rader, till exempel med ett filter. Visa dem, och spara filen igen."
ON_OTHER_SHEET = (
    "Bara det första bladet i en arbetsbok läses, och det finns inga rader under rubrikerna där. Flytta bladet med "
    "personerna längst fram."
)
TOO_MANY = "Det är för många rader. Högst 20 000 personer importeras på en gång."
TOO_LARGE = "Tabellen är för stor. Ta bort kolumner som inte behövs, eller importera den i delar."
# The most bytes of memory that refusing an organiser's file may take; a tenth of that is enough.
MOST_MEMORY = 30_000_000
DATES = {  # by the text of a cell: the day that is stored, or None if the cell is refused
    "2027-05-03": "2027-05-03",
    "46510": "2027-05-03",  # a number of days, as spreadsheets store a date
    "3/5": None,
    "03/05/2027": None,
    "3.5.2027": None,
    "3 maj 2027": None,
    "2027-02-30": None,
    "46510.25": None,
}
FAULT = "Skriv dagen som år, månad och dag, till exempel 2027-05-03"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def page(sign_in_as, event):
    make_question(event, "arrival", QuestionKind.DATE)
    return sign_in_as(event=event, language="sv").get("imports.new", event="nf27")


def one_sheet(*headings):
    """Return a workbook whose only sheet has headings and no rows."""
    return b"".join(workbook_chunks("Personer", headings, []))


def hidden_below(heading):
    """Return a workbook whose only sheet has a heading, and a person in a hidden row."""
    made = io.BytesIO(one_sheet(heading))
    with zipfile.ZipFile(made) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    row = PERSON.replace("<row>", '<row hidden="1">').encode()
    parts[sheet] = parts[sheet].replace(b"</sheetData>", row + b"</sheetData>")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def written():
    return [db.session.scalar(select(func.count()).select_from(one)) for one in (Registration, AuditEntry)]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(b"PK", UNREADABLE, id="a beginning"),
        pytest.param(workbook()[:-30], UNREADABLE, id="a cut file"),
        pytest.param(workbook(shared=LAUGHS), UNREADABLE, id="entities"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(99), OLD, id="an old XLS"),
        pytest.param(b"\xef\xbb\xbf\r\n<html><table>", OLD, id="HTML that is called XLS"),
        pytest.param(b'<?xml version="1.0"?><Workbook>', OLD, id="XML that is called XLS"),
        pytest.param(b"E-post;Namn\n;\n", NO_ROWS, id="headings alone"),
        pytest.param(one_sheet("E-post"), NO_ROWS, id="headings alone on the only sheet"),
        pytest.param(cells(("Read this first",)), ON_OTHER_SHEET, id="people on the second sheet"),
        pytest.param(b" \n", NOTHING, id="nothing but blanks"),
        pytest.param(hidden_below("E-post"), ALL_HIDDEN, id="hidden rows alone"),
        pytest.param(workbook(BOMB), TOO_LARGE, id="a zip bomb"),
        pytest.param(workbook(PERSON * 50_000), TOO_MANY, id="50,000 rows"),
        pytest.param(b"E-post\n" + b"a@example.org\n" * 20_001, TOO_MANY, id="20,001 lines"),
        pytest.param(b"Namn\n" + (b"x" * 449 + b"\n") * 11_200, TOO_LARGE, id="more bytes than are read"),
    ],
)
def test_a_file_that_cannot_be_read_imports_nobody_and_says_why(page, data, told):
    before = written()
    tracemalloc.start()
    try:
        shown = page.submit(files={"file": data}, button=ON, expect=422)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    assert shown.errors == {"lines": told}
    assert written() == before


def test_a_workbook_of_several_sheets_says_that_only_the_first_is_read(page):
    """It says so if none of the headings is known: a sheet for readers stands before the one with the people."""
    told = [
        "Bara det första bladet i arbetsboken lästes, och ingen av dess rubriker är känd. Om personerna står på ett "
        "annat blad, flytta det längst fram."
    ]
    readme = page.submit(files={"file": cells(("Read this",), ("First.",))}, button=ON, expect=200)
    assert readme.flashes == told
    people = page.submit(files={"file": cells(("Förnamn",), ("Kim",))}, button=ON, expect=200)
    alone = page.submit({"lines": "Read this\nFirst."}, button=ON, expect=200)
    assert (people.flashes, alone.flashes) == ([], [])


def test_every_reason_why_a_table_is_refused_has_words():
    """Imports have words for the refusals of all readers of tables and for their own, invitations for the former."""
    refusals = set(SheetRefused.__subclasses__())
    shared = {one for one in refusals if one.__module__ == SheetRefused.__module__}
    assert wording.REFUSALS.keys() == {one for one in refusals if one.__module__ == tables.__name__} | shared
    assert import_forms.REFUSALS.keys() == shared


def test_a_file_beyond_every_limit_is_refused_before_it_is_read(page):
    before = written()
    many = b"Kim;kim@example.org\n" * 300_000
    refused = page.submit(files={"file": many}, button=ON, expect=413)
    assert refused.h1 == "Det du skickade är för stort"
    assert written() == before


def test_faults_of_a_file_in_windows_1252_are_told_by_row_and_its_good_rows_are_imported(page):
    table = "Förnamn;E-post\nÅsa;åsa\n;bo@example.org\nGöran;goran@example.org\nÄlva;GORAN@example.org"
    asked = page.submit(files={"file": table.encode("cp1252")}, button=ON, expect=200)
    dry = asked.submit(CHOSEN, button=LOOK, expect=200)
    rows = [" ".join(row.split()) for row in dry.all("main tbody tr")]
    assert [row.split(" ")[0] for row in rows[:3]] == ["2", "3", "5"]
    assert rows[2].endswith("Adressen står redan på rad 4")
    dry.submit(button="Importera 1 person", follow=True)
    assert [one.given_name for one in db.session.scalars(select(Registration))] == ["Göran"]


@pytest.mark.parametrize("kind", ["xlsx", "date cells", "cp1252", "utf-16"])
def test_dates_of_many_styles_are_read_or_refused_by_row(page, kind):
    """A day and month without a certain order are refused; a spreadsheet's date cell is a number of days."""
    rows = [("Förnamn", "Fråga arrival"), *((f"Åsa {place}", date) for place, date in enumerate(DATES))]
    if kind == "date cells":
        data = workbook("".join(f"<row>{_text(name)}{_date(cell)}</row>" for name, cell in rows))
    else:
        data = cells(*rows) if kind == "xlsx" else "\r\n".join(map(";".join, rows)).encode(kind)
    asked = page.submit(files={"file": data}, button=ON, expect=200)
    dry = asked.submit(CHOSEN, button=LOOK, expect=200)
    refused = [place for place, day in enumerate(DATES.values(), 2) if day is None]
    shown = [" ".join(row.split()) for row in dry.all("main tbody tr")]
    assert shown[: len(refused)] == [f"{row} Fråga arrival {FAULT}" for row in refused]
    dry.submit(button="Importera 2 personer", follow=True)
    days = [day for day in DATES.values() if day]
    assert [one.value for one in db.session.scalars(select(Answer).order_by(Answer.registration_id))] == days


def _text(text):
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def _date(cell):
    """Return a cell that holds a number and is shown as a date if the text is a number, else a text cell."""
    return f'<c s="4"><v>{cell}</v></c>' if cell.startswith("46510") else _text(cell)
