"""Reading tables that people send: XLSX, CSV in several encodings, broken files, files that are too large."""

import io
import zipfile

import pytest

from forum.web.spreadsheets import (
    MOST_BYTES,
    MOST_COLUMNS,
    NotATable,
    TooLarge,
    TooManyRows,
    read,
    read_pasted,
    written,
)

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


def workbook(rows=ROWS, *, target="worksheets/sheet2.xml", shared=SHARED, sheet="xl/worksheets/sheet2.xml"):
    """Return an XLSX file whose first sheet is not the part with the first number."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", WORKBOOK)
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


def test_rows_without_text_at_the_end_do_not_count():
    assert len(read(("a;b\n" * 10 + ";\n" * 100).encode(), most=10)) == 10
    with pytest.raises(TooManyRows):
        read(b"a;b\n" * 11, most=10)
    many = "".join(f'<row r="{number}"><c r="A{number}"><v>1</v></c></row>' for number in range(1, 50_001))
    with pytest.raises(TooManyRows):
        read(workbook(many), most=300)


BOMB = f'<row r="1"><c r="A1" t="str"><v>{"x" * (MOST_BYTES + 1)}</v></c></row>'
LAUGHS = '<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><worksheet/>'


def test_a_small_file_that_unpacks_to_much_is_refused():
    bomb = workbook(BOMB)
    assert len(bomb) < 20_000
    with pytest.raises(TooLarge):
        read(bomb, most=10)
    with pytest.raises(TooLarge):
        read(workbook(shared=f"<sst>{' ' * MOST_BYTES}</sst>"), most=10)
    with pytest.raises(TooLarge):
        read(("a" * 3_001).encode(), most=10)
    with pytest.raises(TooLarge):
        read((";" * MOST_COLUMNS + "a").encode(), most=10)
    with pytest.raises(TooLarge):
        read(workbook('<row r="1"><c r="XFD1"><v>1</v></c></row>'), most=10)
    with pytest.raises(TooManyRows):
        read(workbook('<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), most=10)


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
