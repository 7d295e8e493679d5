"""Reading the first sheet of an XLSX file (ECMA-376) that somebody has sent.

The content of a file is not trusted, so reading is bounded: the bytes and the XML elements of all unpacked parts
together are limited (`Bounds`), document types are refused, and reading stops at the first row or column too many.
"""

import codecs
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple
from xml.parsers import expat

from forum.web.sheet_rows import MOST_COLUMNS, NotATable, Rows, TooLarge, TooManyRows

CHUNK = 65_536  # how many bytes of a part of the file are unpacked and parsed at once
# The compression methods of ZIP that spreadsheet programs use.
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
CELL = re.compile(r"([A-Z]{1,3})[0-9]{1,7}")


class Bounds(NamedTuple):
    """The most bytes and XML elements of all parts of a file together, against files that unpack to huge sizes."""

    bytes: int
    elements: int


# The bounds for small tables: a table of 301 rows and 30 columns needs less than half of them.
SMALL = Bounds(bytes=2_000_000, elements=150_000)
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, struct.error),
    *(LookupError, EOFError, OSError, RuntimeError, ValueError, OverflowError),
)
Begin = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]


def read(data: bytes, *, most: int, columns: int = MOST_COLUMNS, bounds: Bounds = SMALL) -> Rows:
    """Return the rows of the workbook's first sheet, up to the last row with a text. Raises SheetRefused.

    Hidden rows, and rows that the file leaves out, are empty lists.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            book = _Workbook(archive, bounds)
            shared = _texts(book)
            first, others = _find_sheets(book)
            rows = _sheet(book, first, _SheetReader(shared, most, columns))
            rows.other_sheets = others
            return rows
    except BROKEN as broken:
        raise NotATable from broken


class _Workbook:
    """The parts of an XLSX file, parsed one after the other within common limits of bytes and elements."""

    def __init__(self, archive: zipfile.ZipFile, bounds: Bounds) -> None:
        """Remember the archive and the limits; nothing is unpacked yet."""
        self._archive, self._bounds = archive, bounds
        self._bytes = self._elements = 0

    def has(self, name: str) -> bool:
        """Return whether the XLSX file, a ZIP archive, has a part (a file within the archive) with this name."""
        return name in self._archive.NameToInfo

    def parse(self, name: str, *, start: Begin, end: End | None = None, text: End | None = None) -> None:
        """Parse a part of the workbook, if the file has it.

        A part with a document type, which could define endless texts, is refused. Raises NotATable, TooLarge.
        """
        if not self.has(name):
            return
        if self._archive.NameToInfo[name].compress_type not in PACKED:
            raise NotATable
        with self._archive.open(name) as part:
            chunk = part.read(CHUNK)
            # Name the encoding, UTF-8 or UTF-16 (ECMA-376): else the file could make Python load any codec.
            is_wide = chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
            parser = expat.ParserCreate("utf-16" if is_wide else "utf-8")
            parser.StartDoctypeDeclHandler = _refuse
            parser.StartElementHandler = self._counting(start)
            parser.EndElementHandler, parser.CharacterDataHandler = end, text
            parser.buffer_text = True
            while chunk:
                self._bytes += len(chunk)
                if self._bytes > self._bounds.bytes:
                    raise TooLarge
                parser.Parse(chunk, False)
                chunk = part.read(CHUNK)
            parser.Parse(b"", True)

    def _counting(self, start: Begin) -> Begin:
        def begin(name: str, told: dict[str, str]) -> None:
            self._elements += 1
            if self._elements > self._bounds.elements:
                raise TooLarge
            start(name, told)

        return begin


def _refuse(*_told: object) -> None:
    raise NotATable


def _find_sheets(book: _Workbook) -> tuple[str, int]:
    """Return the name of the first sheet's part, by the workbook's relations, and how many further sheets are shown."""
    sheets: list[str] = []
    shown: list[bool] = []
    targets: dict[str, str] = {}

    def note_sheet(name: str, told: dict[str, str]) -> None:
        if _local(name) == "sheet":
            sheets.append(next((told[key] for key in told if _local(key) == "id" and ":" in key), ""))
            shown.append(told.get("state", "visible") == "visible")

    def note_target(name: str, told: dict[str, str]) -> None:
        if _local(name) == "Relationship":
            targets[told.get("Id", "")] = told.get("Target", "")

    book.parse("xl/workbook.xml", start=note_sheet)
    book.parse("xl/_rels/workbook.xml.rels", start=note_target)
    target = targets.get(sheets[0], "") if sheets else ""
    name = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    if not book.has(name):
        raise NotATable
    return name, sum(shown[1:])


def _texts(book: _Workbook) -> list[str]:
    """Return the texts that the workbook's cells share; phonetic guides for Asian characters (rPh) are left out."""
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

    book.parse("xl/sharedStrings.xml", start=begin, end=end, text=note)
    return texts


