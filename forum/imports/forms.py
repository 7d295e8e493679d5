"""The forms of an import: one for the table, one for its columns and for how its people are imported."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, FileField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.form import Form
from wtforms.validators import DataRequired, Length, StopValidation

from forum.events.models import Event
from forum.imports import answers, headings
from forum.imports.actions import SEND, WAIT, Terms
from forum.imports.checking import Outcome, mark_of
from forum.imports.rows import COLUMNS, Otherwise, Read, columns_of, own_language, read_rows
from forum.imports.tables import MOST_COLUMNS, Table, TableField
from forum.people.models import LONGEST_NOTE
from forum.questions.fields import name_of
from forum.questions.models import Question
from forum.web.countries import CountryField
from forum.web.edits import digest
from forum.web.forms import LinesField, PastedField, SentOnce, TidyForm, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES, in_language

# The fields that keep their values, like those for the columns, when a corrected table with the same headings is sent.
KEPT = ("sector", "organisation", "country", "language", "links", "if_full", "which", "reason")
NOWHERE = ""
# The fields whose values count for the rows of the table that have none of their own.
OTHERWISE = ("sector", "organisation", "country", "language")
SILENT, REFUSE = "silent", "refuse"
ALL, GOOD = "all", "good"
# The boxes that take in people whom an import leaves out by itself.
BOXES = ("with_alike", "with_undecided")


class KeptField(HiddenField):
    """A hidden field with the choices made for an earlier table, by field, and the digest of that table's headings."""

    data: MultiDict[str, str] | None

    def process_formdata(self, valuelist) -> None:
        """Read the kept choices without checking: the form that they fill in checks their values."""
        self.data = MultiDict(parse_qsl(valuelist[0], keep_blank_values=True)) if valuelist else None

    def _value(self) -> str:
        return urlencode(self.data.to_dict()) if self.data else ""


class ImportTableForm(TidyForm):
    """The table of people: a file or pasted rows."""

    file = FileField(_l("File"))
    lines = PastedField(_l("Or paste the rows"))
    kept = KeptField()

    def kept_for(self, table: Table) -> MultiDict[str, str] | None:
        """Return the choices made for the earlier table if it had the same headings as this table, else None."""
        kept = self.kept.data
        return kept if kept and kept.get("headings") == table.digest else None


class RequiredForRows(DataRequired):
    """Requires a value for all rows, unless a column of the table is chosen from which each row's value is read.

    If a column is chosen and no value is given, a row whose cell is empty counts as wrong.
    """

    field_flags: Mapping[str, Any] = {}

    def __call__(self, form: Form, field: Field) -> None:
        """Accept an empty field if the value has a column."""
        if not field.data and form[f"from_{field.name}"].data:
            field.errors = []
            raise StopValidation
        super().__call__(form, field)


def _column(name: str) -> SelectField:
    return SelectField(COLUMNS[name], validate_choice=True, default=NOWHERE)


