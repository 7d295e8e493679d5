"""Requests take turns at computing, once they are whole (see forum/turns.py, lobby.py). Kept pages need none."""

import sys
from collections.abc import Iterable
from typing import Any

from flask import Flask

from forum.turns import processor
from forum.web.receiving import REFUSAL


def init_app(app: Flask) -> None:
    """Put the line in front of the app, unless TURNS is off or Python computes in several threads anyway.

    A refusal is no work to wait for.
    """
    if not app.config["TURNS"] or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return
    inner = app.wsgi_app

    def in_turn(environ: dict[str, Any], start_response) -> Iterable[bytes]:
        if REFUSAL in environ:
            return inner(environ, start_response)
        with processor.taken():
            return inner(environ, start_response)

    app.wsgi_app = in_turn  # type: ignore[method-assign]
