"""Layers through which a request passes on its way to a view, each inside the one before.

A layer is a function that takes the app. The function adds hooks to Flask, returns a wrapper for the WSGI app, or does
both. Flask runs hooks before a view in the order of the layers, and hooks after a view in the reverse order.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]
Layer = Callable[[Flask], Callable[[Wsgi], Wsgi] | None]


def put_around(app: Flask, layers: Iterable[Layer]) -> None:
    """Put the layers around the app; the first is the outermost."""
    around = [wrap for layer in layers if (wrap := layer(app))]
    for wrap in reversed(around):
        app.wsgi_app = wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]  # Flask documents replacing wsgi_app
