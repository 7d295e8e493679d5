"""The answers of a form on their way to the page that shows them: sealed, in the visitor's own browser.

So "Check your answers" has an address of its own that a browser can go back to and load again (A07), no answer
stands in an address, and nothing is stored here before the form is sent.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from flask import current_app, request, url_for
from werkzeug import Response
from wtforms import Form

from forum import clock
from forum.columns import seal, unseal
from forum.web.languages import NAMES

PURPOSE = "identity"  # the key of real names: one may be among the answers
SECONDS = 3600
LONGEST = 3800  # bytes; browsers drop a cookie that is longer than 4096


def keep(response: Response, form: Form, sector: str) -> bool:
    """Give the browser the answers to keep; say whether they were short enough."""
    answers = {field.name: field.data for field in form if field.name != "csrf_token"}
    content = json.dumps([int(clock.now().timestamp()), answers], ensure_ascii=False, separators=(",", ":"))
    value = urlsafe_b64encode(seal(content.encode(), PURPOSE, _place(sector))).decode()
    if len(value) > LONGEST:
        return False
    for path in _paths(sector):
        response.set_cookie(_name(), value, path=path, **_attributes())
    return True


def recall(sector: str) -> dict[str, Any] | None:
    """Return the answers that the browser keeps for this form; None when there are none, or not any more."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(_name(), ""))
        kept_at, answers = json.loads(unseal(sealed, PURPOSE, _place(sector)))
    except (ValueError, InvalidTag):
        return None
    return answers if clock.now().timestamp() - kept_at < SECONDS else None


def forget(response: Response, sector: str) -> None:
    """Let the browser drop the answers, once they are sent."""
    if _name() in request.cookies:
        for path in _paths(sector):
            response.delete_cookie(_name(), path=path, **_attributes())


def _paths(sector: str) -> list[str]:
    """Return the form's address in each language: the visitor may read the answers in the other one."""
    return [url_for("registration.details", sector=sector, lang=code) for code in NAMES]


def _place(sector: str) -> str:
    return f" answers {sector}"


def _name() -> str:
    return "__Secure-answers" if current_app.config["SESSION_COOKIE_SECURE"] else "answers"


def _attributes() -> dict[str, Any]:
    return {"secure": current_app.config["SESSION_COOKIE_SECURE"], "httponly": True, "samesite": "Lax"}
