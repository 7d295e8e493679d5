"""An organiser's download of a file that a person has sent as an answer; each download is recorded (P18)."""

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import sign_ins
from forum.audit import actions as audit
from forum.audit.queries import FILE_DOWNLOADED
from forum.database import start_write
from forum.extensions import db
from forum.registration import file_answers, restrictions
from forum.registration.console import person_of

bp = Blueprint("attendee_files", __name__, url_prefix="/console/<event>/registrations/<reference>/files")


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
