"""The forms of a registration; each has a method that returns its clean values, and none uses the database."""

from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, RadioField, SelectField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, Regexp, ValidationError

from forum.events.models import Event
from forum.questions.enums import Sensitivity
from forum.questions.fields import AsksQuestions, name_of
from forum.questions.wording import answer_text
from forum.registration.applicant import ASKED, CHANGEABLE, Applicant, Details
from forum.registration.given import Answered
from forum.registration.wording import FIELDS
from forum.web.countries import CountryField
from forum.web.forms import (
    TidyForm,
    is_email,
    is_form_key,
    is_plain_name,
    new_form_key,
    read_form_key,
    required,
)
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES

PHONE = r"^\+?[0-9 ()./-]{5,40}$"
YES, NO = "yes", "no"
IDENTITY = ("is_protected", "real_name")


def only_if_protected(form, field) -> None:
    """Refuse a real name without the tick for protected identity: otherwise the name would be dropped silently."""
    if field.data and form.is_protected.data in (False, NO):
        raise ValidationError(
            _l(
                "Say as well that you have a protected identity, or leave this empty: nobody else is asked for it"
            )
        )


class DetailsForm(AsksQuestions):
    """The details that a person may change later, and the answers to the event's own questions."""

    given_name = StringField(
        FIELDS["given_name"],
        [
            required(_l("Enter your given name")),
            Length(max=100, message=_l("Use at most 100 characters")),
            is_plain_name,
            no_identity_number,
        ],
    )
    family_name = StringField(
        FIELDS["family_name"],
        [Length(max=100, message=_l("Use at most 100 characters")), is_plain_name, no_identity_number],
    )
    organisation = StringField(
        FIELDS["organisation"],
        [
            required(_l("Enter the organisation that you come from")),
            Length(max=200, message=_l("Use at most 200 characters")),
            no_identity_number,
        ],
    )
    title = StringField(
        FIELDS["title"], [Length(max=150, message=_l("Use at most 150 characters")), no_identity_number]
    )
    country = CountryField(FIELDS["country"], [required(_l("Choose your country"))])
    language = RadioField(_l("Language of our messages to you"), [required(_l("Choose a language"))])
    phone = TelField(
        FIELDS["phone"],
        [
            Optional(),
            Regexp(PHONE, message=_l("Enter a phone number such as +46 8 123 45 67, or leave it empty")),
        ],
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.language.choices = [SelectChoice(code, name) for code, name in NAMES.items()]
        if not self.is_submitted() and self.language.data is None:
            self.language.data = str(get_locale())

    def details(self) -> Details:
        """Return the clean answers to the core questions."""
        return Details(**self._details())

    def answered(self) -> Answered:
        """Return the event's own questions in this form, and the clean answers to them."""
        return Answered(self.questions, self.given())

    def answers(self) -> list[dict[str, str]]:
        """Return the answers for a summary on a page, as rows of label and value."""
        return list(map(self._row, self.shown()))

    def shown(self) -> tuple[str, ...]:
        """Return the names of the fields that a summary of the answers lists, in its order."""
        return (*CHANGEABLE, *map(name_of, self.asked()))

    def _row(self, name: str) -> dict[str, str]:
        field = self[name]
        return {"label": str(field.label.text), "value": self._words(field)}

    def _words(self, field: Any) -> str:
        question = getattr(field, "question", None)
        if question is None:
            return _words(field)
        return answer_text(question, field.data or None)

    def _details(self) -> dict[str, Any]:
        answers = {name: getattr(self, name).data or "" for name in CHANGEABLE}
        return {**answers, "phone": self.phone.data or None}


class RegistrationForm(DetailsForm):
    """All fields asked before the address is confirmed; no consents, because anybody can fill in this form (P03)."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter your e-mail address")), is_email])
    is_protected = BooleanField(_l("I have a protected identity"))
    real_name = StringField(
        _l("Real name"),
        [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number, only_if_protected],
    )
    website = StringField(_l("Leave this empty"))
    key = HiddenField(validators=[is_form_key])
    # The slug of the event for which the form was shown. The front page of the site, and with it the event that the
    # form's address names, may change while somebody fills the form in.
    event = HiddenField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_submitted() and not self.key.data:
            self.key.data = new_form_key()

    def __iter__(self):
        """Yield the fields in the order of the page, so that the error summary lists them in this order (A02)."""
        # Fields of questions that do not apply are yielded, too: they have no errors, and leaving them out would take
        # longer.
        names = (*ASKED, *IDENTITY, *map(name_of, self.questions))
        first = {name: place for place, name in enumerate(names)}
        return iter(sorted(super().__iter__(), key=lambda field: first.get(field.name, len(first))))

    def applicant(self) -> Applicant:
        """Return the form's values as an Applicant."""
        key, _age = read_form_key(self.key.data)
        return Applicant(
            **self._details(),
            email=self.email.data,
            submission_key=key,
            is_protected=self.is_protected.data,
            real_name=self.real_name.data or None,
            given=self.given() if self.questions else None,
        )

    def answers_to_check(self) -> list[dict[str, str]]:
        """Return the answers as rows of label and value, each with the field to which its "Change" button leads."""
        rows = [(name, self._row(name)) for name in self.shown()]
        return [
            {**row, "change_name": name, "change_label": _in_a_sentence(row["label"])} for name, row in rows
        ]

    def open_answers(self) -> list[dict[str, str]]:
        """Return the rows of a summary without those of what is kept apart: protected identity, diet and access."""
        apart = {*IDENTITY, *self._about_care()}
        return [self._row(name) for name in self.shown() if name not in apart]

    def is_of_another(self, event: Event) -> bool:
        """Return whether the form was shown for another event; a form of an older release names no event."""
        return self.event.data not in (None, "", event.slug)

    def has_answers(self) -> bool:
        """Return whether anything has been answered, not counting the language, which is preselected."""
        asked = (*(name for name in ASKED if name != "language"), *map(name_of, self.questions))
        return any(self[name].data for name in asked)

    def told_later(self) -> dict[str, Any]:
        """Return the answers for the pages after the form, without those about diet and access."""
        secret = self._about_care()
        return {name: value for name, value in self.data.items() if name not in secret}

    def is_from_a_bot(self) -> bool:
        """Return whether the honeypot, a field that people do not see, was filled in (S28)."""
        return bool(self.website.data)

    def came_back_at_once(self) -> bool:
        """Return whether the form was sent faster than most people fill it in.

        Autofill of browsers can be as fast (S28).
        """
        _key, age = read_form_key(self.key.data)
        return age < current_app.config["FORM_MIN_SECONDS"]

    def shown(self) -> tuple[str, ...]:
        """Return the names of the fields that the summary lists, with the real name only for a protected identity."""
        has_real_name = self.is_protected.data or self.real_name.errors
        return (*ASKED, *(IDENTITY if has_real_name else IDENTITY[:1]), *map(name_of, self.asked()))

    def _about_care(self) -> set[str]:
        return {name_of(one) for one in self.questions if one.sensitivity == Sensitivity.CARE}


class ProtectedIdentityForm(TidyForm):
    """The form on which a person says later to have protected identity, gives a real name, or withdraws both.

    The recorded answers are never filled in: another person who sees the screen must not learn them (P21).
    """

    is_protected = RadioField(
        _l("Protected identity"),
        [required(_l("Choose what we should record"))],
        choices=[
            SelectChoice(YES, _l("I have a protected identity")),
            SelectChoice(NO, _l("I have none, or take back what I have told you")),
        ],
    )
    real_name = StringField(
        _l("Real name"),
        [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number, only_if_protected],
    )

    def answer(self) -> tuple[bool, str | None]:
        """Return whether the person has protected identity, and the real name."""
        return self.is_protected.data == YES, self.real_name.data or None


class CareForm(AsksQuestions):
    """The form on which a person replaces the answers about diet and access; it is never filled in (S23)."""

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether the form is valid. A form without any answer is not: another button deletes all answers."""
        valid = super().validate(*args, **kwargs)
        if valid and not self.given():
            told: list[str] = [_("Nothing is chosen: answer something, or delete everything")]
            self.form_errors = told
            return False
        return valid


class LinkForm(TidyForm):
    """The form to request a fresh personal link."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter your e-mail address")), is_email])


class ResendForm(TidyForm):
    """The form that sends a mail again; `kind` is the kind of mail that the page has named."""

    kind = HiddenField()


def _in_a_sentence(label: str) -> str:
    return label if label.startswith("I ") else label[0].lower() + label[1:]


def _words(field) -> str:
    if field.name == "real_name":
        return _("Given, not shown here") if field.data else ""
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else _("No")
    if isinstance(field, (SelectField, RadioField)):
        return next((choice.label for choice in field.choices if choice.value == field.data), "")
    return field.data or ""
