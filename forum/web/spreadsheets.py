"""Reading small tables that people upload: XLSX files, CSV with commas, semicolons or tabs, and pasted rows.

The content of a file is not trusted, so reading stops at the first row or column too many. The cells of rows that a
spreadsheet hides, as its filters do, are not read. This module uses no feature of the forum.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from forum.web import xlsx_reading
from forum.web.sheet_rows import MOST_COLUMNS, NotATable, OldWorkbook, Rows, TooLarge, TooManyRows
from forum.web.xlsx_reading import SMALL, Bounds

MOST_IN_CELL = 3_000  # the most characters of a cell, and of a line before it is split into cells
ZIP = b"PK"
# How files called XLS begin, in small letters: Excel's own format until 2003, and what other programs write instead.
OLD = (b"\xd0\xcf\x11\xe0", b"<?xml", b"<html", b"<!doctype")
DELIMITERS = "\t;,"  # the tab comes first, because commas and semicolons occur within cells more often


def read(data: bytes, *, most: int, columns: int = MOST_COLUMNS, bounds: Bounds = SMALL) -> Rows:
    """Return the rows of a file's first sheet: at most `most` rows of at most `columns` cells. Raises SheetRefused.

    `bounds` limits the size of an unpacked workbook. Rows without any text, and hidden rows, are empty lists, so that
    each row has the number that it has in the spreadsheet.
    """
    if data[:99].removeprefix(codecs.BOM_UTF8).lstrip().lower().startswith(OLD):
        raise OldWorkbook
    if not data.startswith(ZIP):
        return _bounded(read_text(_decoded(data)), most, columns)
    unbounded = xlsx_reading.read(data, most=most, columns=columns, bounds=bounds)
    rows = _bounded(unbounded, most, columns)
    rows.hidden, rows.other_sheets = unbounded.hidden, unbounded.other_sheets
    return rows


def read_pasted(text: str, *, most: int, columns: int = MOST_COLUMNS) -> Rows:
    """Return the rows of a pasted text: at most `most` rows of at most `columns` cells. Raises SheetRefused."""
    return _bounded(read_text(text), most, columns)


def read_text(text: str) -> Iterator[list[str]]:
    """Yield the rows of a text. Its first line with an @, else the first with a text, decides the cells' separator."""
    if "\x00" in text:
        raise NotATable
    try:
        delimiter = _delimiter(text)
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    except csv.Error as broken:
        raise NotATable from broken


def written(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a text that `read_pasted` reads, with semicolons; a cell's line breaks become blanks.

    An empty row has a semicolon: browsers leave out an empty first line, and the rows would get other numbers.
    """
    return "".join(";".join(map(_written_cell, row or ("", ""))) + "\n" for row in rows)


def _written_cell(cell: str) -> str:
    text = " ".join(cell.split())
    doubled = text.replace('"', '""')
    return f'"{doubled}"' if {*text} & {*DELIMITERS, '"'} else text


def _delimiter(text: str) -> str:
    """Return the separator of cells: if possible, one by which a mail address stands alone in its cell."""
    lines = [line for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if "@" in line), lines[0] if lines else "")
    split = {one: next(csv.reader([line], delimiter=one, skipinitialspace=True), []) for one in DELIMITERS}
    occurring = [one for one in DELIMITERS if len(split[one]) > 1] or [";"]
    alone = (one for one in occurring if any(map(_is_address, split[one])))
    return next(alone, occurring[0])


def _is_address(cell: str) -> bool:
    return "@" in cell and not {*cell} & {*DELIMITERS, '"'}


def _bounded(rows: Iterable[list[str]], most: int, columns: int) -> Rows:
    """Return the rows with trimmed cells, without empty cells at their ends and empty rows at the end."""
    kept = Rows()
    filled = 0
    for row in rows:
        if any(len(cell) > MOST_IN_CELL for cell in row):
            raise TooLarge
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > columns:
            raise TooLarge
        kept.append(cells)
        filled = len(kept) if cells else filled
        # Spreadsheets may end in many rows without a text; only rows up to the last one with a text count.
        if filled > most:
            raise TooManyRows
        if len(kept) > most * 2 + 100:
            break
    del kept[filled:]
    return kept


def _decoded(data: bytes) -> str:
    """Return the text of a file: UTF-16 if its first bytes say so, else UTF-8, else Windows-1252 as Excel saves it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
