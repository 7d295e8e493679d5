"""Limits how many requests of a process may wait, for whatever reason (R26).

A request holds a thread while its body arrives slowly, while it waits for the database, while its page is rendered, and
until the client has received a streamed export. So every request that may wait is counted here, in the lobby, which
admits fewer requests than the process has threads (commands/serving): requests that are answered at once (a cached
page, a static file, /livez) always find a thread. A request that finds the lobby full gets a page that asks to try
again; that page keeps the answers of a form if the body could be read.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wsgi import ClosingIterator

from forum.turns import Line
from forum.web.layers import Environ, Wsgi
from forum.web.limits import subscriber
from forum.web.receiving import LONGEST, REFUSAL, is_number, receive, refuse_unread

ANSWERED_AT_ONCE = {"/healthz", "/livez"}
FOR_BALANCERS = "/readyz"


LongestFor = Callable[[Environ], int]


class LobbyFull(ServiceUnavailable):
    """The request is refused: the process holds as many waiting requests as it may."""


class Start:
    """A WSGI `start_response` that records whether the response has a Content-Length, and so is not streamed."""

    def __init__(self, start_response: Any) -> None:
        self._start_response, self.is_whole = start_response, False

    def __call__(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        self.is_whole = any(name.lower() == "content-length" for name, _ in headers)
        return self._start_response(status, headers, *rest)


class Lobby:
    """Limits how many requests go on to the app at once; each process has one lobby."""

    # How many threads the process has. Threads beyond PRESENT serve requests that never wait: static files, cached
    # pages, /livez.
    THREADS = 144
    PRESENT = 112  # how many requests one process may hold at once
    SERVED = 96  # how many of PRESENT the app handles at once; the others wait after their bodies are read
    # How many requests beyond PRESENT still get their bodies read before they are refused, so that the error page can
    # keep a form's answers.
    DOORSTEP = 12
    # How many bodies one network address may be sending at once: forty people may share an address.
    SLOW = 48
    PATIENCE = 2.0  # how many seconds a request waits in a queue that does not move
    # How many requests for /readyz are let in beyond PRESENT: a load balancer must not remove a process only for being
    # busy.
    ASKING = 4

    # How many bodies longer than a form's, such as images, a process holds in memory at once: those of organisers, and
    # those that anybody may send.
    LARGE, LARGE_OF_ANYBODY = 3, 4

    def __init__(
        self,
        longest: int,
        *,
        by_client: bool = True,
        longest_for: LongestFor | None = None,
        longest_for_anybody: LongestFor | None = None,
    ) -> None:
        """Read bodies of at most `longest` bytes; `by_client` is true when clients connect directly, not by a proxy.

        `longest_for` returns how many bytes the body of an organiser's request may have if that differs from `longest`,
        else 0; `longest_for_anybody` does so for forms for everybody, whose bodies have a limit of their own.
        """
        self._longest, self._by_client = longest, by_client
        self._large = (
            (longest_for, Line(self.LARGE)),
            (longest_for_anybody, Line(self.LARGE_OF_ANYBODY)),
        )
        self._mutex, self._line = threading.Lock(), Line(self.SERVED)
        self._asking, self._doorstep = Line(self.ASKING), Line(self.DOORSTEP)
        self._present, self._unread = 0, Counter[str]()

    def serve(self, app: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Read a request's body, wait until the app may handle the request, and let the app answer or refuse it."""
        path, reads = environ.get("PATH_INFO"), environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        if reads and path in ANSWERED_AT_ONCE:
            return app(environ, start_response)
        if reads and path == FOR_BALANCERS and self._asking.enter(0):
            try:
                return app(environ, start_response)
            finally:
                self._asking.leave()
        client = self._sender(environ)
        if not self._enter(client):
            self._refuse(environ, client)
            return app(environ, start_response)
        with ExitStack() as leaving:
            leaving.callback(self._leave)
            self._receive(environ, client, leaving)
            if self._line.enter(self.PATIENCE, while_moving=True):
                leaving.callback(self._line.leave)
            else:
                environ[REFUSAL] = LobbyFull()
            start = Start(start_response)
            answer = app(environ, start)
            # A response that is complete needs no more of the app, so its request leaves the lobby now; the request of
            # a streamed response leaves the lobby at the end of the stream.
            return answer if start.is_whole else ClosingIterator(answer, leaving.pop_all().close)

    def _sender(self, environ: Environ) -> str:
        """Return the client that sends a body; "" without a body, or if a proxy connects for all clients."""
        has_body = environ.get("CONTENT_LENGTH") not in {None, "", "0"}
        return subscriber(environ.get("REMOTE_ADDR", "")) if has_body and self._by_client else ""

    def _enter(self, client: str) -> bool:
        with self._mutex:
            if self._present >= self.PRESENT or self._sends_too_many(client):
                return False
            self._present += 1
            self._unread[client] += 1
            return True

    def _sends_too_many(self, client: str) -> bool:
        """Return whether the client is sending as many bodies as it may."""
        return bool(client) and self._unread[client] >= self.SLOW

    def _receive(self, environ: Environ, client: str, leaving: ExitStack) -> None:
        try:
            longest, line = self._large_limit(environ)
            if line:
                self._receive_large(environ, longest, line, leaving)
            else:
                receive(environ, self._longest)
        finally:
            with self._mutex:
                self._unread[client] -= 1
                if not self._unread[client]:
                    del self._unread[client]

    def _large_limit(self, environ: Environ) -> tuple[int, Line | None]:
        """Return the limit in bytes for this body, and the queue for large bodies.

        The queue is None for a body that is not longer than `longest`, and for a longer body without permission.
        """
        length = environ.get("CONTENT_LENGTH") or ""
        if is_number(length) and int(length) > self._longest:
            for longest_for, line in self._large:
                if longest_for is not None and (longest := longest_for(environ)):
                    return longest, line
        return 0, None

    def _receive_large(self, environ: Environ, longest: int, line: Line, leaving: ExitStack) -> None:
        """Read a large body, unless too many are in memory already; a body stays in memory until its request ends."""
        if not line.enter(0):
            refuse_unread(environ, LobbyFull())
            return
        leaving.callback(line.leave)
        environ[LONGEST] = longest
        receive(environ, longest)

    def _refuse(self, environ: Environ, client: str) -> None:
        """Refuse a request because the lobby is full; read its body first if fewer than DOORSTEP bodies are being read.

        The body is not read if its client is already sending too many bodies.
        """
        if self._sends_too_many(client) or not self._doorstep.enter(0):
            refuse_unread(environ, LobbyFull())
            return
        try:
            receive(environ, self._longest)
        finally:
            self._doorstep.leave()
        environ.setdefault(REFUSAL, LobbyFull())

    def _leave(self) -> None:
        with self._mutex:
            self._present -= 1


def let_in(
    app: Flask,
    *,
    longest_for: Callable[[Flask, Environ], int] | None = None,
    longest_for_anybody: Callable[[Flask, Environ], int] | None = None,
) -> Callable[[Wsgi], Wsgi]:
    """Return the layer that puts a Lobby around the app; each `longest_for…` is called with app and environ."""
    lobby = app.extensions["lobby"] = Lobby(
        app.config["MAX_CONTENT_LENGTH"],
        by_client=not app.config["TRUSTED_PROXIES"],
        longest_for=partial(longest_for, app) if longest_for else None,
        longest_for_anybody=partial(longest_for_anybody, app) if longest_for_anybody else None,
    )
    return lambda inner: partial(lobby.serve, inner)
