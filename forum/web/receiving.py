"""Bodies are here before a request goes on, and nobody keeps the pages from others by sending slowly (R26).

The server hands a request over as soon as its headers are there. Reading its body then holds a thread until the client
has sent it or is gone; nothing else ends that read. So only some of the threads may read at the same time, and two of
those may be one client's: the others always have pages to give. A body that finds no place is refused unread.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from flask import Flask, Response, after_this_request, request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    LengthRequired,
    RequestEntityTooLarge,
    RequestTimeout,
)

from forum.web.limits import subscriber

REFUSAL = "forum.refusal"  # in the WSGI environment: why the body was not received
Environ = dict[str, Any]


class Receiver:
    """Reads bodies of at most `longest` bytes; one for a process. `by_client` when it is clients that connect."""

    PLACES = 3  # of the five threads of a process (commands/serving)
    EACH_CLIENT = 2  # many people may share an address, and one of them may be slow
    # Seconds until a place is free, for one who waits and for whoever else does: to wait holds a thread, too.
    PATIENCE, MOMENT = 0.25, 0.02
    DIGITS = 20  # of a length; Python reads no number of thousands of them

    def __init__(self, longest: int, *, by_client: bool = True) -> None:
        self._longest, self._by_client = longest, by_client
        self._changed, self._reading, self._waiting = threading.Condition(), list[str](), 0

    def receive(self, environ: Environ) -> None:
        """Put the whole body in place of the stream, or a refusal beside it; what is too long is left to the app."""
        length = environ.get("CONTENT_LENGTH") or ""
        try:
            if "HTTP_TRANSFER_ENCODING" in environ:  # of no length that is known: no browser sends a form so
                raise LengthRequired
            if length.isdigit() and len(length) > self.DIGITS:
                raise RequestEntityTooLarge
            if length.isascii() and length.isdigit() and 0 < int(length) <= self._longest:
                with self._place(subscriber(environ.get("REMOTE_ADDR", "")) if self._by_client else ""):
                    body = environ["wsgi.input"].read(int(length))
                environ["wsgi.input"] = BytesIO(body)
                if len(body) < int(length):  # cut off: half of the answers are none
                    raise BadRequest
        except HTTPException as refusal:
            environ.update({REFUSAL: refusal, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})

    @contextmanager
    def _place(self, client: str) -> Iterator[None]:
        with self._changed:
            self._waiting += 1
            patience = self.PATIENCE if self._waiting == 1 else self.MOMENT
            came = self._changed.wait_for(lambda: self._is_free(client), patience)
            self._waiting -= 1
            if not came:
                raise RequestTimeout
            self._reading.append(client)
        try:
            yield
        finally:
            with self._changed:
                self._reading.remove(client)
                self._changed.notify_all()

    def _is_free(self, client: str) -> bool:
        own = self.EACH_CLIENT if self._by_client else self.PLACES
        return len(self._reading) < self.PLACES and self._reading.count(client) < own


def refuse_unreceived() -> None:
    """End a request whose body did not arrive with the page of its status. Raises HTTPException.

    The client is asked to close the connection, where the rest of the body may still come.
    """
    if refusal := request.environ.get(REFUSAL):
        after_this_request(_close)
        raise refusal


def init_app(app: Flask) -> None:
    """Receive before requests take turns; call it after they have been put in line."""
    receiver = Receiver(app.config["MAX_CONTENT_LENGTH"], by_client=not app.config["TRUSTED_PROXIES"])
    inner = app.wsgi_app

    def received(environ: Environ, start_response: Any) -> Iterable[bytes]:
        receiver.receive(environ)
        return inner(environ, start_response)

    app.wsgi_app = received  # type: ignore[method-assign]


def _close(response: Response) -> Response:
    response.headers["Connection"] = "close"
    return response
