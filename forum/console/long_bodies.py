"""Which requests of organisers may have a body longer than a form's fields: those with an image, a table or a file."""

from flask import Flask

from forum.accounts import sign_ins
from forum.console import library
from forum.imports import console as imports
from forum.registration import organisers_files
from forum.web.layers import Environ

# The path of each page whose form may have a file, and the most bytes of the body of its requests.
PAGES = (
    (library.UPLOAD, library.LARGEST_BODY),
    (imports.UPLOAD, imports.LARGEST_BODY),
    (organisers_files.CHANGES_ANSWERS, organisers_files.LARGEST_BODY),
)


def longest_body(app: Flask, environ: Environ) -> int:
    """Return how many bytes of body a request may have, 0 without permission; called before the body is read.

    A session cookie that this site has signed must say that somebody has signed in: else anybody could use up the few
    large bodies that the server reads at once.
    """
    path = environ.get("PATH_INFO", "") if environ["REQUEST_METHOD"] == "POST" else ""
    longest = next((most for page, most in PAGES if page.fullmatch(path)), 0)
    return longest if longest and sign_ins.has_signed_in(app, environ) else 0
