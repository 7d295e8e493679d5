"""The people in rows that a contact pastes into the form of a delegation."""

from collections import Counter
from collections.abc import Mapping, Sequence

from forum.folding import search_fold
from forum.web import sheet_rows, spreadsheets

# The columns by the headings that they may have, folded. Rows without headings have them in this order.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "given_name": ("given name", "first name", "name", "fornamn", "namn"),
    "family_name": ("family name", "last name", "surname", "efternamn"),
    "title": ("title or role", "title", "role", "titel eller roll", "titel", "roll"),
    "email": ("e mail address", "e mail", "email", "email address", "e post", "epost", "e postadress"),
}
# A cell of more characters is not compared with headings: folding a text of any length takes long (S35).
LONGEST_HEADING = 60


# A separator of cells that is not understood: a bar, or several blanks in a row.
BAR, BLANKS = "|", "  "


class NotSplit(sheet_rows.SheetRefused):
    """A row has several values in one cell; `number` is its number among the pasted rows, counted from 1."""

    def __init__(self, number: int) -> None:
        super().__init__(type(self).__doc__)
        self.number = number


class DoubledHeadings(sheet_rows.SheetRefused):
    """Two of the columns mean the same; `names` are their headings."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(type(self).__doc__)
        self.names = names


def read(text: str, *, most: int) -> list[dict[str, str]]:
    """Return the people in pasted rows, as values by form field. Raises SheetRefused."""
    pasted = spreadsheets.read_pasted(text, most=most + 1)
    _refuse_unsplit(pasted)
    rows = [row for row in pasted if any(row)]
    columns: Sequence[str | None] = tuple(HEADINGS)
    if rows and any(known := [_column(cell) for cell in rows[0]]):
        _refuse_doubled(rows[0], known)
        columns, rows = known, rows[1:]
    if len(rows) > most:
        raise sheet_rows.TooManyRows
    return [_person(row, columns) for row in rows]


def _refuse_unsplit(rows: Sequence[Sequence[str]]) -> None:
    """Raise NotSplit where a row has another separator: all its values would become one given name."""
    for number, row in enumerate(rows, 1):
        alone = row[0] if len(row) == 1 else ""
        is_address_in_words = "@" in alone and len(alone.split()) > 1
        if is_address_in_words or BLANKS in alone or any(BAR in cell for cell in row):
            raise NotSplit(number)


def _refuse_doubled(headings: Sequence[str], columns: Sequence[str | None]) -> None:
    """Raise DoubledHeadings where two columns mean the same: one of them would be lost unseen."""
    counted = Counter(columns)
    names = [text for text, name in zip(headings, columns, strict=True) if name and counted[name] > 1]
    if names:
        raise DoubledHeadings(names)


def _person(row: Sequence[str], columns: Sequence[str | None]) -> dict[str, str]:
    """Return the cells by form field; a cell that is one word with an at sign is the address, in whichever column."""
    cells = list(zip(columns, row, strict=False))
    addresses = [one for one in cells if "@" in one[1] and len(one[1].split()) == 1]
    address = next((one for one in addresses if one[0] == "email"), addresses[0] if addresses else None)
    person = {"email": address[1]} if address else {}
    for one in cells:
        if one is not address and one[0] is not None:
            person.setdefault(one[0], one[1])
    return person


def _column(heading: str) -> str | None:
    if len(heading) > LONGEST_HEADING:
        return None
    folded = " ".join(search_fold(heading).replace("-", " ").split())
    return next((name for name, known in HEADINGS.items() if folded in known), None)
