"""Requests take turns at computing, once they are whole (see forum/turns.py, lobby.py). Kept pages need none."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from flask import Flask

from forum.turns import processor
from forum.web.layers import Environ, Wsgi
from forum.web.receiving import REFUSAL


def take_turns(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """The layer of the line; none when TURNS is off, or Python computes in several threads anyway."""
    if not app.config["TURNS"] or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return None
    return lambda inner: partial(_compute_in_turn, inner)


def _compute_in_turn(inner: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
    # A refusal is no work to wait for.
    if REFUSAL in environ:
        return inner(environ, start_response)
    with processor.taken():
        return inner(environ, start_response)
