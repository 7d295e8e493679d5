"""The form that reveals one person's identity."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from forum.web.forms import TidyForm, is_form_key, new_form_key, read_form_key, required
from forum.web.identity_numbers import no_identity_number

LEAST, MOST = 10, 300


class RevealForm(TidyForm):
    """Asks a handler for the reason to see a person's protected identity; each opened form works for one reveal."""

    reason = StringField(
        _l("Why do you have to know?"),
        [
            required(_l("Write why you have to know")),
            Length(max=MOST, message=_l("Use at most 300 characters")),
            Length(min=LEAST, message=_l("Write the reason in a few words")),
            no_identity_number,
        ],
    )
    key = HiddenField(validators=[is_form_key])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.is_submitted() and not self.key.data:
            self.key.data = new_form_key()

    def form_key(self) -> str:
        """Return the form's key."""
        return read_form_key(self.key.data)[0]
