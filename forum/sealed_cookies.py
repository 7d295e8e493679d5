"""What a browser keeps for a page that comes later: sealed, an hour at most, and stored nowhere else (A07, A11)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from flask import current_app, request
from werkzeug import Response

from forum import clock
from forum.sealing import seal, unseal

PURPOSE = "identity"  # the key of real names: one may be among the answers
SECONDS = 3600
LONGEST = 3800  # bytes; browsers drop a cookie that is longer than 4096


def put(response: Response, name: str, content: Any, *, place: str, paths: list[str]) -> bool:
    """Give the browser `content` (as JSON knows it) to keep for these paths; say whether it was short enough.

    It opens only for the same `place`.
    """
    plain = json.dumps([int(clock.now().timestamp()), content], ensure_ascii=False, separators=(",", ":"))
    value = urlsafe_b64encode(seal(plain.encode(), PURPOSE, place)).decode()
    if len(value) > LONGEST:
        return False
    for path in paths:
        response.set_cookie(_full_name(name), value, path=path, **_attributes())
    return True


def take(name: str, *, place: str) -> Any:
    """Return what the browser keeps under this name; None when there is nothing, or not any more."""
    try:
        sealed = urlsafe_b64decode(request.cookies.get(_full_name(name), ""))
        kept_at, content = json.loads(unseal(sealed, PURPOSE, place))
    except (ValueError, InvalidTag):
        return None
    return content if clock.now().timestamp() - kept_at < SECONDS else None


def drop(response: Response, name: str, *, paths: list[str]) -> None:
    """Let the browser forget it, if it has anything."""
    if _full_name(name) in request.cookies:
        for path in paths:
            response.delete_cookie(_full_name(name), path=path, **_attributes())


def _full_name(name: str) -> str:
    return f"__Secure-{name}" if current_app.config["SESSION_COOKIE_SECURE"] else name


def _attributes() -> dict[str, Any]:
    return {"secure": current_app.config["SESSION_COOKIE_SECURE"], "httponly": True, "samesite": "Lax"}
