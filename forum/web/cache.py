"""The page cache: a public page is rendered once per content version and answered before Flask.

A page's key is its path, and nothing else of a request reaches the view, because the page rendered for one visitor is
sent to all. A cached page is valid for one content version (content_version.py), so every process sees a change at once
on SQLite and within a second on PostgreSQL. A page that shows how many seats are left, or names people, is valid for
one second, and a page whose words depend on the time is valid until they change (`hold_at_most`). While the database is
out of reach and no new page can be rendered, the last cached page is the answer.
"""

import logging
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from functools import partial
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from sqlalchemy.engine import make_url
from werkzeug.exceptions import HTTPException
from werkzeug.routing.exceptions import RoutingException

from forum.web.content_version import is_exact, version_reader
from forum.web.door import is_one_of
from forum.web.headers import FOR_EVER
from forum.web.kept_page import KeptPage
from forum.web.languages import NAMES
from forum.web.layers import Environ, Wsgi
from forum.web.receiving import REFUSAL

WANTED = "forum.page"  # key in the WSGI environment for the path and version of a page that is to be rendered
AS_OF = "forum.as_of"  # key in the WSGI environment for the content version before the request read anything
# Key in the WSGI environment for the seconds after which the page that is being rendered may be outdated.
HOLDS = "forum.page_holds"
# Routes with this URL variable show previews to some people only: no page of such a route is cached.
PRIVATE = "preview"
SEATS_SECONDS = 1.0
MAX_BYTES = 32 * 1024 * 1024
MAX_PATH = 300
READING = frozenset(("GET", "HEAD"))
NOT_KEPT = frozenset(("content-length", "vary", "cache-control"))
# The Cache-Control of a page, by the seconds for which the page is valid. CDNs keep a page so briefly that a correction
# is everywhere within a minute; browsers ask each time whether the page has changed.
CACHE_CONTROL = {
    float("inf"): "public, max-age=0, s-maxage=10, stale-while-revalidate=30, stale-if-error=86400",
    SEATS_SECONDS: "public, max-age=0, s-maxage=1, stale-while-revalidate=1, stale-if-error=86400",
}
# Cache-Control of a page that names people, who may withdraw: no CDN may send an outdated name (P04).
FOR_NAMES = "public, max-age=0, s-maxage=1, must-revalidate"
View = Callable[..., Any]
# For how many seconds the pages of a view are valid, by view; `page` marks views as cacheable.
SECONDS: WeakKeyDictionary[View, float] = WeakKeyDictionary()
log = logging.getLogger(__name__)


class ImpurePage(Exception):
    """A page to be cached for everybody sets a cookie, or varies by a header of the request."""


def page(*, seats: bool = False) -> Callable[[View], View]:
    """Mark a view whose page depends only on path, language and content version; with `seats`, on registrations too."""

    def mark(view: View) -> View:
        SECONDS[view] = SEATS_SECONDS if seats else float("inf")
        return view

    return mark


def hold_at_most(seconds: float) -> None:
    """Limit how long the page that is being rendered is cached: `seconds`, but at least SEATS_SECONDS."""
    least = max(SEATS_SECONDS, seconds)
    request.environ[HOLDS] = min(least, request.environ.get(HOLDS, least))


def as_of() -> int | None:
    """Return the content version from before the request read anything: nothing that the request reads is older.

    Return None for any request but a GET of a public page: a POST may have changed something before it shows a page.
    Return None also while the database is out of reach.
    """
    return request.environ.get(AS_OF)


def exact_version() -> int | None:
    """Return the present content version on SQLite, where reading it is cheap; None on PostgreSQL.

    A transaction that has begun before may still read content of an earlier version.
    """
    read: Callable[[], int | None] = current_app.extensions["exact_version"]
    return read()


def held_for() -> float:
    """Return for how many seconds the page being rendered is valid: infinity unless `hold_at_most` has set a limit."""
    return request.environ.get(HOLDS, float("inf"))


