"""URLs that a process remembers, for links that are the same on each page of the console."""

import pytest
from flask import url_for

from forum.accounts.access import AUDIENCES
from forum.console.navigation import BELONGING
from forum.registration.row_menu import ACTS
from forum.web import routes
from forum.web.routes import kept_url


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.mark.parametrize("root", ["", "/forum"])
def test_remembered_url_is_the_one_that_is_built(app, root):
    """Each link of the navigation leads to the same page as without remembering, below any path of a proxy."""
    with app.test_request_context("/console/", environ_overrides={"SCRIPT_NAME": root}):
        for endpoint in BELONGING:
            for slug in ("nf27", "nf29"):
                built = url_for(endpoint, event=slug)
                assert (kept_url(endpoint, event=slug), built[: len(root)]) == (built, root)


def test_url_is_built_once(app, monkeypatch):
    """The URL of a page is built the first time that it is needed; later it is taken from memory."""
    routes._built.cache_clear()
    with app.test_request_context("/console/"):
        first = kept_url("attendees.index", event="nf27")
        monkeypatch.setattr(routes, "url_for", lambda *_args, **_values: pytest.fail("built again"))
        assert kept_url("attendees.index", event="nf27") == first == "/console/nf27/attendees"


def test_remembered_urls_do_not_depend_on_the_language_of_the_page(app):
    """No remembered URL contains a language, or one reader would get links in the language of another reader."""
    for endpoint in (*BELONGING, *(act[0] for act in ACTS)):
        assert endpoint in AUDIENCES
        assert not app.url_map.is_endpoint_expecting(endpoint, "lang"), endpoint
