"""What every form shares: tidied texts, clear errors, a key against sending twice."""

import re
import secrets
import time
from typing import Any

from flask import current_app, request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, URLSafeTimedSerializer
from wtforms import HiddenField, StringField
from wtforms.meta import DefaultMeta
from wtforms.validators import DataRequired, ValidationError

from forum.accounts import kept_words
from forum.columns import tidy
from forum.web.languages import language

ADDRESS = re.compile(r"https?:|www\.|[/\\<>@]", re.IGNORECASE)
SALT = "form-key"


class TidyForm(FlaskForm):
    """Strips and NFC-normalises every text field before it is looked at (S27, S36).

    It reads what a form sends and nothing else: a file or JSON in a field's place would not be a text (S17).
    """

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form, formdata):
            if formdata is None or hasattr(formdata, "getlist"):
                return formdata
            if not form.is_submitted():
                return kept_words.recall()
            kept_words.forget()
            return request.form

        @property
        def locales(self):
            return [language(), "en"]

        def get_translations(self, form):
            """Return WTForms' own kept catalogue: Flask-WTF reads it from disk for each request."""
            return DefaultMeta.get_translations(self, form)

        def bind_field(self, form, unbound_field, options):
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, HiddenField):
                options["filters"] = [*unbound_field.kwargs.get("filters", ()), _tidied]
            return unbound_field.bind(form=form, **options)


def required(message) -> DataRequired:
    """Return a validator for an answer that must be given."""
    return DataRequired(message=message)


def no_web_address(_form, field) -> None:
    """Refuse addresses in a field whose text others will read (M12)."""
    if field.data and ADDRESS.search(field.data):
        raise ValidationError(_l("Write this without web addresses, slashes or @"))


def new_form_key() -> str:
    """Return a signed key for one rendered form: random, and telling when it was made (R03, S28)."""
    return _signer().dumps(secrets.token_urlsafe(16))


def read_form_key(signed: str) -> tuple[str, float]:
    """Return the key and the seconds since it was made. Raises BadSignature."""
    key, made = _signer().loads(signed, return_timestamp=True)
    return key, time.time() - made.timestamp()


def is_form_key(_form, field) -> None:
    """Refuse a key that is not ours."""
    try:
        read_form_key(field.data or "")
    except BadSignature:
        raise ValidationError(_l("This form has been changed on the way. Send it once more.")) from None


def _signer() -> URLSafeTimedSerializer:
    secret_keys = [*current_app.config["SECRET_KEY_FALLBACKS"], current_app.config["SECRET_KEY"]]
    return URLSafeTimedSerializer(secret_keys, salt=SALT)


def _tidied(value: Any) -> Any:
    return tidy(value) if isinstance(value, str) else value
