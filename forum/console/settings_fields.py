"""The fields and rows of the settings' forms: texts per language, numbers, days, hours and moments."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from wtforms import (
    DateField,
    DateTimeLocalField,
    Field,
    FieldList,
    FormField,
    IntegerField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Length, StopValidation

from forum.columns import Text, is_link, is_web_link
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, NumberedFields, PartForm, TidyForm, WithinLimits
from forum.web.languages import NAMES

EARLIEST, LATEST = 1990, 2199
# The highest number of places or hours that a form accepts: more than any event has, and it fits into a column.
MOST = 100_000
MOMENT = "%Y-%m-%dT%H:%M"


class SettingsForm(ShowsStored, TidyForm):
    """An edit form for a part of an event's settings."""


class Row(PartForm):
    """A part of a form that has fields of its own, such as a day or a sector."""

    @property
    def is_blank(self) -> bool:
        """Whether nothing has been entered in the row."""
        return not any(_has_words(field.data) for field in self)


class LineTexts(Row):
    """Fields for a line of text in each language."""


class AreaTexts(Row):
    """Fields for a paragraph in each language."""


class LongTexts(Row):
    """Fields for a text of several paragraphs in each language."""


for _code, _name in NAMES.items():
    setattr(LineTexts, _code, StringField(_name))
    setattr(AreaTexts, _code, TextAreaField(_name))
    setattr(LongTexts, _code, LinesField(_name))


class TextsField(FormField):
    """A text in each language; with the message `missing`, the text is required in at least one of them."""

    def __init__(self, kind: type[Row], label=None, *, longest: int = 0, missing=None, **kwargs):
        super().__init__(kind, label, **kwargs)
        self._longest, self._missing = longest, missing
        # Codes of the languages in which the text is expected; the page points out those that are missing.
        self.wanted: Sequence[str] = tuple(NAMES)

    @property
    def text(self) -> Text:
        """The typed text by language, without the languages that were left empty."""
        return Text({code: words for code, words in self.data.items() if words})

    def validate(self, form, extra_validators=()) -> bool:
        """Refuse a text that is too long, and a required text that is empty in every language."""
        if not super().validate(form, extra_validators):
            return False
        length = Length(max=self._longest, message=too_long(self._longest)) if self._longest else None
        for field in self.form:
            if length and field.data and len(field.data) > length.max:
                field.errors = [length.message]
        if self._missing and not self.text:
            next(iter(self.form)).errors = [self._missing]
        return not self.form.errors


def want_languages(form: Iterable[Field], codes: Sequence[str]) -> None:
    """Set the languages in which all texts of a form, its rows included, are expected."""
    for field in form:
        if isinstance(field, TextsField):
            field.wanted = codes
        elif isinstance(field, FormField):
            want_languages(field.form, codes)
        elif isinstance(field, FieldList):
            want_languages(field.entries, codes)


class RowsField(NumberedFields):
    """A list of Rows in a form; when a page first shows it, it has one more row, a blank one."""

    def __init__(self, row: type[Row], label=None, *, most: int, **kwargs):
        super().__init__(FormField(row), label, max_entries=most, **kwargs)

    @property
    def filled(self) -> list[Any]:
        """The rows in which something has been entered."""
        return [row.form for row in self.entries if not row.form.is_blank]

    def offer_blank(self) -> None:
        """Add a blank row, unless the rows are as many as there may be."""
        if len(self.entries) < (self.max_entries or 0):
            self.append_entry()

    def put(self, entries: Sequence[Any]) -> None:
        """Replace the rows, and number their fields anew, so that the browser sends the rows in this order."""
        self.entries = [*entries]
        self._compact_indices()

    def note_errors(self) -> None:
        """Collect the errors of the rows again, after errors were added to single rows."""
        errors = [entry.errors for entry in self.entries]
        self.errors = errors if any(errors) else []


class NumberField(IntegerField):
    """A whole number, 0 or more."""

    data: Any

    def __init__(self, label=None, validators=(), *, least: int = 0, most: int = MOST, **kwargs):
        limit = WithinLimits(
            least, most, _l("Enter a number from %(least)s to %(most)s", least=least, most=most)
        )
        super().__init__(label, [*validators, limit], **kwargs)

    def process_formdata(self, valuelist) -> None:
        """Read the number; refuse anything else with a message in the page's language."""
        if valuelist and not valuelist[0].strip():
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_l("Enter a whole number, in digits")) from None


