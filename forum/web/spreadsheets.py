"""Reading small tables that people send: XLSX (ECMA-376), CSV with commas, semicolons or tabs, and pasted rows.

Whoever sends a file decides what is in it, so reading is bounded: a compressed part is unpacked to at most MOST_BYTES,
document types are refused, and reading stops at the first row or column too many. This module knows no feature.
"""

import codecs
import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from xml.parsers import expat

MOST_BYTES = 4_000_000  # of a part of an XLSX file, unpacked
MOST_COLUMNS = 30
MOST_IN_CELL = 3_000  # characters of a cell, or of a line before it is split
ZIP = b"PK"
DELIMITERS = ";\t,"
CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error),
    *(KeyError, EOFError, OSError, RuntimeError, ValueError, OverflowError),
)
Rows = list[list[str]]


class SheetRefused(Exception):
    """The file or the pasted rows are not a table that can be read."""


class NotATable(SheetRefused):
    """The file is broken, or neither XLSX nor text."""


class TooManyRows(SheetRefused):
    """The table has more rows than the caller takes."""


class TooLarge(SheetRefused):
    """The table is too wide, a cell is too long, or a part of the file is too large when it is unpacked."""


def read(data: bytes, *, most: int) -> Rows:
    """Return the rows of a file's first sheet, of which there may be `most`. Raises SheetRefused.

    Rows without any text are empty lists, so that a row's number is that of the spreadsheet.
    """
    return _bounded(_read_xlsx(data) if data.startswith(ZIP) else read_text(_decoded(data)), most)


def read_pasted(text: str, *, most: int) -> Rows:
    """Return the rows of a text that was pasted. Raises SheetRefused."""
    return _bounded(read_text(text), most)


def read_text(text: str) -> Iterator[list[str]]:
    """Yield the rows of a text; its first line with a text says what separates the cells."""
    if "\x00" in text:
        raise NotATable
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    except csv.Error as broken:
        raise NotATable from broken


