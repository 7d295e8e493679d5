"""Which requests of organisers may have a body longer than a form's fields: those with an image, a table or a file."""

from flask import Flask

from forum.accounts import sign_ins
from forum.console import library
from forum.imports import console as imports
from forum.registration import organisers_files
from forum.web.layers import Environ


def longest_body(app: Flask, environ: Environ) -> int:
    """Return how many bytes of body a request may have, 0 without permission; called before the body is read.

    A session cookie that this site has signed must say that somebody has signed in: else anybody could use up the few
    large bodies that the server reads at once.
    """
    path = environ.get("PATH_INFO", "") if environ["REQUEST_METHOD"] == "POST" else ""
    longest = _most_at(path)
    return longest if longest and sign_ins.has_signed_in(app, environ) else 0


def _most_at(path: str) -> int:
    """Return the most bytes that a body may have for the page with this path, 0 for a page whose form has no file."""
    if library.UPLOAD.fullmatch(path):
        return library.LARGEST_BODY
    if imports.UPLOAD.fullmatch(path):
        return imports.LARGEST_BODY
    return organisers_files.LARGEST_BODY if organisers_files.CHANGES_ANSWERS.fullmatch(path) else 0
