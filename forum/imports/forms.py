"""The forms of an import: the table, and how it is read and what happens to its people; each row is a form, too."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, EmailField, FileField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from forum.events.models import Event
from forum.events.queries import find_sector
from forum.imports import headings, values
from forum.imports.actions import Terms
from forum.imports.checking import Fault, Outcome, Person
from forum.imports.tables import MOST_COLUMNS, NoHeadings, Table, TableField
from forum.people.models import LONGEST_NOTE
from forum.registration.applicant import ASKED
from forum.registration.organisers_forms import PersonForm
from forum.registration.wording import FIELDS
from forum.web import sheet_rows
from forum.web.countries import CountryField
from forum.web.edits import digest
from forum.web.forms import LinesField, PastedField, SentOnce, TidyForm, is_email, required
from forum.web.languages import NAMES, in_language

REFUSALS: Mapping[type[sheet_rows.SheetRefused], Any] = {
    sheet_rows.NotATable: _l("The file cannot be read. Save it as XLSX or CSV, or paste the rows."),
    sheet_rows.TooManyRows: _l("There are too many rows. At most 500 people are imported at once."),
    sheet_rows.TooLarge: _l(
        "The table is too large. Leave out columns that are not needed, or import it in parts."
    ),
    NoHeadings: _l("Choose a file, or paste the rows: first a row of headings, then a row for each person."),
}
COLUMNS: Mapping[str, Any] = {
    "given_name": FIELDS["given_name"],
    "family_name": FIELDS["family_name"],
    "full_name": _l("Whole name, if it stands in one column"),
    "email": _l("E-mail address"),
    "organisation": FIELDS["organisation"],
    "title": FIELDS["title"],
    "sector": _l("Sector"),
    "country": FIELDS["country"],
    "language": FIELDS["language"],
    "phone": FIELDS["phone"],
    "reference": _l("Reference"),
    "status": _l("Status"),
}
# Fields whose values stay when the organiser replaces the table by a corrected one.
KEPT = (
    *(f"from_{name}" for name in COLUMNS),
    *("sector", "organisation", "country", "language", "links", "if_full", "which", "reason"),
)
NOWHERE = ""
SEND, SILENT = "send", "silent"
REFUSE, WAIT = "refuse", "wait"
ALL, GOOD = "all", "good"


class KeptField(HiddenField):
    """A hidden field with the choices made for an earlier table, by field name, and the digest of its headings."""

    data: MultiDict[str, str] | None

    def process_formdata(self, valuelist) -> None:
        """Read the kept choices; the form that they fill in checks them."""
        self.data = MultiDict(parse_qsl(valuelist[0], keep_blank_values=True)) if valuelist else None

    def _value(self) -> str:
        return urlencode(self.data.to_dict()) if self.data else ""


class ImportTableForm(TidyForm):
    """The table of people: a file or pasted rows."""

    file = FileField(_l("File"))
    lines = PastedField(_l("Or paste the rows"))
    kept = KeptField()

    def kept_for(self, table: Table) -> MultiDict[str, str] | None:
        """Return the choices made for an earlier table, if it had the same headings; else None."""
        kept = self.kept.data
        return kept if kept and kept.get("headings") == table.digest else None


class ImportedRowForm(PersonForm):
    """One row of the table, checked as the form for adding a person by hand is; the outer form has the CSRF token."""

    class Meta(PersonForm.Meta):
        csrf = False

    email = EmailField(_l("E-mail address"), [Optional(), is_email])


def _column(name: str) -> SelectField:
    return SelectField(COLUMNS[name], validate_choice=True, default=NOWHERE)


class ImportPeopleForm(SentOnce, TidyForm):
    """From which columns a table is read, and what happens to its people."""

    table = TableField()
    # A digest of everything that the preview has shown: nothing else is carried out.
    previewed = HiddenField()
    from_given_name = _column("given_name")
    from_family_name = _column("family_name")
    from_full_name = _column("full_name")
    from_email = _column("email")
    from_organisation = _column("organisation")
    from_title = _column("title")
    from_sector = _column("sector")
    from_country = _column("country")
    from_language = _column("language")
    from_phone = _column("phone")
    from_reference = _column("reference")
    from_status = _column("status")
    sector = RadioField(_l("Sector of rows that name none"), [required(_l("Choose a sector"))])
    organisation = StringField(
        _l("Organisation of rows that name none"),
        [Length(max=200, message=_l("Use at most 200 characters"))],
    )
    country = CountryField(_l("Country of rows that name none"), [required(_l("Choose a country"))])
    language = RadioField(
        _l("Language of our messages, for rows that name none"),
        [required(_l("Choose a language"))],
        choices=[SelectChoice(code, name) for code, name in NAMES.items()],
    )
    links = RadioField(
        _l("Messages"),
        [required(_l("Choose whether people get a message"))],
        choices=[
            SelectChoice(SEND, _l("Send each person with an address a link to confirm it")),
            SelectChoice(SILENT, _l("Write to nobody, and register them without their addresses")),
        ],
    )
    if_full = RadioField(
        _l("If no place is free for a person"),
        [required(_l("Choose what happens if no place is free"))],
        choices=[
            SelectChoice(REFUSE, _l("Leave the person out")),
            SelectChoice(WAIT, _l("Add the person to the waiting list")),
        ],
    )
    which = RadioField(
        _l("If some rows are wrong"),
        [required(_l("Choose what happens if some rows are wrong"))],
        choices=[
            SelectChoice(ALL, _l("Import nobody before every row is right")),
            SelectChoice(GOOD, _l("Import the good rows, and leave out the wrong ones")),
        ],
        default=ALL,
    )
    # The form shows this box only if the dry run has found people like those in the table.
    with_alike = BooleanField(_l("Also import people who are probably there already"))
    reason = LinesField(
        _l("Where the table comes from"),
        [
            required(_l("Write where the table comes from")),
            Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")),
        ],
    )

    def offer(self, event: Event, table: Table) -> None:
        """Set the choices: the table's columns, each with its first text, and the event's sectors."""
        told = [SelectChoice(NOWHERE, _("Not in the table")), *_columns(table)]
        for name in COLUMNS:
            self[f"from_{name}"].choices = told
        self.sector.choices = [SelectChoice(one.key, in_language(one.name)) for one in event.sectors]

    def suggest(self, event: Event, table: Table, remembered: Mapping[str, int] | None) -> None:
        """Fill in from which columns values are probably to be read, as the last table with these headings was."""
        self.table.data = table
        self.offer(event, table)
        for name, place in (headings.guess(table.headings) if remembered is None else remembered).items():
            if name in COLUMNS and place < len(table.headings):
                self[f"from_{name}"].data = str(place)
        self.which.data = ALL
        if len(event.sectors) == 1:
            self.sector.data = event.sectors[0].key

    def keep(self, event: Event, table: Table) -> None:
        """Show a corrected table, with the choices that were made for the table before it."""
        self.table.data = table
        self.offer(event, table)

    def to_keep(self) -> MultiDict[str, str]:
        """Return the choices, with the digest of the headings for which they were made."""
        return MultiDict({"headings": self.terms().headings} | {name: self[name].data or "" for name in KEPT})

    def columns(self) -> dict[str, int]:
        """Return the index of the column from which each value is read."""
        places = {str(place): place for place in range(MOST_COLUMNS)}
        chosen = {name: self[f"from_{name}"].data for name in COLUMNS}
        return {name: places[place] for name, place in chosen.items() if place in places}

    def terms(self) -> Terms:
        """Return the terms of the import that were chosen in the form."""
        return Terms(
            reason=self.reason.data or "",
            sends_links=self.links.data == SEND,
            may_wait=self.if_full.data == WAIT,
            headings=self.table.data.digest if self.table.data else "",
            columns=self.columns(),
            form_key=digest({"key": self.key.data}),
        )

    def read(self, event: Event) -> tuple[list[Person], list[Fault], list[int]]:
        """Return the people in the table, what is wrong in other rows, and the rows of people who do not come."""
        people: list[Person] = []
        faults: list[Fault] = []
        left_out: list[int] = []
        columns = self.columns()
        for number, cells in self.table.data.rows if self.table.data else ():
            told = {name: cells[place] for name, place in columns.items() if place < len(cells)}
            if not values.is_coming(told.get("status", "")):
                left_out.append(number)
                continue
            read = list(self._read_row(number, told, event))
            people += [one for one in read if isinstance(one, Person)]
            faults += [one for one in read if isinstance(one, Fault)]
        return people, faults, left_out

    def was_previewed(self, outcome: Outcome) -> bool:
        """Return whether the preview has shown exactly this; if not, make the form show it."""
        people = [(one.row, one.sector.key, vars(one.details), one.email) for one in outcome.people]
        faults = [(one.row, one.text) for one in (*outcome.faults, *outcome.alike)]
        told = digest(
            {
                "people": people,
                "placed": sorted(outcome.placed),
                "faults": faults,
                "terms": vars(self.terms()),
                "which": self.which.data,
                "with_alike": self.with_alike.data,
            }
        )
        shown, self.previewed.data = self.previewed.data == told, told
        return shown

    def _read_row(self, number: int, told: Mapping[str, str], event: Event) -> Iterator[Person | Fault]:
        """Yield the person of a row, or what is wrong with it."""
        given_name, family_name = values.names(told)
        named = told.get("sector", "")
        sector = values.find_sector(event, named) if named else find_sector(event, self.sector.data)
        form = ImportedRowForm(
            MultiDict(
                {
                    "given_name": given_name,
                    "family_name": family_name,
                    "email": told.get("email", ""),
                    "organisation": told.get("organisation") or self.organisation.data or "",
                    "title": told.get("title", ""),
                    "country": values.country(told["country"]) if told.get("country") else self.country.data,
                    "language": values.language(told["language"])
                    if told.get("language")
                    else self.language.data,
                    "phone": values.phone(told.get("phone", "")),
                }
            )
        )
        form.validate()
        faults = [
            Fault(number, str(COLUMNS[name]), _fault(form, name, told)) for name in ASKED if form[name].errors
        ]
        if sector is None:
            text = _("The forum has no sector “%(name)s”", name=named[:100])
            faults.append(Fault(number, _("Sector"), text))
        yield from faults
        if sector is not None and not faults:
            reference = values.reference(told.get("reference", ""))
            yield Person(number, sector, form.details(), form.email.data or "", reference)


def _columns(table: Table) -> Iterator[SelectChoice]:
    """Yield the table's columns with a heading, as choices; each shows the first text below it."""
    for place, heading in enumerate(table.headings[:MOST_COLUMNS]):
        below = next(
            (cells[place] for _number, cells in table.rows if place < len(cells) and cells[place]), ""
        )
        label = (
            _("%(heading)s, such as %(text)s", heading=heading[:60], text=below[:40])
            if below
            else heading[:60]
        )
        if heading:
            yield SelectChoice(str(place), label)


def _fault(form: ImportedRowForm, name: str, told: Mapping[str, str]) -> str:
    """Return the message for a wrong cell; for an unknown country or language it quotes the cell's text."""
    if name == "country":
        return _("“%(name)s” is no country that we know", name=told.get("country", "")[:100])
    if name == "language":
        return _("The forum does not write in “%(name)s”", name=told.get("language", "")[:100])
    return str(form[name].errors[0])