def _sheet(book: _Workbook, name: str, reader: "_SheetReader") -> Rows:
    """Return the rows of a sheet up to the last row with a text; rows without a text in between are empty lists."""
    book.parse(name, start=reader.begin, end=reader.end, text=reader.note)
    reader.rows.hidden = len(reader.hidden)
    return reader.rows


class _SheetReader:
    """Collects the rows of a sheet while it is parsed."""

    def __init__(self, shared: Sequence[str], most: int, columns: int) -> None:
        """Start without rows; at most `most` rows and `columns` columns are read; `shared` are the workbook's texts."""
        self.rows = Rows()
        self.hidden: set[int] = set()
        self._shared, self._most, self._columns = shared, most, columns
        self._row, self._is_hidden = -1, False
        self._cell = {"r": "", "t": ""}
        self._column = 0
        self._parts: list[str] = []
        self._is_value = False

    def begin(self, name: str, told: dict[str, str]) -> None:
        """Handle an XML start tag: of a row, a cell or a value."""
        local = _local(name)
        if local == "row":
            # A row without a number, or with none larger than the row before it, follows directly after that row.
            self._row = max(self._row + 1, _number(told.get("r", "")) - 1)
            self._is_hidden = told.get("hidden") in ("1", "true")
            self._column = 0
        elif local == "c":
            self._cell = {"r": told.get("r", ""), "t": told.get("t", "")}
            self._parts = []
        self._is_value = local in ("v", "t")

    def end(self, name: str) -> None:
        """Handle an XML end tag: of a cell or a value."""
        if _local(name) == "c" and self._row >= 0:
            self._put(_value("".join(self._parts), self._cell["t"], self._shared))
        self._is_value = False

    def note(self, text: str) -> None:
        """Handle a piece of text, and collect it if it is within a value."""
        if self._is_value:
            self._parts.append(text)

    def _put(self, text: str) -> None:
        """Store a cell's text in the column of its name, such as C7; without a name in the next column."""
        column = _column_of(self._cell["r"], self._column)
        self._column = column + 1
        if not text.strip():
            return
        if self._is_hidden:
            self.hidden.add(self._row)
            return
        if column >= self._columns:
            raise TooLarge
        if self._row >= self._most:
            raise TooManyRows
        self.rows.extend([] for _row in range(self._row + 1 - len(self.rows)))
        row = self.rows[self._row]
        row.extend("" for _cell in range(column + 1 - len(row)))
        row[column] = text


def _number(text: str) -> int:
    """Return the number that a row's attribute has; 0 if it has none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0


def _column_of(name: str, following: int) -> int:
    """Return the index, from 0, of the column in a cell's name; `following` for a cell without a name."""
    named = CELL.fullmatch(name)
    if not named:
        return following
    column = 0
    for letter in named[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _value(text: str, kind: str, shared: Sequence[str]) -> str:
    """Return a cell's text; "" for an error value such as #N/A."""
    if kind == "s":
        is_number = text.isascii() and text.isdecimal() and len(text) < 8
        return shared[int(text)] if is_number and int(text) < len(shared) else ""
    return "" if kind == "e" else text


def _local(name: str) -> str:
    return name.rpartition(":")[2]
