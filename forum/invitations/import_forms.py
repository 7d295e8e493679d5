"""The form that invites many people at once, from a file or pasted rows, after a preview."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Field, FileField, HiddenField

from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.folding import search_fold
from forum.invitations.actions import Invitee
from forum.invitations.errors import SectorGone
from forum.invitations.forms import InvitesForm, PersonForm
from forum.invitations.many import MOST, Row
from forum.registration import names
from forum.web import sheet_rows, spreadsheets
from forum.web.edits import digest
from forum.web.forms import LONGEST_TEXT, PastedField
from forum.web.language_names import read_language

LARGEST = 250_000  # the most bytes of an uploaded file
SHOWN = 20  # the most faults that the page lists
# The headings that each column may have, in lower case and without accents. In a table without headings the columns
# stand in this order.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "given_name": ("given name", "first name", "name", "fornamn", "namn"),
    "family_name": ("family name", "last name", "surname", "efternamn"),
    "email": ("e mail", "email", "e mail address", "email address", "e post", "epost", "e postadress"),
    "organisation": ("organisation", "organization"),
    "sector": ("sector", "sektor"),
    "language": ("language", "sprak"),
}
REFUSALS: Mapping[type[sheet_rows.SheetRefused], Any] = {
    sheet_rows.NotATable: _l("The file cannot be read. Save it as XLSX or CSV, or paste the rows."),
    sheet_rows.OldWorkbook: _l(
        "Files of this kind, often called XLS, cannot be read. Save the table as XLSX or CSV."
    ),
    sheet_rows.TooManyRows: _l("There are too many rows. At most 300 people are invited at once."),
    sheet_rows.TooLarge: _l("The table is too large. Use at most 30 columns and 30,000 characters."),
}


class RowsRefused(Exception):
    """Rows of the table cannot be read; `faults` say which rows, and why."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("rows cannot be read")
        self.faults = faults


class PersonRow(PersonForm):
    """One row of the table, checked as the form for one person is; the whole form has the CSRF token."""

    class Meta(PersonForm.Meta):
        csrf = False


@dataclass(frozen=True)
class Table:
    """A table of people: the meaning of each column or None, numbered rows, and headings that are not understood."""

    columns: Sequence[str | None]
    rows: Sequence[tuple[int, Sequence[str]]]
    unread: Sequence[str]


class InviteManyForm(InvitesForm):
    """Many people to invite; the sector and language are those of rows that name none."""

    file = FileField(_l("File"))
    lines = PastedField(_l("Or paste the rows"))
    # A digest of all that the preview has shown: only people whom the preview has shown are invited.
    previewed = HiddenField()
    hidden = 0  # how many rows of the file are hidden, and so not read

    def read(self, uploaded: bytes, event: Event) -> list[Row]:
        """Return the people in the file, else in the pasted text; a file's rows are put into the form's text field.

        Raises RowsRefused, SectorGone.
        """
        chosen = find_sector(event, self.sector.data)
        if chosen is None:
            raise SectorGone
        if len(uploaded) > LARGEST:
            raise RowsRefused([_("The file is too large: at most 250 kB")])
        try:
            if uploaded:
                cells = spreadsheets.read(uploaded, most=MOST + 1)
                self.hidden = cells.hidden
                self.lines.data = spreadsheets.written(cells)
                if len(self.lines.data) > LONGEST_TEXT:
                    raise sheet_rows.TooLarge
            else:
                cells = spreadsheets.read_pasted(self.lines.data or "", most=MOST + 1)
        except sheet_rows.SheetRefused as refused:
            raise RowsRefused([str(REFUSALS[type(refused)])]) from None
        self.table = read_table(cells)
        read = [self._read_row(number, row, event, chosen) for number, row in self.table.rows]
        rows = [one for one in read if isinstance(one, Row)]
        faults = [fault for one in read if not isinstance(one, Row) for fault in one]
        faults += _doubled(rows)
        if faults:
            raise RowsRefused(faults)
        return rows

    def is_previewed(self, rows: Sequence[Row]) -> bool:
        """Return whether the preview has shown exactly these rows; the form then carries the digest of these rows."""
        shown = self._digest(rows)
        was_shown = self.previewed.data == shown
        self.previewed.data = shown
        return was_shown

    def _digest(self, rows: Sequence[Row]) -> str:
        told = [[row.number, row.sector.key, *vars(row.invitee).values()] for row in rows]
        fields = self.until, self.holds_place, self.remind_days, self.may_forward, self.exempt_from_rule
        terms = [str(field.data) for field in fields]
        return digest({"rows": told, "terms": terms})

    def _read_row(self, number: int, cells: Sequence[str], event: Event, chosen: Sector) -> Row | list[str]:
        """Return the person whom a row of the table names, or the faults of the row."""
        told = {name: cell for name, cell in zip(self.table.columns, cells, strict=False) if name is not None}
        form = PersonRow(
            MultiDict(
                {name: told.get(name, "") for name in ("given_name", "family_name", "email", "organisation")}
            )
        )
        form.validate()
        faults = [
            _in_row(number, _in_column(form[name], str(error)))
            for name, errors in form.errors.items()
            for error in errors
        ]
        sector, language = _sector(told, event), _language(told, event)
        if told.get("sector") and sector is None:
            faults.append(_in_row(number, _("the event has no sector “%(name)s”", name=told["sector"][:100])))
        if told.get("language") and language is None:
            faults.append(
                _in_row(number, _("the event is not in the language “%(name)s”", name=told["language"][:100]))
            )
        if faults:
            return faults
        person = {
            name: form[name].data or "" for name in ("given_name", "family_name", "email", "organisation")
        }
        invitee = Invitee(**person, language=language or self.language.data, words=self.words.data or "")
        return Row(number, sector or chosen, invitee)


