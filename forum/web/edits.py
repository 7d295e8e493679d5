"""Edits of two organisers at the same time: the second to save is shown the values that the first has saved (R30)."""

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, FieldList, FormField, HiddenField, SelectField

from forum.web.differences import Difference
from forum.web.languages import NAMES


class ChangedMeanwhile(Exception):
    """The stored values are no longer those that the edit form showed; `stored` has them by field."""

    def __init__(self, stored: Mapping[str, object]) -> None:
        super().__init__("the stored values are no longer those that the form showed")
        self.stored = stored


class ShowsStored:
    """Turns a form into an edit form: its field `seen` carries a digest of the stored values that the page showed.

    A form class inherits from ShowsStored first, then from TidyForm or one of its subclasses. The page renders `seen`
    as a hidden field.
    """

    seen = HiddenField()

    def show(self, stored: Mapping[str, object]) -> None:
        """Put a digest of the stored values, which the form shows, into the hidden field `seen`."""
        self.seen.data = digest(stored)

    def refuse_if_changed(self, stored: Mapping[str, object]) -> None:
        """Raise ChangedMeanwhile if `stored`, read under the write lock, differs from the values on the page."""
        if self.is_outdated(stored):
            raise ChangedMeanwhile(stored)

    def is_outdated(self, stored: Mapping[str, object]) -> bool:
        """Return whether the values in `stored` differ from the values that the page showed."""
        return self.seen.data != digest(stored)


class ShowsStoredUnseen(ShowsStored):
    """An edit form whose page hides the stored values: a random number makes each page's digest of them another one.

    With equal digests for equal values, whoever opens the page twice could tell whether the values have changed.
    """

    def show(self, stored: Mapping[str, object]) -> None:
        """Put a digest of the stored values and of a random number, and this number, into the hidden field `seen`."""
        self.seen.data = _salted(secrets.token_hex(8), stored)

    def is_outdated(self, stored: Mapping[str, object]) -> bool:
        """Return whether the values in `stored` differ from those that were stored when the page was made."""
        return self.seen.data != _salted((self.seen.data or "").partition(".")[0], stored)


def _salted(salt: str, values: Mapping[str, object]) -> str:
    return f"{salt}.{digest({'values': digest(values), 'salt': salt})}"


def digest(values: Mapping[str, object]) -> str:
    """Return a digest of values by name; dates and other objects that JSON cannot hold count by their text."""
    written = json.dumps(values, sort_keys=True, default=str, ensure_ascii=True)
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def differences(form: Iterable[Field], stored: Mapping[str, Any], within: str = "") -> Iterator[Difference]:
    """Yield a difference for each field of the form whose typed value is not the stored value, by row and language.

    The stored value is the version before, the typed value the version after.
    `within` is the label of the field or row that contains these fields, empty for the form's own fields.
    """
    for field in form:
        if field.short_name in stored:
            label = f"{within}: {field.label.text}" if within else str(field.label.text)
            yield from _differences_of(field, stored[field.short_name], label)


def _differences_of(field: Field, stored: Any, label: str) -> Iterator[Difference]:
    if isinstance(field, FieldList):
        rows = [*(stored or ())]
        for number, entry in enumerate(field.entries, start=1):
            kept = rows[number - 1] if number <= len(rows) else {}
            yield from differences(
                entry.form, {**dict.fromkeys(entry.form.data), **kept}, f"{label} {number}"
            )
        for number, kept in enumerate(rows[len(field.entries) :], start=len(field.entries) + 1):
            yield Difference(f"{label} {number}", _row_words(kept), "")
    elif isinstance(field, FormField):
        yield from differences(field.form, {**dict.fromkeys(field.form.data), **(stored or {})}, label)
    elif (was := _words(field, stored)) != (now := _words(field, field.data)):
        yield Difference(label, was, now, field.short_name if field.short_name in NAMES else "")


def _words(field: Field, value: Any) -> str:
    if words_of := getattr(field, "words_of", None):
        return words_of(value)
    if isinstance(value, list | tuple):
        return ", ".join(_words(field, each) for each in value)
    if isinstance(field, SelectField):
        named = {choice.value: choice.label for choice in field.choices or ()}
        return str(named.get(value, value or ""))
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return "" if value is None else str(value)


def _row_words(row: Any) -> str:
    if isinstance(row, Mapping):
        return ", ".join(filter(None, map(_row_words, row.values())))
    return "" if row is None else str(row)
