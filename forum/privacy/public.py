"""The register of personal data for the privacy notice, with the questions of the page's event."""

from flask import Blueprint
from flask_babel import gettext as _

from forum.events.in_url import event_of_page
from forum.privacy.entries import (
    CARERS,
    EXPLICIT_CONSENT,
    LEGITIMATE_INTEREST,
    OFFICE,
    UNTIL_ERASED,
    WEEK_AFTER,
    Entry,
)
from forum.privacy.register import REGISTER
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.questions.models import Question
from forum.web.languages import in_language

bp = Blueprint("privacy", __name__)


@bp.app_template_global("field_register")
def field_register() -> tuple[Entry, ...]:
    """Return the register's entries and one for each question of the page's event, translated when they are shown."""
    event = event_of_page()
    asked = questions.list_open(event.slug) if event else []
    return (*REGISTER, *map(_entry_of, asked))


def _entry_of(question: Question) -> Entry:
    is_care = question.sensitivity == Sensitivity.CARE
    return Entry(
        what=_("Your answer to the question “%(question)s”", question=in_language(question.label)),
        purpose=_("To arrange food and access") if is_care else _("To prepare what the question is about"),
        basis=EXPLICIT_CONSENT if is_care else LEGITIMATE_INTEREST,
        audience=CARERS if is_care else OFFICE,
        retention=WEEK_AFTER if question.is_locating else UNTIL_ERASED,
    )
