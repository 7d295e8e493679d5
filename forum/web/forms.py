"""The base of all forms: cleaned texts, clear errors, a key by which a form that is sent twice is recognised."""

import re
import secrets
import time
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, URLSafeTimedSerializer
from wtforms import DateField, EmailField, FieldList, HiddenField, StringField, TextAreaField
from wtforms.csrf.core import CSRFTokenField
from wtforms.meta import DefaultMeta
from wtforms.validators import DataRequired, Length, NumberRange, StopValidation, ValidationError

from forum import addresses
from forum.tidying import LINE_ENDS, longest_word, tidy, tidy_lines
from forum.web.edits import digest
from forum.web.languages import language

ADDRESS = re.compile(r"https?:|www\.|[/\\<>@]", re.IGNORECASE)
# The last one or two characters of a label of a host name, and the beginning of the next label. Mail programs take
# ideographic full stops for dots, too.
HOST_LABELS = re.compile(r"([\w-]?)[\w-][.\u3002\uff0e\uff61](?=([^\W\d_]{2}|xn--))")
SALT = "form-key"
ADDRESS_REFUSALS: dict[type[addresses.NotAnAddress], Any] = {
    addresses.HoldsHidden: _l("Type the address by hand: it contains a character that cannot be seen"),
    addresses.HoldsEncodedWord: _l("Enter an e-mail address without =? and ?="),
    addresses.LocalPartTooLong: _l("Enter an e-mail address with at most 64 characters before the @"),
    addresses.AddressTooLong: _l("Enter an e-mail address of at most 254 characters"),
    addresses.NeedsUtf8: _l(
        "Our mail server cannot send to addresses with letters such as å before the @. Enter another address."
    ),
    addresses.NotAnAddress: _l("Enter an e-mail address that can receive mail, such as name@example.org"),
}
# The field of a button that sends the form only to change the page, such as its language, and the field's value on a
# page that shows errors.
SWITCH, WITH_ERRORS = "change", "errors"
# The most characters of a text of several lines: two such texts and all other fields fit into one form.
LONGEST_TEXT = 30_000
LONGEST_NAME = 100  # the most characters in the name of a field with a number in its name
LONGEST = 1000  # the most characters of a cleaned field: normalising n combining marks may take n² steps


class TokenField(CSRFTokenField):
    """The session's CSRF token, made when the field is rendered: building a form leaves the session unchanged."""

    def process(self, *args: Any, **kwargs: Any) -> None:
        """Read the token that was sent, without making a new one as CSRFTokenField does."""
        HiddenField.process(self, *args, **kwargs)

    def _value(self) -> str:
        return self.csrf_impl.generate_csrf_token(self)


class SessionToken(FlaskForm.Meta.csrf_class):
    """Flask-WTF's CSRF protection, with a field that makes the token only when it is rendered."""

    field_class = TokenField


