"""The forms of a delegation: registering it, confirming it, and what its contact does about one person."""

from collections.abc import Collection, Mapping
from typing import Any

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, FormField, HiddenField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional

from forum.delegations import pasted
from forum.delegations.asking import FEWEST, MOST, Contact, Person
from forum.registration import names
from forum.registration.wording import FIELDS
from forum.web import sheet_rows
from forum.web.countries import CountryField
from forum.web.edits import ShowsStored
from forum.web.forms import (
    LONGEST_TEXT,
    NumberedFields,
    PartForm,
    PastedField,
    SentOnce,
    TidyForm,
    is_email,
    is_form_key,
    is_plain_name,
    no_web_address,
    read_form_key,
    required,
)
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES

ALL, FIT = "all", "fit"
FIRST_ROWS, MORE_ROWS = 4, 4
# Buttons that show the form again: with more rows, or with the pasted people in rows.
MORE, TAKE = "more", "take"
TOO_LONG = _l("Use at most 100 characters")
PLAIN = (no_web_address, no_identity_number)
PLAIN_NAME = (is_plain_name, no_identity_number)
PASTED_REFUSALS: Mapping[type[sheet_rows.SheetRefused], Any] = {
    sheet_rows.NotATable: _l("The rows cannot be read. Paste them once more as plain text."),
    sheet_rows.TooManyRows: _l("A delegation has at most 20 people"),
    sheet_rows.TooLarge: _l("The rows are too large. Paste only names, titles and addresses."),
}


class PersonFields(TidyForm):
    """The fields for one person of a delegation."""

    TOLD: tuple[str, ...] = ("given_name", "family_name", "title")

    given_name = StringField(
        FIELDS["given_name"],
        [required(_l("Enter the person’s given name")), Length(max=100, message=TOO_LONG), *PLAIN_NAME],
    )
    family_name = StringField(FIELDS["family_name"], [Length(max=100, message=TOO_LONG), *PLAIN_NAME])
    title = StringField(FIELDS["title"], [Length(max=150, message=_l("Use at most 150 characters")), *PLAIN])

    def person(self) -> Person:
        """Return the person whom the fields describe; an empty field is an empty text."""
        return Person(**{name: self[name].data or "" for name in self.TOLD})


class DelegateFields(PersonFields):
    """The fields for one person, with an address if the person has one of their own."""

    TOLD = (*PersonFields.TOLD, "email")

    email = EmailField(_l("The person’s own e-mail address"), [Optional(), is_email])


class AddDelegateForm(ShowsStored, DelegateFields):
    """The form for a person who is added later; `seen` has what the page promised for the person."""


class ChangeDelegateForm(ShowsStored, PersonFields):
    """The form for another name or title of a person; `seen` has the person and the values that the page showed."""


class ReplaceDelegateForm(ShowsStored, DelegateFields):
    """The form for the person who comes instead of another; `seen` has the replaced person and the values shown."""


class WithdrawDelegateForm(ShowsStored, TidyForm):
    """The button that withdraws a person; `seen` has the person and the values that the page showed."""


class CorrectAddressForm(ShowsStored, TidyForm):
    """The form for another address of a person of the delegation who has not confirmed the present one."""

    email = EmailField(
        _l("The person’s own e-mail address"), [required(_l("Enter an e-mail address")), is_email]
    )


