"""Encrypted cookies that carry form values to a later page, for an hour at most; no server stores them (A07, A11)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from flask import current_app, request
from flask_babel import gettext as _
from werkzeug import Response

from forum import clock
from forum.sealing import seal, unseal

PURPOSE = "identity"  # cookies are encrypted with the key for real names, because form values may contain one
SECONDS = 3600
# The most bytes of an answer's headers, encrypted cookies included. nginx by default answers 502 when all headers
# exceed 4096 bytes; the other bytes are left for the session's cookie, the security headers and those of the server.
LONGEST = 2500


def put(response: Response, name: str, content: Any, *, bound_to: str, paths: list[str]) -> bool:
    """Set an encrypted cookie with `content`, which JSON must be able to hold; return whether it was short enough.

    The length counts once for each path of the cookie, together with the headers that `response` already has.

    `take` decrypts the cookie only with the same `bound_to`, such as the user and the page for which it was set.
    """
    plain = json.dumps([int(clock.now().timestamp()), content], ensure_ascii=False, separators=(",", ":"))
    value = urlsafe_b64encode(seal(plain.encode(), PURPOSE, bound_to)).decode()
    if len(value) * len(paths) > LONGEST:
        return False
    before = response.headers.getlist("Set-Cookie")
    for path in paths:
        response.set_cookie(_full_name(name), value, path=path, **_attributes())
    if len(str(response.headers)) > LONGEST:
        response.headers.setlist("Set-Cookie", before)
        return False
    return True


def take(name: str, *, bound_to: str, seconds: int = SECONDS) -> Any:
    """Return the cookie's content; None when it is missing, older than `seconds` or bound to something else."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(_full_name(name), ""))
        kept_at, content = json.loads(unseal(sealed, PURPOSE, bound_to))
    except (ValueError, InvalidTag):
        return None
    return content if clock.now().timestamp() - kept_at < seconds else None


def drop(response: Response, name: str, *, paths: list[str]) -> None:
    """Delete the cookie, if the browser has sent it."""
    if _full_name(name) in request.cookies:
        for path in paths:
            response.delete_cookie(_full_name(name), path=path, **_attributes())


def too_long_words() -> str:
    """Return the message that something, such as a link, was not made: it is too long for the cookie to carry it."""
    return _("Nothing was made: it is too long to be shown here once. Please tell whoever runs this site.")


def _full_name(name: str) -> str:
    return f"__Secure-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name


def _attributes() -> dict[str, Any]:
    return {"secure": current_app.config["SESSION_COOKIE_SECURE"], "httponly": True, "samesite": "Lax"}
