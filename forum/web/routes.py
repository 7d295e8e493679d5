"""Routes under a language, and the URL of the current request."""

from collections.abc import Callable

from flask import Blueprint, request
from werkzeug.urls import iri_to_uri

from forum.web.languages import NAMES

LANGUAGE = f"/<any({', '.join(NAMES)}):lang>"


def localised(bp: Blueprint, rule: str, **options) -> Callable:
    """Route a view at the rule under each language, such as `/sv` + rule and `/en` + rule."""
    return bp.route(LANGUAGE + rule, **options)


def here() -> str:
    """Return the path and query of the current request, as a URL to come back to."""
    return iri_to_uri(request.full_path.rstrip("?"))
