"""Reading tables that people upload: XLSX, CSV in several encodings, broken files, files that are too large (S30)."""

import io
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.web.sheet_rows import MOST_COLUMNS, NotATable, SheetRefused, TooLarge, TooManyRows
from forum.web.spreadsheets import read, read_pasted, written
from forum.web.xlsx_reading import SMALL

WORKBOOK = (
    '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="A" sheetId="2" r:id="rId7"/><sheet name="B" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
RELATIONS = (
    '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
    '<Relationship Id="rId7" Target="{target}"/></Relationships>'
)
ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>E-post</t></is></c></row>'
    '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>112</v></c><c r="C3" t="str"><v>a@example.org</v></c>'
    '<c r="D3" t="e"><v>#N/A</v></c></row><row r="4"/>'
)
SHARED = "<sst><si><t>Namn</t></si><si><r><t>Å</t></r><r><t>sa</t></r><rPh><t>x</t></rPh></si></sst>"


def workbook(
    rows=ROWS,
    *,
    target="worksheets/sheet2.xml",
    shared=SHARED,
    sheet="xl/worksheets/sheet2.xml",
    told="",
    packed=zipfile.ZIP_DEFLATED,
):
    """Return an XLSX file whose first sheet is not in the part sheet1; `told` is put at the start of the workbook."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", packed) as archive:
        archive.writestr("xl/workbook.xml", told + WORKBOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", RELATIONS.format(target=target))
        archive.writestr("xl/sharedStrings.xml", shared)
        archive.writestr(sheet, f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
    return made.getvalue()


def test_workbook_is_read_with_shared_texts_gaps_and_numbers():
    expected = [["Namn", "", "E-post"], [], ["Åsa", "112", "a@example.org"]]
    assert read(workbook(), most=10) == expected
    assert read(workbook(target="/xl/worksheets/sheet2.xml"), most=10) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_text_is_read_in_each_encoding_with_each_delimiter(encoding, delimiter):
    text = delimiter.join(("Namn", "E-post")) + "\r\n" + delimiter.join(('"Åsa ""Ö"" X"', "a@example.org"))
    assert read(text.encode(encoding), most=10) == [["Namn", "E-post"], ['Åsa "Ö" X', "a@example.org"]]


def test_what_is_written_is_read_again():
    rows = [["Åsa; B", "a@example.org"], [], ["Line\nbreak", '"x"']]
    assert read_pasted(written(rows), most=10) == [["Åsa; B", "a@example.org"], [], ["Line break", '"x"']]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ("Polisen, Noa, IT; Stab", '"x", y', "a@example.org")
)


@given(st.lists(st.lists(CELLS, max_size=5), max_size=4))
def test_rows_with_an_address_are_read_again_as_they_were_shown(rows):
    shown = [[" ".join(cell.split()) for cell in row] for row in ([*row, "b@example.org"] for row in rows)]
    assert read_pasted(written(shown), most=10) == shown


def test_commas_in_cells_do_not_hide_what_separates_the_cells():
    staff = ["Anna", "Berg", "b@example.org", "Polisen, Noa, Cybercentrum, IT, Stab"]
    assert read_pasted(";".join(staff), most=10) == [staff]
    assert read_pasted("Unit, department, section\tE-mail\nIT\ta@example.org", most=10)[0] == [
        *("Unit, department, section", "E-mail")
    ]
    assert read_pasted("Name,E-mail\nAnna,a@example.org", most=10)[1] == ["Anna", "a@example.org"]
    assert read_pasted("Anna,a@example.org,Polisen; Noa", most=10) == [
        ["Anna", "a@example.org", "Polisen; Noa"]
    ]


def test_an_empty_first_row_keeps_the_numbers_of_the_others():
    assert written([[], ["Namn", "E-post"]]) == ";\nNamn;E-post\n"


def test_rows_that_a_filter_hides_are_left_out_and_counted():
    rows = (
        '<row r="1"><c><v>Namn</v></c></row><row r="2" hidden="1"><c><v>Dold</v></c></row>'
        '<row r="3" hidden="true"/><row r="4"><c/><c><v>Syns</v></c></row><row r="9" hidden="1"><c><v>x</v></c></row>'
    )
    read_rows = read(workbook(rows), most=10)
    assert read_rows == [["Namn"], [], [], ["", "Syns"]]
    assert read_rows.hidden == 2
    assert read(b"a;b", most=10).hidden == 0


def test_rows_without_text_at_the_end_do_not_count():
    assert len(read(("a;b\n" * 10 + ";\n" * 100).encode(), most=10)) == 10
    with pytest.raises(TooManyRows):
        read(b"a;b\n" * 11, most=10)
    many = "".join(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(1, 50_001))
    with pytest.raises(TooManyRows):
        read(workbook(many), most=300)


BOMB = f'<row r="1"><c r="A1" t="str"><v>{"x" * (SMALL.bytes + 1)}</v></c></row>'
LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><worksheet/>'


def test_a_small_file_that_unpacks_to_much_is_refused():
    """A file of less than 20 kB is refused when it would unpack to more bytes than the test's limit, SMALL (F7)."""
    bomb = workbook(BOMB)
    assert len(bomb) < 20_000
    with pytest.raises(TooLarge):
        read(bomb, most=10)
    with pytest.raises(TooLarge):
        read(workbook(shared=f"<sst>{' ' * SMALL.bytes}</sst>"), most=10)
    with pytest.raises(TooLarge):
        read(("a" * 3_001).encode(), most=10)
    with pytest.raises(TooLarge):
        read((";" * MOST_COLUMNS + "a").encode(), most=10)
    with pytest.raises(TooLarge):
        read(workbook('<row r="1"><c r="XFD1"><v>1</v></c></row>'), most=10)
    with pytest.raises(TooManyRows):
        read(workbook('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), most=10)


def test_a_row_with_text_far_below_is_one_too_many_and_one_without_is_none():
    assert len(read(workbook(ROWS + '<row r="1048576"><c r="A1048576" s="1"/></row>'), most=10)) == 3
    with pytest.raises(TooManyRows):
        read(workbook('<row r="11"><c><v>1</v></c></row>'), most=10)


@pytest.mark.parametrize(
    "data",
    [
        workbook("".join(f'<row r="{number}0000"/>' for number in range(1, 400))),
        workbook("<row/>" * 250_000),
        workbook("<row>" + "<c/>" * 300_000 + "</row>"),
        workbook(shared="<sst>" + "<a/>" * 300_000 + "</sst>"),
        workbook(shared="<sst>" + "<si/>" * SMALL.elements + "</sst>"),
    ],
    ids=["jumps", "rows", "cells", "parts", "texts"],
)
def test_a_small_file_costs_little_memory(data):
    assert len(data) < 20_000
    tracemalloc.start()
    try:
        read(data, most=301)
    except SheetRefused:
        pass
    finally:
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize("encoding", ["foo", "hex", "rot13", "idna", "undefined", "utf-7", "unicode_escape"])
def test_no_codec_is_looked_up_for_a_file(encoding):
    assert read(workbook(told=f'<?xml version="1.0" encoding="{encoding}"?>'), most=10)[0][0] == "Namn"


def test_parts_in_utf_16_are_read():
    sheet = f"<worksheet><sheetData>{ROWS}</sheetData></worksheet>".encode("utf-16")
    made = io.BytesIO(workbook(sheet="xl/other.xml"))
    with zipfile.ZipFile(made, "a") as archive:
        archive.writestr("xl/worksheets/sheet2.xml", sheet)
    assert read(made.getvalue(), most=10)[2][0] == "Åsa"


@pytest.mark.parametrize("packed", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_file_that_is_packed_in_another_way_is_refused(packed):
    with pytest.raises(NotATable):
        read(workbook(packed=packed), most=10)


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        workbook()[:200],
        workbook()[:-30],
        workbook(sheet="xl/other.xml"),
        workbook("<row><c>"),
        workbook(f"</sheetData></worksheet>{LAUGHS}"),
        workbook(shared=LAUGHS),
        workbook(target="../../etc/passwd"),
        b"a;b\x00c\n",
    ],
)
def test_a_broken_file_is_refused(data):
    with pytest.raises(NotATable):
        read(data, most=10)


def test_cut_files_never_fail_otherwise():
    whole = workbook()
    for cut in range(2, len(whole), 7):
        with pytest.raises((NotATable, TooLarge)):
            read(whole[:cut], most=10)
        changed = whole[:cut] + bytes([whole[cut] ^ 0xFF]) + whole[cut + 1 :]
        try:
            read(changed, most=10)
        except (NotATable, TooLarge, TooManyRows):
            continue
