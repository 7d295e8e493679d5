"""A test client that checks every page that it fetches (see tools/page_checks.py).

    page = pages.get("news.post", year=2016, month=11, day=25, slug="a-post-en")    # an endpoint, in English
    page = pages.get("/sv/news/", expect=404)                                         # or a path
    page.title, page.h1, page.text, page.links["Next"], page.status, page.headers, page.soup, page.statements

    page = pages.post("registration.details", {"email": "x"}, expect=200, sector="justice")
    page.errors == {"email": "Enter an address like name@example.org"}

    page = page.form().submit({"email": "a@example.org"})                             # 303, `page.location`
    page = page.submit({"email": "a@example.org"}, button="Send", follow=True)        # the page to which 303 leads

`post` first fetches the form's page, so that hidden fields and the CSRF token are sent as from a browser. A field that
the form does not have is a mistake of the test and fails, unless it is in `forged`. Each request has an app context of
its own; after a request the test's own database session reads its objects anew.
"""

from collections.abc import Mapping
from contextlib import contextmanager
from contextvars import Context
from functools import cached_property
from typing import Any
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from flask import Flask, has_app_context, url_for
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException

from forum.accounts.access import AUDIENCES, Face
from forum.extensions import db
from forum.web.cache import PRIVATE
from tools import page_checks, quick_soup
from tools.page_forms import Form

MAIN_FORM = "main form"
OF_TRANSACTIONS = {"BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE"}
COLLECTORS = "statement_collectors"  # the key in `app.extensions` of the lists that collect statements


class Pages:
    """Fetches pages as one visitor with cookies; `language` is the language of endpoints' URLs."""

    def __init__(self, app: Flask, language: str = "en"):
        self.app = app
        self.language = language
        self.client: FlaskClient = app.test_client()

    def get(
        self, where: str, *, expect: int = 200, follow: bool = False, headers: Any = None, **values
    ) -> "Page":
        """Fetch an endpoint or a path."""
        return self.open(self.url(where, **values), expect=expect, follow=follow, headers=headers)

    def post(
        self,
        where: str,
        data: Mapping[str, Any] | None = None,
        *,
        expect: int = 303,
        follow: bool = False,
        button: str | None = None,
        forged: Mapping[str, Any] | None = None,
        **values,
    ) -> "Page":
        """Fetch the form's page, fill in the form and send it."""
        page = self.get(where, **values)
        return page.submit(data or {}, button=button, expect=expect, follow=follow, forged=forged)

    def url(self, where: str, **values) -> str:
        """Return the path of an endpoint; return a path unchanged."""
        return where if where.startswith("/") else Context().run(self._build, where, values)

    def open(
        self,
        path: str,
        *,
        expect: int = 200,
        follow: bool = False,
        method: str = "GET",
        headers: Any = None,
        data: Any = None,
    ) -> "Page":
        """Send a request and check the answer; with `follow`, `expect` is the status after the redirects."""
        with counted_statements(self.app) as statements:
            response = Context().run(self._send, path, method=method, headers=headers, data=data)
        if has_app_context():
            db.session.rollback()
        page = Page(self, path, response, statements)
        if follow and page.status in {301, 302, 303, 307, 308}:
            return self.open(page.location, expect=expect, follow=True)
        assert page.status == expect, f"{method} {path}: {page.status}, not {expect}\n{page.text[:800]}"
        page_checks.check(response, path, audience=self._audience(path), parse=lambda: page.soup)
        return page

    def _send(self, path: str, **request):
        # `buffered` makes the client read a streamed answer to its end.
        return self.client.open(path, buffered=True, **request)

    def _build(self, endpoint: str, values: dict[str, Any]) -> str:
        with self.app.test_request_context("/"):
            if self.app.url_map.is_endpoint_expecting(endpoint, "lang"):
                values.setdefault("lang", self.language)
            return url_for(endpoint, **values)

    def _audience(self, path: str):
        try:
            endpoint, values = self.app.url_map.bind("localhost").match(urlsplit(path).path)
        except HTTPException:
            return None
        if PRIVATE in values:
            # This is a page of an event's preview. The access table lists its endpoint as public, for the public page.
            return Face.LINK
        return AUDIENCES.get(endpoint)


