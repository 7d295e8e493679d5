"""Requests take turns at computing after their bodies are read (forum/turns.py, lobby.py). Cached pages need none."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask

from forum.turns import processor
from forum.web.layers import Environ, Wsgi
from forum.web.receiving import REFUSAL


def take_turns(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """Let one request compute at a time (a layer); None if TURNS is off or Python has no interpreter lock."""
    if not app.config["TURNS"] or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    return lambda inner: partial(_compute_in_turn, inner)


def _compute_in_turn(inner: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
    # A request that is already refused only gets an error page: answer it without waiting for a turn.
    if REFUSAL in environ:
        return inner(environ, start_response)
    with processor.taken():
        return inner(environ, start_response)
