"""Tables as XLSX files (ECMA-376), sent while they are read.

Every text is a text cell, so a spreadsheet takes none of it for a number, a date or a formula (S31): the plus sign and
the zeros of a phone number stay. A moment or a day becomes a date cell, which can be sorted and calculated with.

A file may say of itself who made it and when: on a sheet of its own behind the table, where it does not disturb a
program that reads the first sheet, and at the foot of each printed sheet.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from flask import Response, stream_with_context

from forum.web.tables import in_batches, printable

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
SECONDS_A_DAY = 86400
WIDEST, NARROWEST = 40, 12
NOT_IN_XML = re.compile("[\ufffe\uffff]")
NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
# In the XML texts below, SHEETS is replaced by one element for each sheet, and NUMBER in it by the sheet's number.
# TEXT to DAY are styles of cells: indexes in the list cellXfs of STYLES. Number format 49 makes a cell text.
TEXT, MOMENT, HEADING, DAY = 1, 2, 3, 4
STYLES = f"""{HEAD}<styleSheet xmlns="{MAIN}">\
<numFmts count="2"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm"/>\
<numFmt numFmtId="165" formatCode="yyyy\\-mm\\-dd"/></numFmts>\
<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>\
<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>\
<fills count="2"><fill><patternFill patternType="none"/></fill>\
<fill><patternFill patternType="gray125"/></fill></fills>\
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>\
<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>\
<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>\
<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>\
<xf numFmtId="165" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>\
</styleSheet>"""
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
TYPES = f"""{HEAD}<Types xmlns="{PACKAGE}/content-types">\
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>\
<Default Extension="xml" ContentType="application/xml"/>\
<Override PartName="/xl/workbook.xml" ContentType="{CONTENT_TYPE}.main+xml"/>\
SHEETS<Override PartName="/xl/styles.xml" \
ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""
TYPE_OF_SHEET = f'<Override PartName="/xl/worksheets/sheetNUMBER.xml" ContentType="{SHEET_TYPE}"/>'
RELATIONS = f"""{HEAD}<Relationships xmlns="{PACKAGE}/relationships">\
<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
WORKBOOK_RELATIONS = f"""{HEAD}<Relationships xmlns="{PACKAGE}/relationships">\
SHEETS<Relationship Id="styles" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>"""
RELATION_OF_SHEET = (
    f'<Relationship Id="sheetNUMBER" Type="{OFFICE}/worksheet" Target="worksheets/sheetNUMBER.xml"/>'
)
MOST_IN_FOOT = 255  # the most characters that the format allows in a footer
FIRST_DAY = date(1900, 3, 1)  # spreadsheet programs disagree about dates before this one

Cell = str | date | datetime | None


@dataclass(frozen=True)
class About:
    """What a file says about itself: `facts` as (heading, text) on the sheet named `sheet`; `foot`, a line in print."""

    sheet: str
    facts: Sequence[tuple[str, str]]
    foot: str


def workbook_response(
    name: str,
    sheet: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    about: About | None = None,
) -> Response:
    """Answer with a table as a file called `name`, on a sheet called `sheet`, streamed while its rows are read."""
    return _as_file(name, stream_with_context(workbook_chunks(sheet, headings, rows, about)))


def short_workbook_response(
    name: str, sheet: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> Response:
    """Answer with a short table as a file called `name`, written before the answer begins."""
    return _as_file(name, b"".join(workbook_chunks(sheet, headings, rows)))


def _as_file(name: str, content: Iterable[bytes] | bytes) -> Response:
    response = Response(content, content_type=CONTENT_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def workbook_chunks(
    sheet: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]], about: About | None = None
) -> Iterator[bytes]:
    """Yield the bytes of an XLSX file, some hundred rows at a time. Moments must be in the headings' time zone."""
    buffer = _Outlet()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in _frame([sheet, *([about.sheet] if about else [])]).items():
            archive.writestr(_entry(path), content)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w") as part:
            part.write(_beginning(headings).encode())
            number = 2
            for some in in_batches(rows):
                part.write("".join(_row(number + offset, row) for offset, row in enumerate(some)).encode())
                number += len(some)
                yield buffer.taken()
            part.write(_end(len(headings), number - 1, about.foot if about else "").encode())
        if about:
            archive.writestr(_entry("xl/worksheets/sheet2.xml"), _about(about))
    yield buffer.taken()


