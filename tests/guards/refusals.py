"""Renders each different error page only once, for guards to whom thousands of pages are refused.

    with refused_briefly():
        ...                      # every refusal has its status and headers, and most have a short page

Two of three requests of the access matrix are refused, and rendering their pages took most of its time. Such a page
depends on its status, frame and language, on the event of the URL, and on the audience. It does not depend on the view:
`show` in forum/web/errors.py passes nothing of it on. It is nevertheless rendered once for each endpoint and method, to
find a view that leaves something behind which appears on its error page or breaks that page.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager

import pytest
from flask import g, render_template, request

from forum.web import errors
from forum.web.languages import language
from tests.guards.world import AUDIENCE

BRIEF = "<!doctype html><title>Refused</title><h1>Refused</h1>"


@contextmanager
def refused_briefly(of_request: Callable[[], Hashable] = lambda: None) -> Iterator[None]:
    """Within the block, render an error page only when it can differ from those rendered before; else a short one.

    `of_request` returns what is special about the present request, for guards that ask for odd addresses. Browsers
    other than those of `world.browsers` always get the whole page.
    """
    rendered: set[tuple] = set()

    def render(template: str, **shown) -> str:
        is_known = rendered.issuperset(keys := _what_decides(shown["status"], of_request()))
        rendered.update(keys)
        # A page whose button sends a form's fields again contains these fields, so each such page is rendered.
        if is_known and not shown["kept"] and AUDIENCE in request.environ:
            return BRIEF
        return render_template(template, **shown)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(errors, "render_template", render)
        yield


def _what_decides(status: int, of_request: Hashable) -> tuple[tuple, tuple]:
    """Return two keys made of everything on which an error page may depend; a page is rendered when a key is new."""
    frame = request.path.split("/")[1]
    of_event = (request.view_args or {}).get("event"), "event" in g
    return (
        (status, request.environ.get(AUDIENCE), frame, of_event, language(), of_request),
        (status, request.endpoint, request.method),
    )
