"""A person's answers as rows of label and value, for components/summary_list.html on their own pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from forum.events.models import Sector
from forum.questions import files
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.questions.locating import has_been_emptied
from forum.questions.models import Question
from forum.questions.wording import answer_text
from forum.registration import answers, given
from forum.registration.forms import DetailsForm, RegistrationForm
from forum.registration.models import Registration
from forum.web.languages import in_language

Rows = list[dict[str, str]]


def given_rows(registration: Registration, every: Sequence[Question], *, is_changeable: bool) -> Rows:
    """Return rows for the details, the address and the sector, then for the event's own questions.

    Address and sector have links to the pages that change them, unless it is too late for a change.
    """
    details = DetailsForm(obj=registration).answers()
    email = {"label": _("E-mail address"), "value": registration.email}
    sector = _row(registration.sector)
    if is_changeable:
        email |= {"change_url": url_for("own_moves.address"), "change_label": _("the e-mail address")}
        sector |= {"change_url": url_for("own_moves.sector"), "change_label": _("the sector")}
    return [*details, email, sector, *question_rows(registration, every, address_of_file=own_file)]


def own_file(key: str) -> str:
    """Return the URL of a person's own file."""
    return url_for("self_service.file", file_key=key)


def question_rows(
    registration: Registration, every: Sequence[Question], *, address_of_file: Callable[[str], str]
) -> Rows:
    """Return rows for the ordinary questions that the person is asked or has answered, also withdrawn ones.

    `every` are all questions of the event, withdrawn ones included; `address_of_file` returns the URL of a file by its
    key. Raises SeveralForms.
    """
    event = registration.event
    ordinary = [
        one for one in every if one.sensitivity == Sensitivity.ORDINARY and not has_been_emptied(one, event)
    ]
    told = given.read(registration, ordinary)
    asked = questions.asked((one for one in ordinary if not one.withdrawn_at), registration.sector.key, told)
    return [
        {
            "label": in_language(one.label),
            "value": answer_text(one, told.get(one.key)),
            "file_url": "".join(map(address_of_file, files.keys_in([told.get(one.key)]))),
        }
        for one in ordinary
        if one in asked or one.key in told
    ]


def carried_rows(registration: Registration, told: Mapping[str, Any]) -> Rows:
    """Return rows for the answers that a confirming link would confirm, and the registration's address.

    Protected identity, diet and access are left out, whatever was said of them: somebody else may have the link
    (P21, S23).
    """
    sector, carried = answers.sector_of(registration, told), told["given"]
    asked = questions.list_open(registration.event.slug) if carried else ()
    data = {**told, "email": registration.email}
    form = RegistrationForm(formdata=None, data=data, questions=asked, sector=sector.key, stored=carried)
    return [*form.open_answers(), _row(sector)]


def _row(sector: Sector) -> dict[str, str]:
    return {"label": _("Sector"), "value": in_language(sector.name)}
