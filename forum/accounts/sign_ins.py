"""Signed-in browsers and what they may reach (S03, S06, S07, S12)."""

from flask import abort, request
from flask.typing import ResponseReturnValue

from forum.accounts.enums import Role


def require(roles: frozenset[Role]) -> ResponseReturnValue | None:
    """Let the request go on, answer with the way to sign in, or end it with 404."""
    abort(404, description=f"{request.endpoint} needs {sorted(roles)}")
