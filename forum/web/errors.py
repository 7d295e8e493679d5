"""Error pages: in the visitor's language, with a reference to the log and without internal details (S43)."""

import sqlite3
from collections.abc import Callable, Sequence

from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from limits.errors import StorageError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    RequestHeaderFieldsTooLarge,
    SecurityError,
    ServiceUnavailable,
)

from forum.extensions import db
from forum.logs import without_values
from forum.turns import NoTurn
from forum.web import sent_files
from forum.web.lobby import LobbyFull
from forum.web.requests import UnreadableRequest

RETRY_SECONDS = "10"
# Errors of a database that is busy or away.
BUSY = (OperationalError, PoolTimeout, sqlite3.OperationalError)
NAMED_CAUSES = (CSRFError, SecurityError)
# Errors whose page uses neither database nor router: with a foreign Host no URL can be built, the query of an
# unreadable request cannot be parsed, and a request with too long headers must not wait, because the lobby has not
# counted it (web/lobby.py).
ASKS_NOTHING = (SecurityError, UnreadableRequest, RequestHeaderFieldsTooLarge)
CAUSES = {SecurityError: "the Host header is not that of FORUM_BASE_URL, nor among FORUM_TRUSTED_HOSTS"}
# Blueprints whose forms hold no password and are safe to send again, so that an error page may keep their fields. Some
# are visitors' forms; others are organisers' forms with words, with choices that take time, or with a rule that refuses
# to do the same twice. Of every other form tests/guards/test_sent_again.py gives the reason.
KEEPS = {
    *("registration", "self_service", "own_invitation", "posts", "pages"),
    *("own_mailings", "mailings", "mail_texts", "attendee_notes", "attendees", "review", "review_many"),
    *("bulk", "bulk_undoing", "waiting_list", "attendee_additions", "attendee_views"),
    *("imports", "import_tables", "kept_exports", "log", "invitations", "library", "redirects", "settings"),
}
# The endpoint of a form that the error page does not keep: sent twice, it would send a person two mails with links.
KEEPS_NOT = {"attendees.resend"}
# Endpoints of forms for a table, in a file or typed: if a file was chosen there is nothing to send again without it.
TAKES_TABLE = {"imports.new", "invitations.invite_many", "redirects.import_file"}


def init_app(app: Flask, *away: type[Exception]) -> None:
    """Register a page for every error; `away` has the errors raised by features whose storage does not answer."""
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(Exception, show_unexpected)
    for busy in (*BUSY, LobbyFull, NoTurn, StorageError, *away):
        app.register_error_handler(busy, show_busy)


def show(error: HTTPException, kept: Sequence[tuple[str, str]] = ()) -> ResponseReturnValue:
    """Show the page of an HTTP status; `kept` are form fields that a button on the page sends again.

    The button sends no files: with `kept`, or if the forum is busy, the page names those that came with the request.
    """
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    # If the database is too busy for the page of another error, Flask calls this function again, with a status 500.
    if isinstance(error, InternalServerError) and isinstance(error.original_exception, BUSY):
        return show_busy(error.original_exception)
    db.session.rollback()
    _note_cause(error)
    plain = error.code >= 500 or isinstance(error, ASKS_NOTHING)
    reference = getattr(g, "reference", "")
    lost = _what_was_lost(kept) if kept or error.code == ServiceUnavailable.code else ""
    told = {"status": error.code, "plain": plain, "reference": reference, "kept": kept, "lost": lost}
    page = render_template("errors/error.html", **told)
    response = error.get_response()
    response.data, response.content_type = page, "text/html; charset=utf-8"
    return response


def show_busy(error: Exception) -> ResponseReturnValue:
    """Show the page for a queue or store that is full, locked or away; its button sends a form again (R13–R16)."""
    # Log the first error of a request as its cause: a busy database may also prevent the page of an earlier error.
    if "cause" not in g:
        g.cause = without_values(error)
    response = make_response(show(ServiceUnavailable(), kept=_what_was_sent()))
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


def ask_again(lost: CSRFError, page: Callable[[str], ResponseReturnValue | None]) -> ResponseReturnValue:
    """Show a visitor's form whose session was lost, filled in with what was typed, and with a fresh token.

    If another site has sent the form, the visitor sees what pressing the button again would send (S10). `page` renders
    the form with the notice. If it returns None, the error page is shown instead.
    """
    notice = _(
        "Nothing has been sent yet. The browser was closed while the form was open, or it keeps no cookies from "
        "this site. What you entered is still here: read it through and send it once more. If this happens again, "
        "allow cookies for this site."
    )
    try:
        shown = page(f"{notice} {sent_files.to_choose_again(sent_files.names())}".strip())
    except HTTPException:
        shown = None
    if shown is None:
        return show(lost)
    _note_cause(lost)
    response = make_response(shown)
    response.status_code = 400
    return response


def note_cause(cause: str) -> None:
    """Add to this request's log line the cause of its error answer."""
    g.cause = {"cause": cause}


def _note_cause(error: HTTPException) -> None:
    if isinstance(error, NAMED_CAUSES):
        note_cause(CAUSES.get(type(error), str(error.description)))


def _what_was_sent() -> Sequence[tuple[str, str]]:
    """Return the sent fields in order of a form that is safe to send again; () for any other or an unreadable form."""
    if request.method != "POST" or request.blueprint not in KEEPS or request.endpoint in KEEPS_NOT:
        return ()
    try:
        if request.endpoint in TAKES_TABLE and sent_files.names():
            return ()
        return list(request.form.items(multi=True))
    except HTTPException:
        # The body is too large or malformed, so no answers can be kept. The page shows the earlier error, not this
        # one.
        return ()


def _what_was_lost(kept: Sequence[tuple[str, str]]) -> str:
    """Return a sentence about files to be chosen again; "" if no file was chosen, as far as the request tells."""
    if named := sent_files.to_choose_again(sent_files.names()):
        return named
    # Forms with a file are sent in parts. A body that was not read has the length 0 here (`receiving.refuse_unread`),
    # and does not tell whether a file was chosen.
    is_unread = request.mimetype == "multipart/form-data" and not request.content_length
    if not kept and request.method == "POST" and is_unread:
        return _("If you had chosen a file, check that it is still chosen before you send the form.")
    return ""


def show_unexpected(error: Exception) -> ResponseReturnValue:
    """Show the page of an unexpected error, with the reference under which the log has the error."""
    g.cause = without_values(error)
    return show(InternalServerError())
