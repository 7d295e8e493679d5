"""Files that an organiser sends to the page that invites many: faults are told in Swedish, and nobody is invited."""

import tracemalloc

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.invitations.models import Invitation
from tests.factories.events import NOW, make_event, make_sector
from tests.web.test_spreadsheets import BOMB, LAUGHS, workbook

CHOSEN = {"sector": "ngo", "language": "sv", "words": "Välkommen."}
LOOK = "Granska raderna"
UNREADABLE = ["Filen kan inte läsas. Spara den som XLSX eller CSV, eller klistra in raderna."]
OLD = ["Filer av det här slaget, som ofta kallas XLS, kan inte läsas. Spara tabellen som XLSX eller CSV."]
TOO_MANY = ["Det är för många rader. Högst 300 personer kan bjudas in på en gång."]
TOO_LARGE = ["Tabellen är för stor. Använd högst 30 kolumner och 30 000 tecken."]
DOUBLED = ["Två kolumner betyder samma sak: E-post, E-MAIL"]
WRONG = "Skriv en e-postadress som kan ta emot post, till exempel namn@example.org"
PERSON = (
    '<row><c t="inlineStr"><is><t>Kim</t></is></c><c t="inlineStr"><is><t>kim@example.org</t></is></c></row>'
)
DATES = ("2027-05-03", "3.5.2027", "03/05/2027", "3 maj 2027", "46510")
# The most bytes of memory that refusing an organiser's file may take; a tenth of that is enough.
MOST_MEMORY = 30_000_000


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    return make_event(sectors=[make_sector("ngo")])


@pytest.fixture
def page(sign_in_as, event):
    return sign_in_as(event=event, language="sv").get("invitations.invite_many", event="nf27")


def written() -> tuple[int, ...]:
    """Return how many invitations and audit entries there are."""
    return tuple(db.session.scalar(select(func.count()).select_from(one)) for one in (Invitation, AuditEntry))


def cells(*rows):
    made = ["".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in row) for row in rows]
    return workbook("".join(f"<row>{row}</row>" for row in made))


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        pytest.param(b"PK", UNREADABLE, id="a beginning"),
        pytest.param(workbook()[:-30], UNREADABLE, id="a cut file"),
        pytest.param(workbook("<row><c>"), UNREADABLE, id="broken XML"),
        pytest.param(workbook(shared=LAUGHS), UNREADABLE, id="entities"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(99), OLD, id="an old XLS"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), UNREADABLE, id="a picture"),
        pytest.param(workbook(BOMB), TOO_LARGE, id="a zip bomb"),
        pytest.param(workbook(PERSON * 50_000), TOO_MANY, id="50,000 rows"),
        pytest.param(b"a@example.org\n" * 17_000, TOO_MANY, id="17,000 lines"),
        pytest.param(b"a@example.org\n" * 18_000, ["Filen är för stor: högst 250 kB"], id="18,000 lines"),
        pytest.param(cells(("Namn", "E-post", "E-MAIL"), ("Kim", "a@b.se", "c@d.se")), DOUBLED, id="doubled headings"),
        pytest.param("Namn,E-post,E-MAIL\nKim,a@b.se,c@d.se".encode("utf-16"), DOUBLED, id="doubled in UTF-16"),
        pytest.param(
            "Förnamn;E-post\nÅsa;åsa\n;bo@example.org\nGöran;goran@example.org\nÄlva;GORAN@example.org".encode("cp1252"),
            [f"Rad 2: {WRONG}", "Rad 3: Ange förnamnet", "Rad 5: adressen står redan på rad 4"],
            id="Windows-1252",
        ),
        pytest.param(b"Namn;E-post\n" + b"Kim;a@\n" * 25, [f"Rad {row}: {WRONG}" for row in range(2, 22)], id="faults"),
    ],
)  # fmt: skip
def test_a_file_with_faults_invites_nobody_and_says_why(page, data, faults):
    before = written()
    tracemalloc.start()
    try:
        shown = page.submit(CHOSEN, files={"file": data}, button=LOOK, expect=422)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    # The error summary has the first fault, a list below it has all.
    assert [*dict.fromkeys(shown.all("main li"))] == faults
    assert shown.form().data["words"] == ["Välkommen."]
    assert written() == before


def test_a_file_beyond_every_limit_is_refused_before_it_is_read(page):
    before = written()
    many = "".join(f"Kim;person{number}@example.org\n" for number in range(50_000)).encode()
    refused = page.submit(CHOSEN, files={"file": many}, button=LOOK, expect=413)
    assert refused.h1 == "Det du skickade är för stort"
    assert written() == before


@pytest.mark.parametrize("kind", ["xlsx", "cp1252", "utf-16"])
def test_dates_of_five_styles_in_a_column_change_nothing(page, kind):
    """A column of dates is not read, and the page says so; a spreadsheet's day number is no reason to refuse a row."""
    rows = [
        ("Namn", "E-post", "Född"),
        *(("Åsa", f"a{number}@example.org", day) for number, day in enumerate(DATES)),
    ]
    data = cells(*rows) if kind == "xlsx" else "\r\n".join(map(";".join, rows)).encode(kind)
    shown = page.submit(CHOSEN, files={"file": data}, button=LOOK, expect=200)
    assert "Inget läses ur de här kolumnerna: Född" in shown.text
    assert shown.all("main td.num") == ["2", "3", "4", "5", "6"]
    assert shown.all("main tbody th") == ["Åsa"] * 5
    assert db.session.scalars(select(Invitation)).all() == []