class _Outlet(io.RawIOBase):
    """Holds the bytes that the ZIP archive writes until they are sent; unlike a file, it cannot seek."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """Return the bytes that were written since the last call, and forget them."""
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _frame(sheets: Sequence[str]) -> dict[str, str]:
    numbered = {number: NOT_IN_SHEET_NAMES.sub(" ", name)[:31] for number, name in enumerate(sheets, start=1)}
    named = (
        f'<sheet name="{_escaped(name)}" sheetId="{number}" r:id="sheet{number}"/>'
        for number, name in numbered.items()
    )
    workbook = (
        f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{"".join(named)}</sheets></workbook>'
    )

    def each(part: str) -> str:
        return "".join(part.replace("NUMBER", str(number)) for number in numbered)

    return {
        "[Content_Types].xml": TYPES.replace("SHEETS", each(TYPE_OF_SHEET)),
        "_rels/.rels": RELATIONS,
        "xl/workbook.xml": workbook,
        "xl/_rels/workbook.xml.rels": WORKBOOK_RELATIONS.replace("SHEETS", each(RELATION_OF_SHEET)),
        "xl/styles.xml": STYLES,
    }


def _entry(path: str) -> zipfile.ZipInfo:
    """Return an entry of the ZIP archive without a time: zipfile would take that from this machine's clock."""
    entry = zipfile.ZipInfo(path)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _beginning(headings: Sequence[str]) -> str:
    columns = "".join(
        f'<col min="{number}" max="{number}" width="{_width(heading)}" customWidth="1"/>'
        for number, heading in enumerate(headings, start=1)
    )
    return (
        f'{HEAD}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{_row(1, headings, style=HEADING)}"
    )


def _about(about: About) -> str:
    """Return the XML of the sheet with the facts about the file, a row for each fact."""
    rows = "".join(
        f'<row r="{number}">{_cell(f"A{number}", heading, HEADING)}{_cell(f"B{number}", fact, TEXT)}</row>'
        for number, (heading, fact) in enumerate(about.facts, start=1)
    )
    columns = f'<col min="1" max="2" width="{WIDEST}" customWidth="1"/>'
    return f'{HEAD}<worksheet xmlns="{MAIN}"><cols>{columns}</cols><sheetData>{rows}</sheetData></worksheet>'


def _foot(line: str) -> str:
    """Return the foot of printed pages: the line and the page's number. "&" begins a code there, "&&" is the sign &."""
    text = printable(line).replace("&", "&&")
    room = MOST_IN_FOOT - len("&L &R&P/&N")
    while len(text) > room:
        line = line[:-1]
        text = printable(line).replace("&", "&&")
    # Put a blank before the line: a digit at its start would be read as part of the code "&L" before it.
    return f"<headerFooter><oddFooter>{_escaped(f'&L {text}&R&P/&N')}</oddFooter></headerFooter>"


def _end(columns: int, rows: int, foot: str) -> str:
    """Return the end of a sheet, which turns off warnings about numbers stored as text, such as phone numbers."""
    printed = _foot(foot) if foot else ""
    every_cell = f"A1:{_letters(columns)}{rows}"
    return (
        f'</sheetData>{printed}<ignoredErrors><ignoredError sqref="{every_cell}" numberStoredAsText="1"/>'
        "</ignoredErrors></worksheet>"
    )


def _row(number: int, cells: Sequence[Cell], *, style: int = TEXT) -> str:
    written = (
        _cell(f"{_letters(column)}{number}", cell, style) for column, cell in enumerate(cells, start=1)
    )
    return f'<row r="{number}">{"".join(written)}</row>'


def _cell(where: str, value: Cell, style: int) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, datetime):
        # Cut the moment to its minute, as the page and the CSV file do: a spreadsheet would round the seconds up into
        # the next minute.
        days = (value.replace(tzinfo=None, second=0, microsecond=0) - ZERO).total_seconds() / SECONDS_A_DAY
        return f'<c r="{where}" s="{MOMENT}"><v>{days:.10f}</v></c>'
    if isinstance(value, date) and value >= FIRST_DAY:
        return f'<c r="{where}" s="{DAY}"><v>{(value - ZERO.date()).days}</v></c>'
    text = _escaped(printable(str(value)))
    return f'<c r="{where}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _escaped(text: str) -> str:
    return escape(NOT_IN_XML.sub("", text))


def _letters(column: int) -> str:
    """Return a column's name: A for 1, AA for 27."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _width(heading: str) -> int:
    return min(max(len(heading) + 4, NARROWEST), WIDEST)