def answer_kept(app: Flask) -> Callable[[Wsgi], Wsgi]:
    """Return the layer of the app that answers with cached pages, before Flask."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    reader = version_reader(url)
    app.extensions["exact_version"] = reader if is_exact(url) else lambda: None
    kept = app.extensions["page_cache"] = PageCache(app, reader)
    return lambda inner: partial(kept.find, inner)


def render_once(app: Flask) -> Callable[[Wsgi], Wsgi]:
    """Return the layer of the app that renders and caches a page once for all requests that wait for the page."""
    return lambda inner: partial(app.extensions["page_cache"].find_or_render, inner)


class PageCache:
    """The cached pages: each page is rendered once per content version, however many requests ask at once.

    A page is the same under each host name of the site. A request with any other Host header gets no cached page and
    goes on to the app.
    """

    def __init__(self, app: Flask, read_version: Callable[[], int | None], max_bytes: int = MAX_BYTES):
        self._flask = app
        self._hosts = frozenset(app.config["TRUSTED_HOSTS"])
        self._read_version = read_version
        self._max_bytes = max_bytes
        self._pages: OrderedDict[str, KeptPage] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._rendering: dict[str, threading.Lock] = {}

    def find(self, inner: Wsgi, environ: Environ, start_response) -> Iterable[bytes]:
        """Answer with the page if it is cached; else let the request go on, with the key and version of the page."""
        key = _key(environ, self._hosts)
        if key is None or not (key in self._pages or self._seconds(key)):
            # Read the content version only below "/sv" and the like: pages for monitors must not wait for the database.
            if key and key[1:].partition("/")[0] in NAMES:
                environ[AS_OF] = self._read_version()
            return inner(environ, start_response)
        version = self._read_version()
        # The database is out of reach: answer with the last version of the page, if there is one.
        if version is None:
            last = self._pages.get(key)
            return last.give(environ, start_response) if last else inner(environ, start_response)
        if page := self._find(key, version):
            return page.give(environ, start_response)
        environ[WANTED] = key, version
        return inner(environ, start_response)

    def find_or_render(self, inner: Wsgi, environ: Environ, start_response) -> Iterable[bytes]:
        """Render the page that was not in the cache, unless another request has rendered it meanwhile."""
        if WANTED not in environ:
            return inner(environ, start_response)
        key, version = environ.pop(WANTED)
        if REFUSAL in environ:
            last = self._pages.get(key)
            return last.give(environ, start_response) if last else inner(environ, start_response)
        with self._turn(key):
            if page := self._find(key, version):
                return page.give(environ, start_response)
            return self._render(inner, key, version, environ, start_response)

    def clear(self) -> None:
        """Remove every page from the cache."""
        with self._lock:
            self._pages.clear()
            self._bytes = 0

    def _find(self, key: str, version: int) -> KeptPage | None:
        page = self._pages.get(key)
        return page if page and page.holds(version) else None

    def _seconds(self, key: str) -> float:
        """Return for how many seconds the page at this path is cached; 0 when its view's pages are not cached."""
        try:
            endpoint, values = self._flask.url_map.bind_to_environ(self._request_for(key)).match()
        except (HTTPException, RoutingException):
            return 0
        if PRIVATE in values:
            return 0
        return SECONDS.get(self._flask.view_functions[endpoint], 0)

    def _turn(self, key: str) -> threading.Lock:
        with self._lock:
            if len(self._rendering) > 4096:
                self._rendering = {name: lock for name, lock in self._rendering.items() if lock.locked()}
            return self._rendering.setdefault(key, threading.Lock())

    def _render(
        self, inner: Wsgi, key: str, version: int, environ: Environ, start_response
    ) -> Iterable[bytes]:
        """Let the app answer a request made of the path alone; cache the answer if it is a page."""
        asked = {**self._request_for(key), AS_OF: version}
        status, headers, body = _collect(inner, asked)
        try:
            refuse_impure(key, headers)
        except ImpurePage as refusal:
            if self._flask.testing:
                raise
            log.error("%s: %s", type(refusal).__name__, refusal)
            return inner(environ, start_response)
        if status >= "500" and (last := self._pages.get(key)):
            return last.give(environ, start_response)
        if not status.startswith("200"):
            start_response(status, headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        seconds = self._seconds(key)
        kept = [(name, value) for name, value in headers if name.lower() not in NOT_KEPT]
        made = KeptPage(
            version,
            min(seconds, asked.get(HOLDS, seconds)),
            [*kept, ("Cache-Control", _cache_control(headers, seconds))],
            body,
        )
        self._keep(key, made)
        return made.give(environ, start_response)

    def _request_for(self, path: str) -> Environ:
        """Return a request made of the path alone: all visitors get the page, so nothing of one client may reach it."""
        url = urlsplit(self._flask.config["BASE_URL"])
        return {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "HTTP_HOST": url.netloc,
            "SERVER_NAME": url.hostname or "",
            "SERVER_PORT": str(url.port or {"https": 443}.get(url.scheme, 80)),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": url.scheme,
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }

    def _keep(self, key: str, made: KeptPage) -> None:
        with self._lock:
            if old := self._pages.pop(key, None):
                self._bytes -= old.size
            self._pages[key] = made
            self._bytes += made.size
            while self._bytes > self._max_bytes:
                self._bytes -= self._pages.popitem(last=False)[1].size


def refuse_impure(path: str, headers: list[tuple[str, str]]) -> None:
    """Raise ImpurePage when an answer sets a cookie or varies by a header other than Accept-Encoding.

    When a view reads the session, Flask itself adds "Vary: Cookie" to the answer.
    """
    told = {
        "Vary: " + part.strip()
        for name, value in headers
        if name.lower() == "vary"
        for part in value.split(",")
    }
    told |= {"Set-Cookie" for name, _value in headers if name.lower() == "set-cookie"}
    if told := told - {"Vary: Accept-Encoding"}:
        raise ImpurePage(f"{path} ({', '.join(sorted(told))})")


def _cache_control(headers: list[tuple[str, str]], seconds: float) -> str:
    """Return Cache-Control for a page: FOR_EVER or FOR_NAMES if the view has set it, else the value for `seconds`."""
    said = next((value for name, value in headers if name.lower() == "cache-control"), "")
    return said if said in (FOR_EVER, FOR_NAMES) else CACHE_CONTROL[seconds]


def _key(environ: Environ, hosts: frozenset[str]) -> str | None:
    """Return the page's key, its path; None for a request whose answer is never cached.

    No view with cached pages reads the query, so a path with "?utm_source=x" names the same page. Port and spelling of
    the host are not part of the key: a page knows only the site's own address (S39), and a client could add a page for
    each of 65,535 ports.
    """
    path, host = environ.get("PATH_INFO", ""), environ.get("HTTP_HOST", "")
    if environ["REQUEST_METHOD"] not in READING or len(path) > MAX_PATH:
        return None
    return path if host in hosts or is_one_of(hosts, host) else None


def _collect(app, environ) -> tuple[str, list[tuple[str, str]], bytes]:
    caught: dict[str, Any] = {}

    def start(status, headers, _exc_info=None):
        caught.update(status=status, headers=headers)

    chunks = app(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return caught["status"], caught["headers"], body
