"""Requests take turns at computing, once they are whole (see forum/turns.py). Kept pages need none."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from flask import Flask

from forum.turns import processor


def init_app(app: Flask) -> None:
    """Put the line in front of the app, unless TURNS is off; the page cache comes before it."""
    if not app.config["TURNS"]:
        return
    inner, longest = app.wsgi_app, app.config["MAX_CONTENT_LENGTH"]

    def in_turn(environ: dict[str, Any], start_response) -> Iterable[bytes]:
        _receive(environ, longest)
        with processor.taken():
            return inner(environ, start_response)

    app.wsgi_app = in_turn  # type: ignore[method-assign]


def _receive(environ: dict[str, Any], longest: int) -> None:
    """Wait for the whole body first, so that a slow sender keeps only his own thread (R26)."""
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit() and 0 < int(length) <= longest:
        environ["wsgi.input"] = BytesIO(environ["wsgi.input"].read(int(length)))
