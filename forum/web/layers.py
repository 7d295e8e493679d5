"""What a request meets on its way to a view: layers, each within the one before.

A layer is a function that takes the app. It adds hooks to Flask, which call those before a view in the order of the
layers and those after it in the reverse order; or it returns what stands around Flask; or both.
"""

from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Any], Iterable[bytes]]
Layer = Callable[[Flask], Callable[[Wsgi], Wsgi] | None]


def put_around(app: Flask, layers: Iterable[Layer]) -> None:
    """Let each request of the app meet the layers; the first is the outermost."""
    around = [wrap for layer in layers if (wrap := layer(app))]
    for wrap in reversed(around):
        app.wsgi_app = wrap(app.wsgi_app)  # type: ignore[assignment,method-assign]
