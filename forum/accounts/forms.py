"""The forms of signing in and of one's own account."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, StringField
from wtforms.validators import Length
from wtforms.widgets import PasswordInput

from forum.accounts import passwords
from forum.accounts.errors import PasswordRefused, TooCommon, TooLong, TooNear, TooShort
from forum.web.forms import TidyForm, required

REFUSALS = {
    TooShort: _l("Use at least 12 characters"),
    TooLong: _l("Use at most 1,000 characters"),
    TooCommon: _l(
        "This password is easy to guess. Choose another, such as four words that do not belong together."
    ),
    TooNear: _l("Choose a password that is not made of your name, your address or words about the forum"),
}


class SecretField(Field):
    """A password: taken as it is typed, blanks included, and never sent back."""

    widget = PasswordInput()
    data: Any

    def process_formdata(self, valuelist) -> None:
        """Keep the one value, as it came."""
        self.data = valuelist[0] if valuelist else None


def code_field() -> StringField:
    """Return a field for the second factor's code."""
    return StringField(
        _l("Code"), [required(_l("Enter the code")), Length(max=40, message=_l("Enter the code"))]
    )


def present_password_field() -> SecretField:
    """Return a field for the password that is in use."""
    too_long = Length(max=passwords.MAX_LENGTH, message=REFUSALS[TooLong])
    return SecretField(_l("Password"), [required(_l("Enter your password")), too_long])


class SignInForm(TidyForm):
    """The first step."""

    email = EmailField(
        _l("E-mail address"),
        [
            required(_l("Enter your e-mail address")),
            Length(max=254, message=_l("Use at most 254 characters")),
        ],
    )
    password = present_password_field()


class CodeForm(TidyForm):
    """The second step, or the first code of a new authenticator."""

    code = code_field()


class ConfirmForm(TidyForm):
    """Both factors once more."""

    password = present_password_field()
    code = code_field()


class ForgotForm(TidyForm):
    """Where to send a link."""

    email = EmailField(
        _l("E-mail address"),
        [
            required(_l("Enter your e-mail address")),
            Length(max=254, message=_l("Use at most 254 characters")),
        ],
    )


class NewPasswordForm(TidyForm):
    """A password to be set."""

    new_password = SecretField(_l("New password"), [required(_l("Enter a new password"))])

    def refuse(self, refusal: PasswordRefused) -> None:
        """Say beside the field why the password was refused."""
        self.new_password.errors = [*self.new_password.errors, REFUSALS[type(refusal)]]


class ChangePasswordForm(NewPasswordForm):
    """A password to be set in the place of the present one."""

    password = present_password_field()