class DayField(DateField):
    """A date."""

    def process_formdata(self, valuelist) -> None:
        """Read the date, or nothing; refuse anything else with a message in the page's language."""
        _read(self, super().process_formdata, valuelist, _l("Enter a date such as 2027-11-16"))


class HourField(TimeField):
    """An hour of the clock."""

    def process_formdata(self, valuelist) -> None:
        """Read the hour, or nothing; refuse anything else with a message in the page's language."""
        _read(self, super().process_formdata, valuelist, _l("Enter a time such as 09:00"))


class MomentField(DateTimeLocalField):
    """A date and an hour by the clock at the venue, without a zone."""

    def __init__(self, label=None, validators=(), **kwargs):
        super().__init__(label, validators, format=[MOMENT, "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs)

    def process_formdata(self, valuelist) -> None:
        """Read the moment, or nothing; refuse anything else with a message in the page's language."""
        _read(
            self, super().process_formdata, valuelist, _l("Enter a date and a time such as 2027-10-31 23:59")
        )


def validate_filled(rows: RowsField, validate, extra_validators) -> bool:
    """Validate the form without its blank rows; put them back if it is invalid, because the form is shown again."""
    blank = [row for row in rows.entries if row.form.is_blank]
    rows.entries = [row for row in rows.entries if not row.form.is_blank]
    is_valid = validate(extra_validators)
    if not is_valid:
        rows.entries += blank
    return is_valid


def _read(field: Field, read, valuelist, message) -> None:
    if valuelist and not valuelist[0].strip():
        field.data = None
        return
    try:
        read(valuelist)
    except ValueError:
        field.data = None
        raise ValueError(message) from None


def in_our_time(_form, field) -> None:
    """Refuse a date in a year that no event can have: some distant dates cannot be converted to UTC."""
    if field.data is not None and not EARLIEST <= field.data.year <= LATEST:
        raise StopValidation(_l("Enter a year from %(first)s to %(last)s", first=EARLIEST, last=LATEST))


def must_be_given(message):
    """Return a validator that requires a value, which may be 0 or midnight: DataRequired would refuse these."""

    def refuse_none(_form, field) -> None:
        if field.data is None:
            # A field whose text could not be read has an error message already, so add no second one.
            raise StopValidation(None if field.process_errors else message)

    return refuse_none


def at_most(longest: int) -> Length:
    """Return a validator for the length of a text."""
    return Length(max=longest, message=too_long(longest))


def too_long(longest: int):
    """Return the message for a text that is too long."""
    return _l("Use at most %(longest)s characters", longest=longest)


def leads_somewhere(_form, field) -> None:
    """Refuse a link that is not http, https or mailto (S32)."""
    if field.data and not is_link(field.data):
        raise StopValidation(_l("Enter a link that begins with https://"))


def leads_to_a_page(_form, field) -> None:
    """Refuse a link that is not http or https (S32)."""
    if field.data and not is_web_link(field.data):
        raise StopValidation(_l("Enter a link that begins with https://"))


def clock_of(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the date and time that the clock at the venue shows at a moment, as the value of a MomentField."""
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) if moment else None


def moment_of(there: datetime | None, zone: ZoneInfo, kept: datetime | None) -> datetime | None:
    """Return the moment at which the clock at the venue shows this date and time.

    When the clock shows it at the stored moment `kept`, return `kept`: so an unchanged field keeps its seconds, and
    keeps its hour where the clock shows an hour twice as summer time ends.
    """
    if there is None or there == clock_of(kept, zone):
        return kept if there else None
    return there.replace(tzinfo=zone).astimezone(UTC)


def exists(there: datetime, zone: ZoneInfo) -> bool:
    """Return whether the clock at the venue ever shows this date and time: it skips an hour in spring."""
    return there.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == there


def _has_words(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_words, value.values()))
    return value is not None and value not in ("", False)
