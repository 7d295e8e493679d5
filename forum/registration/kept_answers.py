"""The answers of a form on their way to the page that shows them: encrypted, in a cookie of the visitor's browser.

So "Check your answers" has a URL of its own that a browser can go back to and reload (A07), no answer appears in a
URL, and the server stores nothing before the form is sent.
"""

from typing import Any

from flask import session, url_for
from werkzeug import Response
from wtforms import Form

from forum import sealed_cookies
from forum.web.languages import NAMES

COOKIE, CSRF = "answers", "csrf_token"


def keep(response: Response, form: Form, sector: str) -> bool:
    """Set a cookie with the answers; return whether they were short enough for it."""
    answers = {field.name: field.data for field in form if field.name != CSRF}
    return sealed_cookies.put(response, COOKIE, answers, bound_to=_binding(sector), paths=_paths(sector))


def recall(sector: str) -> dict[str, Any] | None:
    """Return the answers that the browser keeps for this form; None when there are none, or they have expired."""
    return sealed_cookies.take(COOKIE, bound_to=_binding(sector))


def forget(response: Response, sector: str) -> None:
    """Delete the cookie with the answers, after they are sent."""
    sealed_cookies.drop(response, COOKIE, paths=_paths(sector))


def _paths(sector: str) -> list[str]:
    """Return the form's URL in each language, because the visitor may switch the language while checking."""
    return [url_for("registration.details", sector=sector, lang=code) for code in NAMES]


def _binding(sector: str) -> str:
    """Return the text that binds the answers to their form and session: without both they cannot be read."""
    return f" answers {sector} {session.get(CSRF, '')}"
