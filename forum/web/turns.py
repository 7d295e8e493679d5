"""Requests take turns at computing, once they are whole (see forum/turns.py, receiving.py). Kept pages need none."""

from collections.abc import Iterable
from typing import Any

from flask import Flask

from forum.turns import processor


def init_app(app: Flask) -> None:
    """Put the line in front of the app, unless TURNS is off; the page cache comes before it."""
    if not app.config["TURNS"]:
        return
    inner = app.wsgi_app

    def in_turn(environ: dict[str, Any], start_response) -> Iterable[bytes]:
        with processor.taken():
            return inner(environ, start_response)

    app.wsgi_app = in_turn  # type: ignore[method-assign]
