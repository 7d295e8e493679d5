"""A person's answers as rows of label and value, for components/summary_list.html on their own pages."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from forum.events.models import Sector
from forum.registration import answers
from forum.registration.forms import DetailsForm, RegistrationForm
from forum.registration.models import Registration
from forum.web.languages import in_language

Rows = list[dict[str, str]]


def given_rows(registration: Registration) -> Rows:
    """Return the details that can be changed, then the address and the sector, which cannot."""
    details = DetailsForm(obj=registration).answers()
    return [*details, {"label": _("E-mail address"), "value": registration.email}, _row(registration.sector)]


def carried_rows(registration: Registration, told: Mapping[str, Any]) -> Rows:
    """Return the answers that a confirming link would confirm, together with the registration's address."""
    form = RegistrationForm(formdata=None, data={**told, "email": registration.email})
    return [*form.answers(), _row(answers.sector_of(registration, told))]


def _row(sector: Sector) -> dict[str, str]:
    return {"label": _("Sector"), "value": in_language(sector.name)}
