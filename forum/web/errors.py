"""Errors as pages: in the visitor's language, with a reference, without insides (S43)."""

import sqlite3
from collections.abc import Sequence
from pathlib import PurePath

from flask import Flask, current_app, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError, ServiceUnavailable

from forum.accounts import kept_words, sign_ins
from forum.extensions import db

RETRY_SECONDS = "10"
KEEPS = {"registration", "self_service"}  # visitors' forms: no password, and safe to send again


def init_app(app: Flask) -> None:
    """Give every refusal a page."""
    app.register_error_handler(HTTPException, show)
    app.register_error_handler(CSRFError, show_outdated)
    app.register_error_handler(Exception, show_unexpected)
    for busy in (OperationalError, PoolTimeout, sqlite3.OperationalError):
        app.register_error_handler(busy, show_busy)


def show(error: HTTPException, kept: Sequence[tuple[str, str]] = ()) -> ResponseReturnValue:
    """Show the page of an HTTP status; `kept` are the fields of a form that its button sends again."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    db.session.rollback()
    plain = error.code >= 500 or isinstance(error, SecurityError)  # a strange Host: no address can be made
    reference = getattr(g, "reference", "")
    page = render_template(
        "errors/error.html", status=error.code, plain=plain, reference=reference, kept=kept
    )
    response = error.get_response()
    response.data, response.content_type = page, "text/html; charset=utf-8"
    return response


def show_outdated(error: CSRFError) -> ResponseReturnValue:
    """A form of another session: who has signed in again elsewhere finds its words in a fresh one (A11)."""
    if g.get("sign_in"):
        answer = redirect(sign_ins.here(), 303)
        if kept_words.keep(answer, g.user.id):
            return answer
    return show(error)


def show_busy(error: Exception) -> ResponseReturnValue:
    """The database is locked, full or away: say so, when to come back, and keep what was typed (R13–R16)."""
    _log(error)
    response = show(ServiceUnavailable(), kept=_what_was_sent())
    response.headers["Retry-After"] = RETRY_SECONDS  # type: ignore[union-attr]
    return response


def _what_was_sent() -> Sequence[tuple[str, str]]:
    """Return the fields of a visitor's form, in their order; of any other form none."""
    if request.method != "POST" or request.blueprint not in KEEPS:
        return ()
    return list(request.form.items(multi=True))


def show_unexpected(error: Exception) -> ResponseReturnValue:
    """Something that nobody foresaw: log it under the reference that the page shows."""
    _log(error)
    return show(InternalServerError())


def _log(error: Exception) -> None:
    """Log where it happened, without the values that were being handled (P28, S45)."""
    trace, where = error.__traceback__, []
    while trace:
        path = PurePath(trace.tb_frame.f_code.co_filename)  # some code has no file, only "<string>"
        where.append(f"{'/'.join(path.parts[-2:])}:{trace.tb_lineno}")
        trace = trace.tb_next
    current_app.logger.error(
        "%s %s at %s", getattr(g, "reference", ""), type(error).__name__, " < ".join(where[-6:][::-1])
    )
