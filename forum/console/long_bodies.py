"""Which requests of organisers may have a body longer than a form's fields: those with an image, a table or a file."""

from flask import Flask

from forum.console import library
from forum.imports import console as imports
from forum.registration import organisers_files
from forum.web.layers import Environ


def longest_body(app: Flask, environ: Environ) -> int:
    """Return how many bytes of body a request may have, 0 without permission; called before the body is read."""
    rooms = (library, imports, organisers_files)
    return next(filter(None, (room.longest_body(app, environ) for room in rooms)), 0)
