"""The answers of a form on their way to the page that shows them: sealed, in the visitor's own browser.

So "Check your answers" has an address of its own that a browser can go back to and load again (A07), no answer
stands in an address, and nothing is stored here before the form is sent.
"""

from typing import Any

from flask import session, url_for
from werkzeug import Response
from wtforms import Form

from forum import sealed_cookies
from forum.web.languages import NAMES

COOKIE, CSRF = "answers", "csrf_token"


def keep(response: Response, form: Form, sector: str) -> bool:
    """Give the browser the answers to keep; say whether they were short enough."""
    answers = {field.name: field.data for field in form if field.name != CSRF}
    return sealed_cookies.put(response, COOKIE, answers, bound_to=_binding(sector), paths=_paths(sector))


def recall(sector: str) -> dict[str, Any] | None:
    """Return the answers that the browser keeps for this form; None when there are none, or not any more."""
    return sealed_cookies.take(COOKIE, bound_to=_binding(sector))


def forget(response: Response, sector: str) -> None:
    """Let the browser drop the answers, once they are sent."""
    sealed_cookies.drop(response, COOKIE, paths=_paths(sector))


def _paths(sector: str) -> list[str]:
    """Return the form's address in each language: the visitor may read the answers in the other one."""
    return [url_for("registration.details", sector=sector, lang=code) for code in NAMES]


def _binding(sector: str) -> str:
    """Bind the answers to their form and to the session that it was sent in, and so they end with that."""
    return f" answers {sector} {session.get(CSRF, '')}"
