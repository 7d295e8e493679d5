"""The page cache: a public page is rendered once per content version and answered before Flask.

A page's key is (host, path); its value holds for one content version, which is read at every request
(SQLite: `PRAGMA data_version` on a connection of the thread's own tells when to look; PostgreSQL: one
SELECT), so a change is seen by every process with the commit that made it. A page that shows seats left
says so, and then holds for one second at the most.
"""

import gzip
import hashlib
import re
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

import brotli
import psycopg
from flask import Flask, Response, make_response
from sqlalchemy.engine import URL, make_url

MARK = "X-Forum-Page"
VERSION, SEATS = "version", "seats"
SEATS_SECONDS = 1.0
MAX_BYTES = 32 * 1024 * 1024
MAX_UNMARKED = 4096  # addresses of forms that are remembered, so that they need not be asked about each time
MAX_QUERYLESS_PATH = 300
NEVER_KEPT = re.compile(
    r"/(console|account|healthz|readyz|[a-z]{2}/r)(/|$)"
)  # nobody waits for another's page
READ_VERSION = "SELECT version FROM content_version"
HIDDEN = {MARK.lower(), "content-length", "vary", "set-cookie"}


def page(*, seats: bool = False) -> Callable:
    """Mark a view's 200 as a pure function of path, language and content version."""

    def decorate(view):
        @wraps(view)
        def marked(*args, **kwargs) -> Response:
            response = make_response(view(*args, **kwargs))
            if response.status_code == 200:
                response.headers[MARK] = SEATS if seats else VERSION
            return response

        return marked

    return decorate


def init_app(app: Flask) -> None:
    """Put the cache in front of the app."""
    reader = version_reader(make_url(app.config["SQLALCHEMY_DATABASE_URI"]))
    kept = PageCache(app.wsgi_app, reader, frozenset(app.config["TRUSTED_HOSTS"]))
    app.extensions["page_cache"] = app.wsgi_app = kept  # type: ignore[method-assign]


@dataclass
class Page:
    """A rendered page in each encoding, with its strong entity tags."""

    version: int
    expires: float
    headers: list[tuple[str, str]]
    bodies: dict[str, bytes]
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(len(body) for body in self.bodies.values())


class PageCache:
    """A WSGI layer; one render per page and version however many ask at once.

    A page is the same under each of `hosts`, the names that the site answers to; under any other, and so for whoever
    makes names up, it passes by.
    """

    def __init__(
        self,
        wsgi_app,
        read_version: Callable[[], int | None],
        hosts: frozenset[str],
        max_bytes: int = MAX_BYTES,
    ):
        self._app = wsgi_app
        self._read_version = read_version
        self._hosts = hosts
        self._max_bytes = max_bytes
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._rendering: dict[str, threading.Lock] = {}
        self._unmarked: dict[str, None] = {}

    def __call__(self, environ: dict[str, Any], start_response) -> Iterable[bytes]:
        key = _key(environ, self._hosts)
        if key in self._unmarked:
            return self._pass(environ, start_response)
        version = self._read_version() if key else None
        if key is None or version is None:
            return self._pass(environ, start_response)
        if found := self._find(key, version):
            return _answer(found, environ, start_response)
        with self._turn(key):
            if found := self._find(key, version):
                return _answer(found, environ, start_response)
            return self._render(key, version, environ, start_response)

    def _find(self, key: str, version: int) -> Page | None:
        found = self._pages.get(key)
        if found is None or found.version != version or time.monotonic() >= found.expires:
            return None
        return found

    def _turn(self, key: str) -> threading.Lock:
        with self._lock:
            if len(self._rendering) > 4096:
                self._rendering = {name: lock for name, lock in self._rendering.items() if lock.locked()}
            return self._rendering.setdefault(key, threading.Lock())

    def _render(self, key: str, version: int, environ, start_response) -> Iterable[bytes]:
        """Ask the app; keep the answer when the view marked it. A page is always rendered as GET."""
        status, headers, body = _collect(self._app, {**environ, "REQUEST_METHOD": "GET"})
        mark = next((value for name, value in headers if name == MARK), None)
        if mark is None:
            self._note_unmarked(key, status)
            start_response(status, headers)
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        expires = time.monotonic() + SEATS_SECONDS if mark == SEATS else float("inf")
        made = _make_page(version, expires, headers, body)
        self._keep(key, made)
        return _answer(made, environ, start_response)

    def _note_unmarked(self, key: str, status: str) -> None:
        """Let what is no public page, such as a form, pass by from now on: no turn, no version to read.

        Only an answer that is a page says so: what is missing or away today may be a public page tomorrow.
        """
        if status.startswith("200"):
            with self._lock:
                if len(self._unmarked) >= MAX_UNMARKED:
                    self._unmarked.clear()
                self._unmarked[key] = None

    def _keep(self, key: str, made: Page) -> None:
        with self._lock:
            if old := self._pages.pop(key, None):
                self._bytes -= old.size
            self._pages[key] = made
            self._bytes += made.size
            while self._bytes > self._max_bytes:
                self._bytes -= self._pages.popitem(last=False)[1].size

    def _pass(self, environ, start_response) -> Iterable[bytes]:
        """Let the app answer, without the mark that is ours alone."""

        def start(status, headers, exc_info=None):
            return start_response(status, [pair for pair in headers if pair[0] != MARK], exc_info)

        return self._app(environ, start)


