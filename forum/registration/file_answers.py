"""Giving a file that answers a question: as a download alone, with its own type, and kept nowhere on the way (S29)."""

from io import BytesIO

from flask import Response, abort, send_file

from forum.questions import files, queries
from forum.questions.models import AnswerFile
from forum.registration.models import Registration
from forum.web.headers import CONTENT_SECURITY_POLICY

# The Content-Security-Policy of the site, and `sandbox` for a browser that shows the file all the same.
POLICY = f"{CONTENT_SECURITY_POLICY}; sandbox"


def find_or_404(registration: Registration, key: str) -> AnswerFile:
    """Return the file with this key if it answers a question for this registration; else abort with 404 (S13)."""
    return files.find_own(registration.id, key) or abort(404)


def give(file: AnswerFile) -> Response:
    """Return the file as a download under the name that its answer says, or under none of its own."""
    value = queries.list_answers(file.registration_id or 0).get(file.question_id) or {}
    response = send_file(
        BytesIO(file.content),
        mimetype=files.MEDIA_TYPES[file.file_type],
        as_attachment=True,
        download_name=value.get("name") or files.clean_name("", file.file_type),
        etag=False,
    )
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = POLICY
    return response