def written(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a text that `read_pasted` reads, with semicolons; a cell's line breaks become blanks."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerows([" ".join(cell.split()) for cell in row] for row in rows)
    return out.getvalue()


def _bounded(rows: Iterable[list[str]], most: int) -> Rows:
    """Return the rows with trimmed cells, without empty cells and rows at the end."""
    kept: Rows = []
    filled = 0
    for row in rows:
        if any(len(cell) > MOST_IN_CELL for cell in row):
            raise TooLarge
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise TooLarge
        kept.append(cells)
        filled = len(kept) if cells else filled
        # Spreadsheets may end in many rows without a text; only rows up to the last one with a text count.
        if filled > most:
            raise TooManyRows
        if len(kept) > most * 2 + 100:
            break
    return kept[:filled]


def _decoded(data: bytes) -> str:
    """Return the text of a file: UTF-16 if it says so, else UTF-8, else Windows-1252 as Excel saves it."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _read_xlsx(data: bytes) -> Rows:
    """Return the rows of the workbook's first sheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            shared = _texts(_part(archive, "xl/sharedStrings.xml"))
            return _sheet(_part(archive, _first_sheet(archive)), shared)
    except BROKEN as broken:
        raise NotATable from broken


def _part(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a part of the file, unpacked; b"" for one that it lacks."""
    if name not in archive.NameToInfo:
        return b""
    with archive.open(name) as part:
        data = part.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise TooLarge
    return data


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Return the name of the part with the first sheet, as the workbook and its relations say."""
    sheets: list[str] = []
    targets: dict[str, str] = {}

    def note_sheet(name: str, told: dict[str, str]) -> None:
        if _local(name) == "sheet":
            sheets.append(next((told[key] for key in told if _local(key) == "id" and ":" in key), ""))

    def note_target(name: str, told: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            targets[told.get("Id", "")] = told.get("Target", "")

    _parse(_part(archive, "xl/workbook.xml"), start=note_sheet)
    _parse(_part(archive, "xl/_rels/workbook.xml.rels"), start=note_target)
    target = targets.get(sheets[0], "") if sheets else ""
    name = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    if name not in archive.NameToInfo:
        raise NotATable
    return name


def _texts(part: bytes) -> list[str]:
    """Return the workbook's shared texts; the readings of Asian characters (rPh) are left out."""
    texts: list[str] = []
    parts: list[str] = []
    inside = {"t": False, "rPh": False}

    def begin(name: str, _told: dict[str, str]) -> None:
        if _local(name) in inside:
            inside[_local(name)] = True

    def end(name: str) -> None:
        local = _local(name)
        if local in inside:
            inside[local] = False
        elif local == "si":
            texts.append("".join(parts))
            parts.clear()

    def note(data: str) -> None:
        if inside["t"] and not inside["rPh"]:
            parts.append(data)

    _parse(part, start=begin, end=end, text=note)
    return texts


def _sheet(part: bytes, shared: Sequence[str]) -> Rows:
    """Return the rows of a sheet, those that it leaves out as empty ones."""
    reader = _SheetReader(shared)
    _parse(part, start=reader.begin, end=reader.end, text=reader.note)
    return reader.rows


class _SheetReader:
    """Collects the rows of a sheet while it is parsed."""

    def __init__(self, shared: Sequence[str]) -> None:
        """Begin without rows; `shared` are the workbook's shared texts."""
        self.rows: Rows = []
        self._shared = shared
        self._cell = {"r": "", "t": ""}
        self._parts: list[str] = []
        self._is_value = False

    def begin(self, name: str, told: dict[str, str]) -> None:
        """Note the beginning of a row, a cell or a value."""
        local = _local(name)
        if local == "row":
            _skip_to(self.rows, told.get("r", ""))
            self.rows.append([])
        elif local == "c":
            self._cell = {"r": told.get("r", ""), "t": told.get("t", "")}
            self._parts = []
        self._is_value = local in ("v", "t")

    def end(self, name: str) -> None:
        """Note the end of a cell or a value."""
        if _local(name) == "c" and self.rows:
            text = _value("".join(self._parts), self._cell["t"], self._shared)
            _put(self.rows[-1], self._cell["r"], text)
        self._is_value = False

    def note(self, text: str) -> None:
        """Note a part of a value."""
        if self._is_value:
            self._parts.append(text)


def _skip_to(rows: Rows, number: str) -> None:
    """Add empty rows before the row that calls itself by this number."""
    before = int(number) - 1 if number.isascii() and number.isdecimal() and len(number) < 8 else 0
    if before > len(rows) + 10_000:
        raise TooManyRows
    rows.extend([] for _row in range(before - len(rows)))


def _put(row: list[str], name: str, text: str) -> None:
    """Put a cell's text where its name, such as C7, says; without a name it is the next one."""
    named = CELL.fullmatch(name)
    column = len(row)
    if named:
        column = 0
        for letter in named[1]:
            column = column * 26 + ord(letter) - ord("A") + 1
        column -= 1
    if not text:
        return
    if column >= MOST_COLUMNS:
        raise TooLarge
    row.extend("" for _cell in range(column + 1 - len(row)))
    row[column] = text


def _value(text: str, kind: str, shared: Sequence[str]) -> str:
    """Return a cell's text; an error value such as #N/A is none."""
    if kind == "s":
        is_number = text.isascii() and text.isdecimal() and len(text) < 8
        return shared[int(text)] if is_number and int(text) < len(shared) else ""
    return "" if kind == "e" else text


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _parse(part: bytes, *, start=None, end=None, text=None) -> None:
    """Parse a part; one with a document type, which could define texts that grow without end, is refused."""
    parser = expat.ParserCreate()

    def refuse(*_told: object) -> None:
        raise NotATable

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.buffer_text = True
    if part:
        parser.Parse(part, True)
