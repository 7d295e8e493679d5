"""Serving a file that answers a question: only as a download, with its own type, and cached nowhere (S29)."""

from io import BytesIO

from flask import Response, abort, send_file

from forum.questions import files, queries
from forum.questions.models import AnswerFile
from forum.registration.models import Registration
from forum.web.headers import CONTENT_SECURITY_POLICY

# The site's Content-Security-Policy, and `sandbox` in case a browser shows the file instead of downloading it.
POLICY = f"{CONTENT_SECURITY_POLICY}; sandbox"


def find_or_404(registration: Registration, key: str) -> AnswerFile:
    """Return the file with this key if it answers a question for this registration; else abort with 404 (S13)."""
    return files.find_own(registration.id, key) or abort(404)


def give(file: AnswerFile) -> Response:
    """Return the file as a download, under the name in its answer if that is known."""
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
