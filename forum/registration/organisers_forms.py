"""The form of a person's details as organisers fill it in."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import DataRequired

from forum.registration.forms import DetailsForm
from forum.web.forms import required

# Messages for missing answers of somebody else: those of the form that people fill in themselves say "your".
MISSING = {
    "given_name": _l("Enter the person’s given name"),
    "organisation": _l("Enter the organisation that the person comes from"),
    "country": _l("Choose the person’s country"),
}


class PersonForm(DetailsForm):
    """The details of a person, with labels in the third person."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.language.label.text = _("Language of our messages")
        for name, message in MISSING.items():
            field = self[name]
            field.validators = [
                required(message) if isinstance(check, DataRequired) else check for check in field.validators
            ]