class ImportPeopleForm(SentOnce, TidyForm):
    """From which columns of a table the values are read, and how its people are imported.

    Each of the event's own questions (`answers.list_asked`) has a field for its column, too.
    """

    # WTForms' list of a form's fields: each form object has its own, with fields for the event's own questions.
    _unbound_fields: Any
    table = TableField()
    # A digest of everything that the dry run's page has shown: nothing else can be imported.
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
    sector = RadioField(_l("Sector of rows that name none"), [RequiredForRows(_l("Choose a sector"))])
    organisation = StringField(
        _l("Organisation of rows that name none"),
        [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number],
    )
    country = CountryField(_l("Country of rows that name none"), [RequiredForRows(_l("Choose a country"))])
    language = RadioField(
        _l("Language of our messages, for rows that name none"),
        [RequiredForRows(_l("Choose a language"))],
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
    # Show this box only if the dry run has found people who are probably registered already, or in an earlier row.
    with_alike = BooleanField(_l("Also import people who are probably there already"))
    # Show this box only if some row's status says that the person has no place in the other list yet.
    with_undecided = BooleanField(_l("Also import people who have no place elsewhere yet"))
    reason = LinesField(
        _l("Where the table comes from"),
        [
            required(_l("Write where the table comes from")),
            Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")),
            no_identity_number,
        ],
    )

    def __init__(self, *args: Any, questions: Sequence[Question] = (), **kwargs: Any):
        self.questions = questions
        self.names = (*COLUMNS, *map(name_of, questions))
        own = ((name_of(one), SelectField(in_language(one.label), default=NOWHERE)) for one in questions)
        self._unbound_fields = [*self._unbound_fields, *((f"from_{name}", field) for name, field in own)]
        super().__init__(*args, **kwargs)

    def own_columns(self) -> Iterator[tuple[Field, str]]:
        """Yield, for each of the event's own questions, the field for its column and what its cells may contain."""
        for question in self.questions:
            yield self[f"from_{name_of(question)}"], answers.hint(question)

    def offer(self, event: Event, table: Table) -> None:
        """Set the choices of the fields: the table's columns, each with its first text, and the event's sectors."""
        hidden = answers.sensitive_columns(table.headings, self.questions)
        told = [SelectChoice(NOWHERE, _("Not in the table")), *_columns(table, hidden)]
        for name in self.names:
            self[f"from_{name}"].choices = told
        self.sector.choices = [SelectChoice(one.key, in_language(one.name)) for one in event.sectors]

    def suggest(self, event: Event, table: Table, remembered: Mapping[str, int] | None) -> None:
        """Choose each value's column as in the last table with these headings, or by a guess for new headings or none.

        The columns of an earlier table without headings say nothing about those of another one.
        """
        self.table.data = table
        self.offer(event, table)
        if table.has_headings:
            known = headings.guess(table.headings) if remembered is None else dict(remembered)
        else:
            known = headings.guess_by_texts(table.rows[0][1])
        own = answers.guess(table.headings, self.questions, known.values())
        for name, place in {**own, **known}.items():
            if name in self.names and place < len(table.headings):
                self[f"from_{name}"].data = str(place)
        self.which.data = ALL
        if len(event.sectors) == 1:
            self.sector.data = event.sectors[0].key

    def keep(self, event: Event, table: Table) -> None:
        """Show the form for a corrected table, and keep the choices made for the table before it."""
        self.table.data = table
        self.offer(event, table)

    def to_keep(self) -> MultiDict[str, str]:
        """Return the form's choices, with the digest of the table's headings for which they were made."""
        return MultiDict({"headings": self.terms().headings} | self.chosen())

    def chosen(self) -> dict[str, str]:
        """Return, by field, the chosen columns and the other choices that stay when a corrected table is sent."""
        return {name: self[name].data or "" for name in (*(f"from_{name}" for name in self.names), *KEPT)}

    def asks(self, name: str) -> bool:
        """Return whether some row may need a value for rows that name none: no column is chosen, or a cell has none."""
        place = self[f"from_{name}"].data
        if not self.table.data or not (place or "").isdecimal():
            return True
        texts = ("".join(cells[int(place) : int(place) + 1]) for _number, cells in self.table.data.rows)
        return any(not text or (name == "language" and not own_language(text)) for text in texts)

    def asked(self) -> list[list[str]]:
        """Return two lists of field names: those of values that some rows may lack, and those that no row needs."""
        asked = [name for name in OTHERWISE if self.asks(name) or self[name].errors]
        return [asked, [name for name in OTHERWISE if name not in asked]]

    def columns(self) -> dict[str, int]:
        """Return, by the name of a value, the index of the column from which the value is read."""
        return columns_of(self.chosen(), self.questions)

    def terms(self) -> Terms:
        """Return the terms of the import that were chosen in the form."""
        headings = self.table.data.headings if self.table.data else ()
        return Terms.of(self.chosen(), headings, digest({"key": self.key.data}), self.questions)

    def read(self, event: Event) -> Read:
        """Return the people and the faults that the rows of the table give, by the choices in the form."""
        rows = self.table.data.rows if self.table.data else ()
        otherwise, with_undecided = Otherwise.of(event, self.chosen()), self.with_undecided.data
        return read_rows(
            rows, self.columns(), event, otherwise, self.questions, with_undecided=with_undecided
        )

    def was_previewed(self, outcome: Outcome) -> bool:
        """Return whether the page has shown exactly this outcome; the form then carries this outcome's digest."""
        boxes = {name: self[name].data for name in BOXES}
        chosen = {"which": self.which.data, **boxes}
        terms = {**vars(self.terms()), "questions": [one.key for one in self.questions]}
        told = mark_of(outcome, {**chosen, "terms": terms})
        shown, self.previewed.data = self.previewed.data == told, told
        return shown


class LongTableField(TableField):
    """A long table, which is stored on the server: unlike a short table, the page does not carry it."""

    def _value(self) -> str:
        return ""


class LongTableForm(ImportPeopleForm):
    """From which columns of a long table the values are read, and how its people are imported."""

    table = LongTableField()

    def asks(self, name: str) -> bool:
        """Return True: of a long table the form has the first rows alone, so any value may be missing further down."""
        return True

    def all_chosen(self) -> dict[str, str]:
        """Return all choices by field, as they are stored."""
        return {**self.chosen(), **{name: "y" if self[name].data else "" for name in BOXES}}


def _columns(table: Table, hidden: Collection[int]) -> Iterator[SelectChoice]:
    """Yield the columns that have a heading, as choices that quote a text below it; columns in `hidden` quote none."""
    for place, heading in enumerate(table.labels[:MOST_COLUMNS]):
        below = next(
            (cells[place] for _number, cells in table.rows if place < len(cells) and cells[place]), ""
        )
        label = (
            _("%(heading)s, such as %(text)s", heading=heading[:60], text=below[:40])
            if below and place not in hidden
            else heading[:60]
        )
        if heading:
            yield SelectChoice(str(place), label)
