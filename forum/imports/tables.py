"""The table that an organiser has sent: its headings and its rows.

A short table is not stored on the server. The page carries it sealed, for one organiser and event and for an hour,
until the import is carried out. A long table is stored for the worker (`kept_tables`).
"""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from flask_babel import gettext as _
from wtforms import HiddenField

from forum import clock
from forum.imports.headings import are_headings, digest_of
from forum.sealing import seal, unseal
from forum.web import sheet_rows, spreadsheets
from forum.web.tables import restored

# The most people whom a request registers by itself, in one transaction; the worker imports a longer table in parts.
MOST = 500
# The most people of a table. Registering one takes some 20 ms, so the worker is busy with them for seven minutes.
MOST_ROWS = 20_000
MOST_COLUMNS = 60
LARGEST = 5_000_000  # the most bytes of an uploaded file; 20,000 people in 12 columns are 3 MB of CSV
# The most bytes and XML elements of all unpacked parts of a workbook together: 20,000 rows of 12 cells need less.
MOST_UNPACKED = spreadsheets.Bounds(bytes=30_000_000, elements=1_200_000)
# The most characters of a table: a workbook of 2 kB can repeat one long text in every cell.
MOST_TEXT = 8_000_000
# the most characters of an encrypted table, so that it fits into one form beside all other fields
LONGEST_SEALED = 190_000
SECONDS = 3600
PURPOSE = "identity"  # encrypted with the key for real names, because a table holds names of people


@dataclass(frozen=True)
class Table:
    """A table: headings, numbered rows, and how many rows with text are hidden in the file.

    Each heading of a table whose first row is a person already is "". `other_sheets` is how many further sheets the
    workbook had, which is known only as long as the file is read.
    """

    headings: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    hidden: int = 0
    other_sheets: int = 0

    @property
    def digest(self) -> str:
        """Return a digest of the headings, by which another table with the same headings is recognised."""
        return digest_of(self.headings)

    @property
    def has_headings(self) -> bool:
        """Return whether the table has a row of headings."""
        return any(self.headings)

    @property
    def labels(self) -> list[str]:
        """Return the headings; the numbers of the columns where the table has no headings."""
        if self.has_headings:
            return list(self.headings)
        return [_("Column %(number)s", number=number) for number in range(1, len(self.headings) + 1)]


class NothingSent(sheet_rows.SheetRefused):
    """There is neither a file nor a pasted row, or nothing in it."""


class NoRows(sheet_rows.SheetRefused):
    """The table has no row below its headings."""


class NoRowsShown(sheet_rows.SheetRefused):
    """The file hides all rows of the table, or all below its headings."""


class NoRowsOnFirstSheet(sheet_rows.SheetRefused):
    """The first sheet of the workbook has no rows, or headings alone, and there are further sheets."""


def read(uploaded: bytes, pasted: str) -> Table:
    """Return the table of a file, else of pasted rows. Raises SheetRefused.

    Texts of a CSV file and pasted ones lose the apostrophes that our exports put before what could be a formula (S31).
    """
    if len(uploaded) > LARGEST:
        raise sheet_rows.TooLarge
    if uploaded:
        cells = spreadsheets.read(uploaded, most=MOST_ROWS + 1, columns=MOST_COLUMNS, bounds=MOST_UNPACKED)
    else:
        cells = spreadsheets.read_pasted(pasted, most=MOST_ROWS + 1, columns=MOST_COLUMNS)
    if not uploaded.startswith(spreadsheets.ZIP):
        cells[:] = [[restored(cell) for cell in row] for row in cells]
    if sum(len(cell) for row in cells for cell in row) > MOST_TEXT:
        raise sheet_rows.TooLarge
    numbered = [(number, row) for number, row in enumerate(cells, 1) if any(row)]
    if numbered and not are_headings(numbered[0][1]):
        return _without_headings(numbered, cells)
    if len(numbered) < 2:
        raise _without_people(numbered, cells)
    return Table(numbered[0][1], numbered[1:], cells.hidden, cells.other_sheets)


def _without_headings(numbered: Sequence[tuple[int, Sequence[str]]], cells: sheet_rows.Rows) -> Table:
    if len(numbered) > MOST_ROWS:
        raise sheet_rows.TooManyRows
    width = max(len(row) for _number, row in numbered)
    return Table([""] * width, numbered, cells.hidden, cells.other_sheets)


def _without_people(numbered: Sequence[object], cells: sheet_rows.Rows) -> sheet_rows.SheetRefused:
    """Return why a table has nobody."""
    if cells.other_sheets:
        return NoRowsOnFirstSheet()
    if cells.hidden:
        return NoRowsShown()
    return NoRows() if numbered else NothingSent()


class TableField(HiddenField):
    """A hidden field with the sealed table; set `bound_to`, for whom it is sealed, before the page is rendered."""

    bound_to = ""
    data: Table | None
    sent = ""

    def process_formdata(self, valuelist) -> None:
        """Keep the sealed text that was sent, until `open` reads the table in it."""
        self.data, self.sent = None, valuelist[0] if valuelist else ""

    def open(self, bound_to: str) -> Table | None:
        """Return the table that was sent, if it was sealed for this organiser and event within the hour; else None."""
        self.bound_to = bound_to
        if self.data is None and self.sent:
            self.data = unsealed(self.sent, bound_to)
        return self.data

    def _value(self) -> str:
        return sealed(self.data, self.bound_to) if self.data else ""


def sealed(table: Table, bound_to: str) -> str:
    """Return the table sealed as a text. Raises TooLarge."""
    told = [int(clock.now().timestamp()), table.headings, table.rows, table.hidden]
    packed = zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())
    text = urlsafe_b64encode(seal(packed, PURPOSE, bound_to)).decode()
    if len(text) > LONGEST_SEALED:
        raise sheet_rows.TooLarge
    return text


def is_short(table: Table) -> bool:
    """Return whether a page can hold the table in a hidden field, and one transaction register its people."""
    try:
        return len(table.rows) <= MOST and bool(sealed(table, ""))
    except sheet_rows.TooLarge:
        return False


def unsealed(text: str, bound_to: str) -> Table | None:
    """Return the table of a sealed text; None if the text is too old or was sealed for somebody else."""
    if len(text) > LONGEST_SEALED:
        return None
    try:
        # Decrypt first, which proves that this forum packed the text; then unpacking is safe.
        packed = unseal(urlsafe_b64decode(text), PURPOSE, bound_to)
    except (ValueError, NotBase64, InvalidTag):
        return None
    made_at, headings, rows, hidden = json.loads(zlib.decompress(packed))
    if clock.now().timestamp() - made_at >= SECONDS:
        return None
    return Table(headings, [(number, cells) for number, cells in rows], hidden)
