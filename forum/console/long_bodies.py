"""Which requests of organisers may have a body longer than a form's fields: those that send an image or a table."""

from flask import Flask

from forum.console import library
from forum.imports import console as imports
from forum.web.layers import Environ


def longest_body(app: Flask, environ: Environ) -> int:
    """Return how many bytes of body a request may have, 0 for one without permission; called before it is read."""
    return library.longest_body(app, environ) or imports.longest_body(app, environ)