def version_reader(url: URL) -> Callable[[], int | None]:
    """Return a function that reads the content version; it returns None when the database is out of reach."""
    if url.get_backend_name() == "sqlite":
        return _SqliteVersion(url.database or "")
    return _PostgresVersion(url.set(drivername="postgresql").render_as_string(hide_password=False))


class _SqliteVersion(threading.local):
    """Reads the row again only when another connection has committed."""

    def __init__(self, path: str):
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    def __call__(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = sqlite3.connect(
                    f"file:{self._path}?mode=ro", uri=True, isolation_level=None, timeout=1
                )
            data_version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if self._seen is None or self._seen[0] != data_version:
                self._seen = (data_version, self._connection.execute(READ_VERSION).fetchone()[0])
            return self._seen[1]
        except (sqlite3.Error, TypeError):
            self._connection = self._seen = None
            return None


class _PostgresVersion(threading.local):
    """Reads the row on a connection of the thread's own."""

    def __init__(self, conninfo: str):
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None

    def __call__(self) -> int | None:
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=2)
            row = self._connection.execute(READ_VERSION).fetchone()
            return row[0] if row else None
        except psycopg.Error:
            self._connection = None
            return None


def _key(environ, hosts: frozenset[str]) -> str | None:
    """Return the page's key, its path; None for what is never kept.

    Neither port nor spelling of the host is in it: a page knows only its own address (S39), and each of 65,535 ports
    would have been another page to render and to keep.
    """
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or environ.get("QUERY_STRING"):
        return None
    path = environ.get("PATH_INFO", "")
    if len(path) > MAX_QUERYLESS_PATH or NEVER_KEPT.match(path):
        return None
    return path if environ.get("HTTP_HOST", "").partition(":")[0].lower() in hosts else None


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


def _make_page(version: int, expires: float, headers: list[tuple[str, str]], body: bytes) -> Page:
    kept = [(name, value) for name, value in headers if name.lower() not in HIDDEN]
    bodies = {"br": brotli.compress(body, quality=5), "gzip": gzip.compress(body, 6, mtime=0), "": body}
    tag = hashlib.sha256(body).hexdigest()[:24]
    return Page(
        version, expires, kept, bodies, {code: f'"{tag}{"-" + code if code else ""}"' for code in bodies}
    )


def _answer(found: Page, environ, start_response) -> list[bytes]:
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    encoding = next((code for code in ("br", "gzip") if _accepts(accepted, code)), "")
    body, tag = found.bodies[encoding], found.tags[encoding]
    headers = [*found.headers, ("ETag", tag), ("Vary", "Accept-Encoding")]
    if _matches(environ.get("HTTP_IF_NONE_MATCH", ""), found.tags):
        start_response("304 Not Modified", [pair for pair in headers if pair[0].lower() != "content-type"])
        return []
    if encoding:
        headers.append(("Content-Encoding", encoding))
    start_response("200 OK", [*headers, ("Content-Length", str(len(body)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _accepts(header: str, code: str) -> bool:
    """Whether the client takes the encoding; "br;q=0" says that it does not (RFC 9110, 12.5.3)."""
    for part in header.split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == code:
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _matches(header: str, tags: dict[str, str]) -> bool:
    """Whether the client holds any encoding of this page (RFC 9110, 13.1.2)."""
    if not header:
        return False
    held = {part.strip().removeprefix("W/") for part in header.split(",")}
    return "*" in held or not held.isdisjoint(tags.values())
