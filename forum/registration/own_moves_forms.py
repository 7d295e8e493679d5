"""The form for a person's new e-mail address."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField

from forum.web.forms import TidyForm, is_email, required


class NewAddressForm(TidyForm):
    """A new e-mail address of a registration."""

    email = EmailField(_l("New e-mail address"), [required(_l("Enter an e-mail address")), is_email])