class Page:
    """The answer to a request: parsed when it is HTML, else with `.text`, `.data` and `.headers`."""

    def __init__(self, pages: Pages, path: str, response, statements: list[str]):
        self._pages = pages
        self.client = pages.client
        self.path = path
        self.status: int = response.status_code
        self.headers: Headers = response.headers
        self.data: bytes = response.get_data()
        self.is_html = response.mimetype == "text/html"
        self.statements = statements

    @cached_property
    def soup(self) -> BeautifulSoup:
        """The parsed page; empty when the answer is not HTML."""
        return quick_soup.parse(self.data.decode() if self.is_html else "")

    @property
    def title(self) -> str:
        """The text of <title>."""
        return page_checks.words(self.soup.title)

    @property
    def h1(self) -> str:
        """The page's main heading."""
        return page_checks.words(self.soup.h1)

    @property
    def text(self) -> str:
        """The text of the main content with collapsed white space; the whole body when it is not HTML."""
        return page_checks.words(self.soup.main or self.soup) if self.is_html else self.data.decode()

    @property
    def links(self) -> dict[str, str]:
        """The URLs of all links on the page by their text."""
        return {page_checks.words(link): link["href"] for link in self.soup.find_all("a", href=True)}

    @property
    def errors(self) -> dict[str, str]:
        """The error messages by the name of the field; "" stands for the whole form."""
        return page_checks.inline_errors(self.soup) or page_checks.form_errors(self.soup)

    @property
    def flashes(self) -> list[str]:
        """The flashed messages."""
        return [page_checks.words(flash) for flash in self.soup.find_all(class_="flash")]

    @property
    def location(self) -> str:
        """The target of a redirect, as a path of this site."""
        parts = urlsplit(urljoin(f"http://localhost{self.path}", self.headers["Location"]))
        return parts._replace(scheme="", netloc="").geturl()

    def all(self, selector: str) -> list[str]:
        """Return the text of every element that the selector finds."""
        return [page_checks.words(element) for element in self.soup.select(selector)]

    def form(self, selector: str = MAIN_FORM) -> Form:
        """Return the first form that the selector finds; forms that POST come before search forms."""
        # Beautiful Soup finds by a name many times faster than by a selector.
        found = self._forms() if selector == MAIN_FORM else self.soup.select(selector)
        found.sort(key=lambda form: form.get("method", "get").lower() != "post")
        assert found, f"no form {selector} in {self.path}:\n{self.text[:800]}"
        return Form(self._pages, self.path, found[0])

    def _forms(self) -> list[Tag]:
        return [form for main in self.soup.find_all("main") for form in main.find_all("form")]

    def submit(self, data: Mapping[str, Any] | None = None, **options) -> "Page":
        """Fill in and send the page's form; see `Form.submit`."""
        return self.form().submit(data, **options)

    def follow(self, words: str, **options) -> "Page":
        """Open the link with this text."""
        return self._pages.open(urljoin(self.path, self.links[words]), **options)


@contextmanager
def counted_statements(app: Flask):
    """Collect the SQL statements within the block, except those that begin and end transactions."""
    statements: list[str] = []
    collectors = Context().run(_collectors, app)
    collectors[id(statements)] = statements
    try:
        yield statements
    finally:
        del collectors[id(statements)]


def _collectors(app: Flask) -> dict[int, list[str]]:
    """Return the lists to which a listener adds each of the app's statements.

    An app has one listener: adding and removing one for each request would take a tenth of a millisecond.
    """
    if COLLECTORS in app.extensions:
        return app.extensions[COLLECTORS]
    collectors: dict[int, list[str]] = {}

    def note(_connection, _cursor, statement, *_):
        if collectors and statement.split(None, 1)[0] not in OF_TRANSACTIONS:
            for statements in tuple(collectors.values()):
                statements.append(statement)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    app.extensions[COLLECTORS] = collectors
    return collectors