class DelegateRow(DelegateFields):
    """The fields of a delegation's form for one person; an empty row is ignored."""

    class Meta(PartForm.Meta):
        csrf = False

    def is_blank(self) -> bool:
        """Return whether nothing was typed in the row."""
        return not any(field.data for field in self)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether the row is empty or valid."""
        return self.is_blank() or super().validate(*args, **kwargs)


class DelegationForm(SentOnce, TidyForm):
    """The form for a delegation: the contact, the people, and what happens if not all of them get a place."""

    given_name = StringField(
        _l("Your given name"),
        [required(_l("Enter your given name")), Length(max=100, message=TOO_LONG), *PLAIN_NAME],
    )
    family_name = StringField(_l("Your family name"), [Length(max=100, message=TOO_LONG), *PLAIN_NAME])
    email = EmailField(_l("Your e-mail address"), [required(_l("Enter your e-mail address")), is_email])
    organisation = StringField(
        FIELDS["organisation"],
        [
            required(_l("Enter the organisation that the people come from")),
            Length(max=200, message=_l("Use at most 200 characters")),
            no_identity_number,
        ],
    )
    country = CountryField(FIELDS["country"], [required(_l("Choose the country of the organisation"))])
    language = RadioField(_l("Language of our messages"), [required(_l("Choose a language"))])
    people = NumberedFields(FormField(DelegateRow), max_entries=MOST)
    lines = PastedField(_l("Or paste rows"))
    choice = RadioField(_l("If not all of them can get a place"))
    website = StringField(_l("Leave this empty"))
    key = HiddenField(validators=[is_form_key])
    # The slug of the event for which the form was shown, because the current event, which the form's URL stands for,
    # may change meanwhile.
    event = HiddenField()

    def __init__(self, *args: Any, event: str, is_reviewed: bool, has_line: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.event.data = event
        self.is_reviewed = is_reviewed
        self.language.choices = [SelectChoice(code, name) for code, name in NAMES.items()]
        rest = (
            _("As many as fit get a place, and the rest join the waiting list")
            if has_line
            else _("As many as fit get a place, and the rest are not registered")
        )
        nobody = _("Nobody is registered unless all get a place")
        self.choice.choices = [SelectChoice(FIT, rest), SelectChoice(ALL, nobody)]
        self.choice.validators = [] if is_reviewed else [required(_l("Choose what happens then"))]
        self.choice.validate_choice = not is_reviewed
        if not self.is_submitted():
            self.language.data = self.language.data or str(get_locale())
            self._grow(FIRST_ROWS)

    def asks_for_rows(self, sent: Collection[str]) -> bool:
        """Add blank rows, or the people of pasted rows, if the sent form asks for that; return whether it does.

        `sent` are the names of the sent fields, the pressed button's among them.
        """
        if not self.is_submitted():
            return False
        if MORE in sent:
            self._grow(MORE_ROWS)
        elif TAKE in sent or (self.lines.data or "").strip():
            self._take_pasted()
        else:
            return False
        return True

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether the form is valid: enough people, and each address once."""
        valid = super().validate(*args, **kwargs)
        for number, entry in enumerate(self.people, 1):
            for field in entry.form:
                field.errors = [
                    _("Person %(number)s: %(fault)s", number=number, fault=e) for e in field.errors
                ]
        valid = all([valid, self._has_enough(), self._has_no_doubles()])
        errors = [entry.errors for entry in self.people]
        self.people.errors = errors if any(errors) else []
        return valid

    def contact(self) -> Contact:
        """Return the contact, the person who registers the delegation."""
        asked = ("given_name", "family_name", "email", "organisation", "country", "language")
        return Contact(**{name: self[name].data or "" for name in asked})

    def list_people(self) -> list[Person]:
        """Return the people in their order, without empty rows."""
        return [entry.form.person() for entry in self.people if not entry.form.is_blank()]

    def is_all_or_nobody(self) -> bool:
        """Return whether nobody is to be registered unless all get a place."""
        return not self.is_reviewed and self.choice.data == ALL

    def is_from_a_bot(self) -> bool:
        """Return whether the honeypot, a field that people do not see, was filled in (S28)."""
        return bool(self.website.data)

    def seconds_open(self) -> float:
        """Return how many seconds ago the form was shown."""
        return read_form_key(self.key.data)[1]

    def form_key(self) -> str:
        """Return the form's key, by which rate limits recognise a form that was sent before."""
        return read_form_key(self.key.data)[0]

    def _grow(self, number: int) -> None:
        for _row in range(min(number, MOST - len(self.people))):
            self.people.append_entry()

    def _take_pasted(self) -> None:
        """Put the pasted people into the rows that are empty, or add an error that says why that cannot be done."""
        sent = self.lines.data or ""
        try:
            if len(sent) > LONGEST_TEXT:
                raise sheet_rows.TooLarge
            people = pasted.read(sent, most=MOST)
            blank = [entry for entry in self.people if entry.form.is_blank()]
            self._grow(len(people) - len(blank))
            blank = [entry for entry in self.people if entry.form.is_blank()]
            if len(people) > len(blank):
                raise sheet_rows.TooManyRows
        except sheet_rows.SheetRefused as refused:
            self.lines.errors = [_refusal_text(refused)]
            return
        for entry, person in zip(blank, people, strict=False):
            for name, text in person.items():
                entry.form[name].data = text
        self.lines.data = ""

    def _has_enough(self) -> bool:
        if len(self.list_people()) >= FEWEST:
            return True
        fault = ngettext("Name at least %(num)s person", "Name at least %(num)s people", FEWEST)
        told: list[str] = [fault]
        self.form_errors = told
        return False

    def _has_no_doubles(self) -> bool:
        first: dict[str, int] = {}
        valid = True
        for number, entry in enumerate(self.people, 1):
            field = entry.form.email
            if not field.data or field.errors:
                continue
            canonical = names.canonical_email(field.data)
            if canonical in first:
                told = _("the address stands at person %(first)s already", first=first[canonical])
                field.errors = [_("Person %(number)s: %(fault)s", number=number, fault=told)]
                valid = False
            first.setdefault(canonical, number)
        return valid


class TakeBackForm(TidyForm):
    """The button that takes back the contact's question; `asked` is the mark of whom the page has shown as asked."""

    asked = HiddenField()


class ConfirmForm(TidyForm):
    """The button that confirms a delegation, and one that registers as many as fit when not everybody gets a place.

    `choice` is the value of the pressed button. A hidden field of that name would be sent first and be read instead.
    """

    choice = StringField()

    def choose(self) -> bool | None:
        """Return the contact's choice of "all or nobody"; None keeps the choice made when registering."""
        return {ALL: True, FIT: False}.get(self.choice.data or "")


def _refusal_text(refused: sheet_rows.SheetRefused) -> str:
    """Return why pasted rows cannot be read."""
    if isinstance(refused, pasted.NotSplit):
        return _(
            "Row %(number)s is not split into cells. Put a tab, a semicolon or a comma between given name, family "
            "name, title and e-mail address.",
            number=refused.number,
        )
    if isinstance(refused, pasted.DoubledHeadings):
        return _("Two columns mean the same: %(names)s", names=", ".join(refused.names))
    return str(PASTED_REFUSALS[type(refused)])