def read_table(cells: Sequence[Sequence[str]]) -> Table:
    """Return the table's columns and rows. Raises RowsRefused for a table without people or with unclear headings."""
    numbered = [(number, row) for number, row in enumerate(cells, 1) if any(row)]
    if not numbered:
        raise RowsRefused([_("Choose a file, or paste the rows")])
    first = [_column(cell) for cell in numbered[0][1]]
    if "email" not in first:
        if not any("@" in cell for cell in numbered[0][1]):
            raise RowsRefused([_("No column has the heading “E-mail”")])
        return Table(tuple(HEADINGS), numbered, ())
    doubled = [name for name, times in Counter(filter(None, first)).items() if times > 1]
    if doubled:
        known = [cell for cell, name in zip(numbered[0][1], first, strict=True) if name in doubled]
        raise RowsRefused([_("Two columns mean the same: %(names)s", names=", ".join(known))])
    if not numbered[1:]:
        raise RowsRefused([_("There is nobody below the headings")])
    unread = [cell for cell, name in zip(numbered[0][1], first, strict=True) if cell and name is None]
    return Table(first, numbered[1:], unread)


def _column(heading: str) -> str | None:
    folded = _folded(heading)
    return next((name for name, known in HEADINGS.items() if folded in known), None)


def _folded(text: str) -> str:
    return " ".join(search_fold(text).replace("-", " ").split())


def _sector(told: Mapping[str, str], event: Event) -> Sector | None:
    """Return the sector that a row names by its key or its name in any language."""
    named = _folded(told.get("sector", ""))
    return next(
        (one for one in event.sectors if named in {_folded(one.key), *map(_folded, one.name.values())}), None
    )


def _language(told: Mapping[str, str], event: Event) -> str | None:
    """Return the language that a row names by its code or its name, if it is one of the event's languages."""
    code = read_language(told.get("language", ""))
    return code if code in event.offered_languages else None


def _doubled(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a fault for each row whose mail address an earlier row has."""
    first: dict[str, int] = {}
    for row in rows:
        canonical = names.canonical_email(row.invitee.email)
        if canonical in first:
            yield _in_row(
                row.number, _("the address stands in row %(first)s already", first=first[canonical])
            )
        else:
            first[canonical] = row.number


def _in_column(field: Field, fault: str) -> str:
    """Return the fault with its column's name in front; faults of addresses and missing values already name it."""
    return f"{field.label.text}: {fault}" if field.data and field.name != "email" else fault


def _in_row(number: int, fault: str) -> str:
    return _("Row %(number)s: %(fault)s", number=number, fault=fault)
