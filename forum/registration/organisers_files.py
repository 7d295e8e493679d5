"""A person's files in the console: an organiser downloads them, each time recorded (P18), and sends others (S29)."""

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import sign_ins
from forum.audit import actions as audit
from forum.audit.queries import FILE_DOWNLOADED
from forum.database import start_write
from forum.extensions import db
from forum.questions import files, uploads, values
from forum.questions.enums import QuestionKind
from forum.questions.fields import AsksQuestions, name_of
from forum.registration import file_answers, restrictions
from forum.registration.console import person_of

bp = Blueprint("attendee_files", __name__, url_prefix="/console/<event>/registrations/<reference>/files")
# The path of the form with which an organiser changes a person's answers, files among them.
CHANGES_ANSWERS = re.compile(r"/console/[^/]+/registrations/[^/]+/answers")
LARGEST_BODY = uploads.LARGEST_BODY  # the most bytes of a request with a person's answers and files


def take(form: AsksQuestions, answers: Mapping[str, Any], *, is_outdated: bool) -> None:
    """Store the files that an organiser has sent with the form, by the rules of the public form; commits.

    `answers` are the person's, by the question's key; with `is_outdated` they have changed since the page was shown.
    """
    if is_outdated:
        _name_stored_files(form, answers)
    uploads.take(form)


def _name_stored_files(form: AsksQuestions, answers: Mapping[str, Any]) -> None:
    """Replace the name of a deleted file in the form by the name of the file that is stored now.

    The form can then be compared with the stored answers (R30).
    """
    for question in form.questions:
        if question.kind == QuestionKind.FILE:
            field = form[name_of(question)]
            if (told := files.read(field.data)) and not files.is_kept(question, told, clock.now()):
                field.data = values.shown(question, answers.get(question.key))


@bp.route("/<file_key>")
def download(event: str, reference: str, file_key: str) -> ResponseReturnValue:
    """Record who downloads the file, then return it; a file of another person or event is a 404 (S13).

    Each file of a person whose data may not be used is a 404, too (P12).
    """
    start_write(db.session)
    registration, _filters = person_of(event, reference)
    if restrictions.is_restricted(registration):
        abort(404)
    file = file_answers.find_or_404(registration, file_key)
    response = file_answers.give(file)
    audit.record(FILE_DOWNLOADED, registration, actor=sign_ins.current_actor(), at=clock.now())
    db.session.commit()
    return response
