"""Forms for signing in and for one's own account."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length
from wtforms.widgets import PasswordInput

from forum.accounts import passwords
from forum.accounts.errors import PasswordRefused, TooCommon, TooLong, TooNear, TooShort
from forum.web.forms import TidyForm, required
from forum.web.languages import NAMES

REFUSALS = {
    TooShort: _l("Use at least 12 characters"),
    TooLong: _l("Use at most 1,000 characters"),
    TooCommon: _l(
        "This password is easy to guess. Choose another, such as four words that do not belong together."
    ),
    TooNear: _l("Choose a password that is not made of your name, your address or words about the forum"),
}


class SecretField(Field):
    """A password field: keeps the text as typed, spaces included, and never shows it again."""

    widget = PasswordInput()
    data: Any

    def process_formdata(self, valuelist) -> None:
        """Keep the value as it was typed, spaces included."""
        self.data = valuelist[0] if valuelist else None


def code_field() -> StringField:
    """Return a field for a code of the second factor."""
    return StringField(
        _l("Code"), [required(_l("Enter the code")), Length(max=40, message=_l("Enter the code"))]
    )


def current_password_field() -> SecretField:
    """Return a field for the user's current password."""
    too_long = Length(max=passwords.MAX_LENGTH, message=REFUSALS[TooLong])
    return SecretField(_l("Password"), [required(_l("Enter your password")), too_long])


class SignInForm(TidyForm):
    """The first step of signing in: address and password."""

    email = EmailField(
        _l("E-mail address"),
        [
            required(_l("Enter your e-mail address")),
            Length(max=254, message=_l("Use at most 254 characters")),
        ],
    )
    password = current_password_field()


class CodeForm(TidyForm):
    """A code of the second factor: to sign in, or to activate a new authenticator."""

    code = code_field()


class ConfirmForm(TidyForm):
    """Password and code, asked once more before a sensitive change."""

    password = current_password_field()
    code = code_field()


class PasskeyConfirmForm(ConfirmForm):
    """The password, asked once more together with a passkey in place of the code."""

    code = StringField(_l("Code"), [Length(max=40, message=_l("Enter the code"))])


class PasskeyForm(TidyForm):
    """The user's own name for a passkey."""

    name = StringField(
        _l("Name of the passkey"),
        [
            required(_l("Enter a name, such as that of the device")),
            Length(max=60, message=_l("Use at most 60 characters")),
        ],
    )


class ForgotForm(TidyForm):
    """The address to which a link that resets the password is sent."""

    email = EmailField(
        _l("E-mail address"),
        [
            required(_l("Enter your e-mail address")),
            Length(max=254, message=_l("Use at most 254 characters")),
        ],
    )


class NewPasswordForm(TidyForm):
    """A new password, set by a link."""

    new_password = SecretField(_l("New password"), [required(_l("Enter a new password"))])

    def refuse(self, refusal: PasswordRefused) -> None:
        """Say beside the field why the password was refused."""
        self.new_password.errors = [*self.new_password.errors, REFUSALS[type(refusal)]]


class ChangePasswordForm(NewPasswordForm):
    """A new password, together with the current one."""

    password = current_password_field()


class RenewCodesForm(TidyForm):
    """New recovery codes; `replaced` names the set of codes that they replace, so that a second press makes no more."""

    replaced = HiddenField()


class LanguageForm(TidyForm):
    """Choose the language in which the organiser reads the console."""

    language = SelectField(_l("Language"), choices=[SelectChoice(code, name) for code, name in NAMES.items()])