class TidyForm(FlaskForm):
    """Strips and NFC-normalises every text field before it is validated (S27, S36), unless it is longer than LONGEST.

    Mail addresses lose nothing but surrounding spaces: an address with an invalid character is refused in every form.

    The form reads the request's form fields only: a file or JSON instead of a field would not be text (S17).
    """

    class Meta(FlaskForm.Meta):
        csrf_class = SessionToken

        def wrap_formdata(self, form, formdata):
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            return request.form if form.is_submitted() else None

        @property
        def locales(self):
            return [language(), "en"]

        def get_translations(self, form):
            """Return WTForms' own catalogue, kept in memory: Flask-WTF would read it from disk for each request."""
            return DefaultMeta.get_translations(self, form)

        def bind_field(self, form, unbound_field, options):
            kind = unbound_field.field_class
            is_address = issubclass(kind, EmailField)
            if issubclass(kind, StringField) and not issubclass(kind, HiddenField):
                tidied = _trimmed if is_address else kind.tidied if issubclass(kind, LinesField) else _tidied
                options["filters"] = [*unbound_field.kwargs.get("filters", ()), tidied]
            field = unbound_field.bind(form=form, **options)
            own = (_refuse_wrong_address, *field.validators) if is_address else field.validators
            first = _refuse_long_lines if isinstance(field, LinesField) else _refuse_endless
            field.validators = (first, *own)
            return field

    def validate_on_submit(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether a valid form was sent, and not by a button that switches the page's language.

        A button that switches the language shows the form again, with its errors if the previous page showed some.
        """
        switch = request.form.get(SWITCH) if self.is_submitted() else None
        if switch is None:
            return super().validate_on_submit(*args, **kwargs)
        if switch == WITH_ERRORS:
            self.validate(*args, **kwargs)
        return False

    def is_rechecked(self) -> bool:
        """Return whether the language was switched on a page with errors that the form's own checks do not explain.

        The errors may come from the view's checks against the database. The view repeats these checks, so that the page
        shows the errors in the new language, and saves nothing.
        """
        return self.is_submitted() and request.form.get(SWITCH) == WITH_ERRORS and not self.errors


class SentOnce:
    """Adds a key to a form, by which the same form sent twice, as by a double click, is recognised (R03).

    A form class inherits from SentOnce beside TidyForm. The page renders `key` as a hidden field.
    """

    key = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.key.data = self.key.data or new_form_key()

    def blank_key(self) -> str:
        """Return a digest of the form's key alone, which is the same when the form is sent again with other values."""
        return digest({"key": self.key.data})

    def own_key(self: Any) -> str:
        """Return a digest of the form's key and the typed values, which is the same when the form is sent twice."""
        return digest({name: value for name, value in self.data.items() if name != "csrf_token"})


class PartForm(TidyForm):
    """A form within another one, for instance the texts of one language; the outer form has the CSRF token."""

    class Meta(TidyForm.Meta):
        csrf = False


class NumberedFields(FieldList):
    """A list of fields with numbers in their names, such as "sources-0-url"; only plain digits count as a number."""

    def _extract_indices(self, prefix, formdata):
        # The client chooses the names: WTForms' `int` would fail for digits such as ² and for thousands of digits.
        names = (name for name in formdata if name.isascii() and len(name) <= LONGEST_NAME)
        return super()._extract_indices(prefix, names)


class LinesField(TextAreaField):
    """A text of several lines, such as Markdown, of at most LONGEST_TEXT characters, with words of at most LONGEST."""

    @staticmethod
    def tidied(value: Any) -> Any:
        """Return the text with each word cleaned, or unchanged if the text is too long for that."""
        return tidy_lines(value) if isinstance(value, str) and not _find_excess(value) else value


class PastedField(LinesField):
    """Rows pasted from a spreadsheet: the tabs between cells stay, also those before an empty first cell."""

    @staticmethod
    def tidied(value: Any) -> Any:
        """Return the rows with each word of each cell cleaned, or unchanged if the text is too long for that."""
        if not isinstance(value, str) or _find_excess(value):
            return value
        rows = ("\t".join(map(tidy_lines, row.split("\t"))) for row in LINE_ENDS.split(value))
        return "\n".join(rows).strip("\n")


class DayField(DateField):
    """A field for a date, whose error message says how to type one in a browser without a calendar."""

    def process_formdata(self, valuelist) -> None:
        """Read the typed date. Raises ValueError with the message that the form shows."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a date such as 2027-11-16")) from None


class WithinLimits(NumberRange):
    """Refuses whole numbers below `min` or above `max`.

    WTForms' own validator compares the number as a float, and fails for a number of hundreds of digits.
    """

    def __call__(self, _form: Any, field: Any) -> None:
        """Refuse a number outside the limits, and a missing number. Raises ValidationError."""
        if field.data is None or not self.min <= field.data <= self.max:
            raise ValidationError(self.message)


def required(message) -> DataRequired:
    """Return a validator for a field that must be filled in."""
    return DataRequired(message=message)


def is_email(_form, field) -> None:
    """Refuse an address that cannot receive mail; set the field to the normalised address."""
    try:
        field.data = addresses.read(field.data, takes_utf8=current_app.config["MAIL_SMTPUTF8"])
    except addresses.NotAnAddress as refusal:
        raise ValidationError(ADDRESS_REFUSALS[type(refusal)]) from None


def no_web_address(_form, field) -> None:
    """Refuse web and mail addresses in a field whose text other people will read (M12)."""
    if field.data and ADDRESS.search(field.data):
        raise ValidationError(_l("Write this without web addresses, slashes or @"))


def is_plain_name(form, field) -> None:
    """Refuse web and mail addresses, also bare host names, in a name that stands in mails to other people (M12).

    Mail programs turn a host name into a link. An initial with a full stop, as in "J.Berg" or "A.B. Berg", is a name.
    """
    no_web_address(form, field)
    labels = (pair.groups() for pair in HOST_LABELS.finditer(field.data or ""))
    if any(before or after[0].islower() for before, after in labels):
        raise ValidationError(_l("Write this without web addresses, and with a space after each full stop"))


def new_form_key() -> str:
    """Return a new key for one rendered form: random, signed, with the time at which it was made (R03, S28)."""
    return _signer().dumps(secrets.token_urlsafe(16))


def read_form_key(signed: str) -> tuple[str, float]:
    """Return a form's key and the seconds since it was made. Raises BadSignature."""
    key, made = _signer().loads(signed, return_timestamp=True)
    return key, time.time() - made.timestamp()


def is_form_key(_form, field) -> None:
    """Refuse a form key that this site has not signed."""
    try:
        read_form_key(field.data or "")
    except BadSignature:
        raise ValidationError(_l("The form was changed on its way to us. Send it again.")) from None


def _signer() -> URLSafeTimedSerializer:
    secret_keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(secret_keys, salt=SALT)


def _tidied(value: Any) -> Any:
    return tidy(value) if isinstance(value, str) and len(value) <= LONGEST else value


def _trimmed(value: Any) -> Any:
    return addresses.trimmed(value) if isinstance(value, str) and len(value) <= LONGEST else value


def _refuse_wrong_address(_form, field) -> None:
    try:
        addresses.refuse_wrong(field.data or "")
    except addresses.NotAnAddress as refusal:
        field.data = addresses.shown(field.data)
        raise StopValidation(ADDRESS_REFUSALS[type(refusal)]) from None


def _find_excess(text: str) -> Any:
    """Return the error for a text of several lines that is too long to be cleaned, or None."""
    if len(text) > LONGEST_TEXT:
        return _l("Use at most 30,000 characters")
    if longest_word(text) > LONGEST:
        return _l("Put blanks into the word that has more than 1,000 characters")
    return None


def _refuse_long_lines(_form, field) -> None:
    if isinstance(field.data, str) and (excess := _find_excess(field.data)):
        raise StopValidation(excess)


def _refuse_endless(_form, field) -> None:
    """Refuse a text longer than LONGEST before other checks, with the message of the field's own limit."""
    if isinstance(field.data, str) and len(field.data) > LONGEST:
        own = (rule.message for rule in field.validators if isinstance(rule, Length))
        raise StopValidation(next(own, _l("Use at most 1,000 characters")))
