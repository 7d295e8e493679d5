"""The forms of a registration; each hands over one clean value and knows no database."""

from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, RadioField, SelectField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, Regexp, ValidationError

from forum.registration.applicant import Applicant, Details
from forum.registration.enums import ConsentPurpose
from forum.web.countries import CountryField
from forum.web.forms import TidyForm, is_form_key, new_form_key, no_web_address, read_form_key, required
from forum.web.languages import NAMES

PHONE = r"^\+?[0-9 ()./-]{5,40}$"
DETAILS = ("given_name", "family_name", "organisation", "title", "country", "language", "phone")


def is_email(_form, field) -> None:
    """Refuse what cannot receive mail; keep the normalised form."""
    if len(field.data or "") > 254:
        raise ValidationError(_l("Enter an e-mail address of at most 254 characters"))
    try:
        found = validate_email(field.data, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError:
        raise ValidationError(
            _l("Enter an e-mail address that can receive mail, such as name@example.org")
        ) from None
    if found.ascii_email is None and not current_app.config["MAIL_SMTPUTF8"]:
        raise ValidationError(
            _l("Our mail server cannot write to letters such as å before the @. Enter another address.")
        )
    field.data = found.normalized


class DetailsForm(TidyForm):
    """What a person may change later on."""

    given_name = StringField(
        _l("Given name"),
        [
            required(_l("Enter your given name")),
            Length(max=100, message=_l("Use at most 100 characters")),
            no_web_address,
        ],
    )
    family_name = StringField(
        _l("Family name"), [Length(max=100, message=_l("Use at most 100 characters")), no_web_address]
    )
    organisation = StringField(
        _l("Organisation"),
        [
            required(_l("Enter the organisation that you come from")),
            Length(max=200, message=_l("Use at most 200 characters")),
        ],
    )
    title = StringField(_l("Title or role"), [Length(max=150, message=_l("Use at most 150 characters"))])
    country = CountryField(_l("Country"), [required(_l("Choose your country"))])
    language = RadioField(_l("Language of our messages to you"), [required(_l("Choose a language"))])
    phone = TelField(
        _l("Phone number"),
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
        """Return the clean answers."""
        return Details(**self._details())

    def answers(self) -> list[dict[str, str]]:
        """Return the rows of what has been answered: label and value, and the field that "Change" leads to."""
        return [_row(getattr(self, name)) for name in self.shown()]

    def shown(self) -> tuple[str, ...]:
        """Return the names of the fields that a summary shows, in their order."""
        return DETAILS

    def _details(self) -> dict[str, Any]:
        answers = {name: getattr(self, name).data or "" for name in DETAILS}
        return {**answers, "phone": self.phone.data or None}


class RegistrationForm(DetailsForm):
    """All that a stakeholder is asked; nothing is ticked beforehand (P03)."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter your e-mail address")), is_email])
    participant_list = BooleanField(_l("Show my name and organisation in the list of participants"))
    photographs = BooleanField(_l("I may be in photographs"))
    is_protected = BooleanField(_l("I have a protected identity"))
    real_name = StringField(_l("Real name"), [Length(max=200, message=_l("Use at most 200 characters"))])
    website = StringField(_l("Leave this empty"))
    key = HiddenField(validators=[is_form_key])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_submitted() and not self.key.data:
            self.key.data = new_form_key()

    def __iter__(self):
        """The fields in the order in which the page asks for them, so that the error summary lists them so (A02)."""
        first = {name: place for place, name in enumerate(self.shown())}
        return iter(sorted(super().__iter__(), key=lambda field: first.get(field.name, len(first))))

    def applicant(self) -> Applicant:
        """Return the clean answers. A real name without the tick is not kept."""
        key, _age = read_form_key(self.key.data)
        protected = self.is_protected.data
        return Applicant(
            **self._details(),
            email=self.email.data,
            submission_key=key,
            consents=frozenset(purpose for purpose in ConsentPurpose if getattr(self, purpose.value).data),
            is_protected=protected,
            real_name=(self.real_name.data or None) if protected else None,
        )

    def looks_like_a_bot(self) -> bool:
        """Whether the trap was filled in, or the form sent faster than anybody can read it (S28)."""
        _key, age = read_form_key(self.key.data)
        return bool(self.website.data) or age < current_app.config["FORM_MIN_SECONDS"]

    def shown(self) -> tuple[str, ...]:
        """Everything but the real name, which nobody beside the person should read on the screen."""
        return (
            "given_name",
            "family_name",
            "email",
            *DETAILS[2:],
            "participant_list",
            "photographs",
            "is_protected",
        )


class ConsentsForm(TidyForm):
    """The consents by themselves, on the person's own page (P04)."""

    participant_list = BooleanField(_l("Show my name and organisation in the list of participants"))
    photographs = BooleanField(_l("I may be in photographs"))

    def wanted(self) -> frozenset[ConsentPurpose]:
        """Return the purposes that are ticked."""
        return frozenset(purpose for purpose in ConsentPurpose if getattr(self, purpose.value).data)


class LinkForm(TidyForm):
    """Asking for a fresh personal link."""

    email = EmailField(_l("E-mail address"), [required(_l("Enter your e-mail address")), is_email])


def _row(field) -> dict[str, str]:
    label = str(field.label.text)
    change = label if label.startswith("I ") else label[0].lower() + label[1:]
    return {"label": label, "value": _words(field), "change_name": field.name, "change_label": change}


def _words(field) -> str:
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else _("No")
    if isinstance(field, (SelectField, RadioField)):
        return next((choice.label for choice in field.choices if choice.value == field.data), "")
    return field.data or ""
