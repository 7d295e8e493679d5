"""How many requests of a process may wait, whatever they wait for (R26).

A thread is held while a body comes slowly, while somebody else writes to the database, while a page is made and until
the last client has taken its export. So every request that may wait stands in the lobby, which is smaller than the
number of threads (commands/serving): what is answered at once, a kept page, a static file or whether the process
lives, always finds a thread. Who finds the lobby full is told to come back, and gets the answers of a form
kept where its body could be read.
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
from forum.web.receiving import REFUSAL, receive, refuse_unread

ANSWERED_AT_ONCE = {"/healthz", "/livez"}
FOR_BALANCERS = "/readyz"


class LobbyFull(ServiceUnavailable):
    """More requests wait than a process has room for."""


class Start:
    """A `start_response` that knows whether the answer is whole, by its length."""

    def __init__(self, start_response: Any) -> None:
        self._start_response, self.is_whole = start_response, False

    def __call__(self, status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        self.is_whole = any(name.lower() == "content-length" for name, _ in headers)
        return self._start_response(status, headers, *rest)


class Lobby:
    """Lets requests through to an app; one for a process."""

    # Threads of the process. Those beyond PRESENT serve what never waits: static files, kept pages, /livez.
    THREADS = 144
    PRESENT = 112  # requests that may be held at once
    SERVED = 96  # of these, how many the app may handle at once; the others wait, their bodies read
    # When PRESENT are held: how many more bodies are read, so that the page of the refusal can keep a form's answers.
    DOORSTEP = 12
    # Bodies of one client that may be on their way at once: forty people may share an address.
    SLOW = 48
    PATIENCE = 2.0  # seconds that a request waits to be one of SERVED
    # Requests for /readyz that are let in beside PRESENT: a balancer must not remove a process for being busy.
    ASKING = 4

    def __init__(self, longest: int, *, by_client: bool = True) -> None:
        """Read bodies of at most `longest` bytes; `by_client` when it is clients that connect, and no proxy."""
        self._longest, self._by_client = longest, by_client
        self._mutex, self._line = threading.Lock(), Line(self.SERVED)
        self._asking, self._doorstep = Line(self.ASKING), Line(self.DOORSTEP)
        self._present, self._unread = 0, Counter[str]()

    def serve(self, app: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Answer with the app, once the body is here and others have gone; the app shows why that cannot be."""
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
            self._receive(environ, client)
            if self._line.enter(self.PATIENCE):
                leaving.callback(self._line.leave)
            else:
                environ[REFUSAL] = LobbyFull()
            start = Start(start_response)
            answer = app(environ, start)
            # The server sends a whole response itself, so its place is free now; a streamed one keeps it to its end.
            return answer if start.is_whole else ClosingIterator(answer, leaving.pop_all().close)

    def _sender(self, environ: Environ) -> str:
        """Return who sends a body; "" when there is none, or a proxy sends everybody's."""
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
        """Whether as many of the client's bodies as may be are not here yet."""
        return bool(client) and self._unread[client] >= self.SLOW

    def _receive(self, environ: Environ, client: str) -> None:
        try:
            receive(environ, self._longest)
        finally:
            with self._mutex:
                self._unread[client] -= 1
                if not self._unread[client]:
                    del self._unread[client]

    def _refuse(self, environ: Environ, client: str) -> None:
        """Say that there is no room, with the body in hand where there is a thread to read it.

        A client that sends too many bodies slowly gets none of these threads.
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


def let_in(app: Flask) -> Callable[[Wsgi], Wsgi]:
    """The layer of the app's lobby."""
    lobby = app.extensions["lobby"] = Lobby(
        app.config["MAX_CONTENT_LENGTH"], by_client=not app.config["TRUSTED_PROXIES"]
    )
    return lambda inner: partial(lobby.serve, inner)
