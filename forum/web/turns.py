"""Requests take turns at computing once their bodies are read (forum/turns.py, lobby.py); cached pages need no turn."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask

from forum.turns import processor
from forum.web.layers import Environ, Wsgi
from forum.web.receiving import REFUSAL


def take_turns(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """Return the layer that lets one request compute at a time; None if TURNS is off or Python has no GIL."""
    if not app.config["TURNS"] or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    return lambda inner: partial(_compute_in_turn, inner)


def _compute_in_turn(inner: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
    # A request that is already refused only gets an error page: answer it without waiting for a turn.
    if REFUSAL in environ:
        return inner(environ, start_response)
    with processor.taken():
        return inner(environ, start_response)
