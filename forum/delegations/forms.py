"""The forms for naming a colleague as substitute, and for the colleague who takes over."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import EmailField

from forum.registration.applicant import CHANGEABLE, Applicant
from forum.registration.forms import DetailsForm, RegistrationForm
from forum.registration.models import Registration
from forum.web.forms import TidyForm, is_email, required


class SubstituteForm(TidyForm):
    """The form for the address of the substitute."""

    email = EmailField(
        _l("Your colleague’s e-mail address"), [required(_l("Enter an e-mail address")), is_email]
    )


class SuccessorForm(DetailsForm):
    """The form for the newcomer's own answers.

    The newcomer's organisation is that of the person who is replaced, so the form does not ask for it.
    """

    organisation: Any = None
    is_protected = RegistrationForm.is_protected
    real_name = RegistrationForm.real_name

    def applicant(self, replaced: Registration, email: str) -> Applicant:
        """Return the valid answers as an Applicant with the replaced person's organisation and the named address."""
        asked: dict[str, Any] = {
            name: getattr(self, name).data or "" for name in CHANGEABLE if name != "organisation"
        }
        asked["phone"] = self.phone.data or None
        return Applicant(
            **asked,
            organisation=replaced.organisation,
            email=email,
            submission_key="",
            is_protected=self.is_protected.data,
            real_name=self.real_name.data or None,
            given=self.given(),
        )
