"""Reading a row of the table: the person whom it names, or what is wrong with it. Each row is checked as a form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import EmailField
from wtforms.validators import Optional

from forum.events.models import Event, Sector
from forum.imports import answers, values
from forum.imports.checking import Fault, Person
from forum.questions.models import Question
from forum.registration.applicant import ASKED
from forum.registration.organisers_forms import PersonForm
from forum.registration.wording import FIELDS
from forum.web.forms import is_email

COLUMNS: Mapping[str, Any] = {
    "given_name": FIELDS["given_name"],
    "family_name": FIELDS["family_name"],
    "full_name": _l("Whole name, if it stands in one column"),
    "email": _l("E-mail address"),
    "organisation": FIELDS["organisation"],
    "title": FIELDS["title"],
    "sector": _l("Sector"),
    "country": FIELDS["country"],
    "language": FIELDS["language"],
    "phone": FIELDS["phone"],
    "reference": _l("Reference"),
    "status": _l("Status"),
}


@dataclass(frozen=True)
class Otherwise:
    """The values used where a row says nothing."""

    sector: Sector | None
    organisation: str
    country: str
    language: str


class ImportedRowForm(PersonForm):
    """One row of the table, checked as the form for adding a person by hand is; the outer form has the CSRF token."""

    class Meta(PersonForm.Meta):
        csrf = False

    email = EmailField(_l("E-mail address"), [Optional(), is_email])


def read_row(
    number: int, told: Mapping[str, str], event: Event, otherwise: Otherwise, questions: Sequence[Question]
) -> Iterator[Person | Fault]:
    """Yield the person of a row, or what is wrong with it; `told` has its cells by the name of their column."""
    named = told.get("sector", "")
    sector = values.find_sector(event, named) if named else otherwise.sector
    form = _form(told, otherwise)
    form.validate()
    faults = [
        Fault(number, str(COLUMNS[name]), _fault(form, name, told)) for name in ASKED if form[name].errors
    ]
    if sector is None:
        text = _("The forum has no sector “%(name)s”", name=named[:100])
        faults.append(Fault(number, _("Sector"), text))
        yield from faults
        return
    said = answers.read(questions, sector.key, told)
    faults += [Fault(number, label, words) for label, words in said.wrong]
    yield from faults
    if not faults:
        reference = values.reference(told.get("reference", ""))
        yield Person(
            number,
            sector,
            form.details(),
            form.email.data or "",
            reference,
            said.given,
            tuple(said.unasked),
        )


def _form(told: Mapping[str, str], otherwise: Otherwise) -> ImportedRowForm:
    given_name, family_name = values.names(told)
    country, language = told.get("country"), told.get("language")
    return ImportedRowForm(
        MultiDict(
            {
                "given_name": given_name,
                "family_name": family_name,
                "email": told.get("email", ""),
                "organisation": told.get("organisation") or otherwise.organisation,
                "title": told.get("title", ""),
                "country": values.country(country) if country else otherwise.country,
                "language": values.language(language) if language else otherwise.language,
                "phone": values.phone(told.get("phone", "")),
            }
        )
    )


def _fault(form: ImportedRowForm, name: str, told: Mapping[str, str]) -> str:
    """Return the message for a wrong cell; for an unknown country or language it quotes the cell's text."""
    if name == "country":
        return _("“%(name)s” is no country that we know", name=told.get("country", "")[:100])
    if name == "language":
        return _("The forum does not write in “%(name)s”", name=told.get("language", "")[:100])
    return str(form[name].errors[0])
