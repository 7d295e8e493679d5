"""XLSX files are complete, can be read back as written, are streamed, and never contain a formula (S31)."""

import io
import zipfile
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest

from forum.web import tables, workbooks
from tests.web.sheets import MAIN, read_cells


def written(headings, rows, sheet="Attendees") -> bytes:
    return b"".join(workbooks.workbook_chunks(sheet, headings, rows))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("https://evil")',
        "+46 8 123",
        "0701234567",
        "-1",
        "@SUM(A1)",
        "1e5",
        "03-05",
        "<b>&amp;</b>",
        '"',
        "  två  ",
        "Þórdís 👩🏽‍⚖️",
    ],
)
def test_text_stays_the_text_that_it_is(text):
    """A text that begins like a formula is stored as a text (F7)."""
    assert read_cells(written(["Name"], [[text]])) == [[("inlineStr", "Name")], [("inlineStr", text)]]


def test_characters_that_no_file_can_hold_are_left_out():
    """A character that no XLSX file can hold must not end the whole export (F7)."""
    assert read_cells(written(["x"], [["a\x00b\x1b\ufffe\ud800c\nd"]]))[1] == [("inlineStr", "abc d")]


def test_moment_is_the_number_of_its_day_and_hour_in_its_own_zone():
    moment = datetime(2027, 5, 3, 18, 0, tzinfo=UTC)
    assert read_cells(written(["At"], [[moment]]))[1] == [("n", "46510.7500000000")]


def test_moment_is_in_the_minute_that_the_list_shows():
    late = datetime(2027, 5, 3, 18, 29, 59, 990000, tzinfo=UTC)
    ((_kind, days),) = read_cells(written(["At"], [[late]]))[1]
    assert abs((float(days) - 46510) * 24 * 60 - (18 * 60 + 29)) < 0.0001


def test_empty_cell_is_left_out_and_the_next_keeps_its_column():
    file = written(["A", "B", "C"], [[None, "", "c"]])
    assert read_cells(file)[1] == [("inlineStr", "c")]
    assert b'r="C2"' in _sheet(file)


def test_long_table_is_sent_in_pieces_and_read_as_it_goes():
    read = []

    def rows():
        for number in range(1000):
            read.append(number)
            yield [f"row {number}"]

    chunks = workbooks.workbook_chunks("x", ["Row"], rows())
    first = next(chunks)
    assert (bool(first), len(read)) == (True, tables.ROWS_A_CHUNK)
    cells = read_cells(first + b"".join(chunks))
    assert [row[0][1] for row in cells] == ["Row", *(f"row {number}" for number in range(1000))]


def test_sheet_has_a_name_that_spreadsheets_accept():
    name = "Deltagare: [alla] 'här' / där? " * 3
    assert b'<sheet name="Deltagare   alla   h' in _part(written(["x"], [], name), "xl/workbook.xml")


def test_columns_beyond_z_have_two_letters():
    assert b'r="AB1"' in _sheet(written([str(number) for number in range(28)], []))


def test_file_says_of_itself_who_made_it_on_a_sheet_behind_the_table_and_at_the_foot_of_paper():
    about = workbooks.About("Om listan", [("Av", "=1+1 & <b>")], "9 & 10 & " + "Þ&" * 200)
    file = b"".join(workbooks.workbook_chunks("Deltagare", ["Namn"], [["Åsa"]], about))
    assert read_cells(file) == [[("inlineStr", "Namn")], [("inlineStr", "Åsa")]]
    assert read_cells(file, sheet=2) == [[("inlineStr", "Av"), ("inlineStr", "=1+1 & <b>")]]
    foot = ElementTree.fromstring(_sheet(file)).findtext(f".//{MAIN}oddFooter") or ""  # noqa: S314 - made just now
    assert foot.startswith("&L 9 && 10 && Þ&&Þ")
    assert foot.endswith(("&&Þ&R&P/&N", "Þ&&&R&P/&N"))
    assert 250 < len(foot) <= 255
    assert b"sheet2" in _part(file, "[Content_Types].xml") + _part(file, "xl/_rels/workbook.xml.rels")
    plain = written(["x"], [])
    assert b"sheet2" not in _part(plain, "[Content_Types].xml") + _part(plain, "xl/_rels/workbook.xml.rels")


def test_day_is_the_number_of_its_day_and_a_text_where_spreadsheets_disagree():
    days = [date(2027, 5, 3), date(1900, 2, 28)]
    assert read_cells(written(["On", "Before"], [days]))[1] == [("n", "46510"), ("inlineStr", "1900-02-28")]


def _sheet(file: bytes) -> bytes:
    return _part(file, "xl/worksheets/sheet1.xml")


def _part(file: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(file)).read(name)
