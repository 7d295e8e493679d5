"""The files that were sent with a form, and the messages about refused ones."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.images.errors import StorageAway
from forum.questions import files
from forum.questions.enums import MOST_MEGABYTES, QuestionKind
from forum.questions.errors import FileFault, FileRefused
from forum.questions.fields import AsksQuestions, name_of
from forum.questions.models import Question
from forum.turns import NoTurn
from forum.web import sent_files
from forum.web.layers import Environ
from forum.web.limits import client, keyed, takes

# Endings of the names of two inputs that a question has in a form: the file, and the box that removes an earlier file.
SENT, REMOVED = "-file", "-remove"
# How many files one network address may send: checking a file or re-encoding a picture takes time.
MOST_OFTEN = "40 per hour"
# The last parts of the paths of forms behind a personal link that may ask for files.
ENDS_OF_PATHS = (["r", "change"], ["yes"])
INSTEAD = ["r", "instead"]
CSRF = "csrf_token"  # the session's key for the CSRF token
# The most bytes of a request whose form asks for files: room for the fields and all files. A single file that is too
# large has room, too, and is refused with a message instead of a broken connection.
LARGEST_BODY = MOST_MEGABYTES * files.MEGABYTE + 256 * 1024
LONGEST_SENT = 1000  # the most characters of an uploaded file's name that are read
WORDS: Mapping[FileFault, Any] = {
    FileFault.EMPTY: _l("The file is empty. Choose another one."),
    FileFault.DAMAGED: _l("The PDF is damaged. Save it again, or choose another one."),
    FileFault.ACTIVE: _l(
        "The PDF holds programs or other files. Print it as a PDF once more, and send that one."
    ),
    FileFault.TOO_MANY_PIXELS: _l("The picture has too many pixels. Make it smaller first."),
    FileFault.TOO_FEW_PIXELS: _l("The picture is too small: each side needs at least 320 pixels."),
    FileFault.TOO_MUCH: _l(
        "Too many files have come from your network today for addresses that are not confirmed. Try later, or from"
        " another network."
    ),
    FileFault.TOO_OFTEN: _l(
        "Too many files have come from your network within an hour. Try later, or from another network."
    ),
    FileFault.NO_ROOM: _l("We cannot take more files just now. Try again in some hours."),
    FileFault.GONE: _l(
        "We keep a file for a day before the form is sent, and that day is over. Choose it again."
    ),
}


def longest_body(app: Flask, environ: Environ) -> int:
    """Return how many bytes the body of a request may have whose form may ask for a file; 0 for any other request.

    The server calls this before it reads the body. The request must have a session cookie that this site has signed,
    which shows that the browser was given a form.
    """
    parts = environ.get("PATH_INFO", "").split("/")
    takes_files = "register" in parts[:-1] or any(parts[-len(end) :] == end for end in ENDS_OF_PATHS)
    if environ["REQUEST_METHOD"] != "POST" or not (takes_files or parts[-3:-1] == INSTEAD):
        return 0
    session = app.session_interface.open_session(app, app.request_class(environ))
    return LARGEST_BODY if session and session.get(CSRF) else 0


def take(form: AsksQuestions) -> None:
    """Store the files that were sent with the form; put the file's signed name, or why it is refused, into each field.

    Commits. Call this before a sent form is validated: validating it shows the refusals.
    """
    for question in _list_asked(form) if request.method == "POST" else ():
        field = form[name_of(question)]
        if request.form.get(field.name + REMOVED):
            field.data = ""
        sent = request.files.get(field.name + SENT)
        try:
            if sent is not None and sent.filename:
                field.data, field.is_taken = files.sign(_keep(question, sent)), True
            elif (told := files.read(field.data)) and not files.is_kept(question, told, clock.now()):
                field.data = ""
                raise FileRefused(FileFault.GONE)
        except FileRefused as refusal:
            db.session.rollback()
            field.refusal = words_of(refusal.fault, question)


def to_choose_again(form: AsksQuestions) -> str:
    """Return a sentence that names the sent files that were not stored and have to be chosen again; "" if none."""
    fields = (form[name_of(question)] for question in _list_asked(form))
    lost = {field.name + SENT for field in fields if not field.is_taken}
    sent = [file for name, file in request.files.items(multi=True) if name in lost]
    return sent_files.to_choose_again(sent_files.names_of(sent))


def words_of(fault: FileFault, question: Question) -> str:
    """Return the message for a refused file."""
    if fault == FileFault.TOO_LARGE:
        return _(
            "The file has more than %(number)s MB. Choose a smaller one.", number=question.most_megabytes
        )
    return str(WORDS[fault]) if fault in WORDS else _("Choose %(types)s", types=types_of(question))


def types_of(question: Question) -> str:
    """Return in words which types of files the question accepts."""
    if len(question.file_types) > 1:
        return _("a PDF or a picture (JPEG, PNG or WebP)")
    return _("a PDF") if "pdf" in question.file_types else _("a picture (JPEG, PNG or WebP)")


def _list_asked(form: AsksQuestions) -> list[Question]:
    """Return the questions for a file that apply to the sector and the answers in the form."""
    return [one for one in form.asked() if one.kind == QuestionKind.FILE]


def _keep(question: Question, sent: FileStorage) -> dict[str, Any]:
    """Store a file that was sent; return the answer's value: key, name and size. Commits. Raises FileRefused."""
    if not takes(MOST_OFTEN, "answer files", client()):
        raise FileRefused(FileFault.TOO_OFTEN)
    content = sent.read(question.most_megabytes * files.MEGABYTE + 1)
    name, now = (sent.filename or "")[:LONGEST_SENT], clock.now()
    try:
        checked = files.check(question, content)
    except (NoTurn, StorageAway):
        raise FileRefused(FileFault.NO_ROOM) from None
    start_write(db.session)
    told = files.keep(question, *checked, name, asked_from=keyed(client()), now=now)
    db.session.commit()
    return told
