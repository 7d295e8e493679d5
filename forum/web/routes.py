"""Routes under a language, and the URL of the current request."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, request, url_for
from werkzeug.routing import IntegerConverter, Map
from werkzeug.urls import iri_to_uri

from forum.columns import LARGEST_ID
from forum.web.languages import NAMES

LANGUAGE = f"/<any({', '.join(NAMES)}):lang>"


class Number(IntegerConverter):
    """The converter `int` of routes, limited to numbers that a database can compare with a row's id.

    A URL with a larger number matches no route.
    """

    def __init__(self, url_map: Map, fixed_digits: int = 0, **options: Any):
        super().__init__(url_map, fixed_digits, **{"max": LARGEST_ID, **options})


def init_app(app: Flask) -> None:
    """Use Number for `<int:…>` in all routes that are added from now on."""
    app.url_map.converters["int"] = Number


def localised(bp: Blueprint, rule: str, **options) -> Callable:
    """Route a view at the rule under each language, such as `/sv` + rule and `/en` + rule."""
    return bp.route(LANGUAGE + rule, **options)


def kept_url(endpoint: str, **values: str) -> str:
    """Return what `url_for` returns for a page whose URL has no language; the process remembers the URL.

    Building one takes twenty times as long, and the console's pages have some thirty that are the same each time. Pass
    only values of which there are few, such as an event's slug: never a word that somebody typed, nor a person's
    reference.
    """
    return _built(request.script_root, endpoint, *values.items())


@lru_cache(maxsize=2000)
def _built(_script_root: str, endpoint: str, *values: tuple[str, str]) -> str:
    """Build a URL, which also depends on the path below which the forum is served (`_script_root`)."""
    return url_for(endpoint, **dict(values))  # type: ignore[arg-type]  # mypy takes the values for url_for's options


def here() -> str:
    """Return the path and query of the current request, as a URL to come back to."""
    return iri_to_uri(request.full_path.rstrip("?"))
