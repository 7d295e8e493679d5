"""Reads a request's whole body before the request goes on (R26).

The server passes a request on as soon as its headers have arrived. Reading the body then holds a thread until the
client has sent it or has hung up; nothing else ends that read, and web/lobby.py limits how many threads read.
"""

from io import BytesIO

from flask import Response, after_this_request, request
from werkzeug.exceptions import BadRequest, HTTPException, LengthRequired, RequestEntityTooLarge

from forum.web.layers import Environ

# Key in the WSGI environment for the most bytes of this request's body, if that is not the usual limit.
LONGEST = "forum.longest_body"
REFUSAL = "forum.refusal"  # key in the WSGI environment for the error with which the request is refused
DIGITS = 20  # the most digits of a Content-Length that is read: int() fails for thousands of digits


def receive(environ: Environ, longest: int) -> None:
    """Read the request's whole body into memory, or store a refusal; the app itself refuses too long bodies."""
    length = environ.get("CONTENT_LENGTH") or ""
    try:
        # Refuse a chunked body, which has no Content-Length: no browser sends a form in chunks.
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise LengthRequired
        if length.isdigit() and len(length) > DIGITS:
            raise RequestEntityTooLarge
        if is_number(length) and 0 < int(length) <= longest:
            body = environ["wsgi.input"].read(int(length))
            environ["wsgi.input"] = BytesIO(body)
            # The client hung up: never treat half a form as a whole one.
            if len(body) < int(length):
                raise BadRequest
    except HTTPException as refusal:
        refuse_unread(environ, refusal)


def is_number(length: str) -> bool:
    """Return whether a Content-Length is a number, and short enough for `int`."""
    return length.isascii() and length.isdigit() and len(length) <= DIGITS


def refuse_unread(environ: Environ, refusal: HTTPException) -> None:
    """Make the app answer a request with the error page for `refusal`, without reading the body."""
    environ.update({REFUSAL: refusal, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})


def refuse_unreceived() -> None:
    """End a request that was refused before it reached the app, with the page of its status. Raises HTTPException.

    The answer asks the client to close the connection, because the rest of the body may still arrive on it.
    """
    if refusal := request.environ.get(REFUSAL):
        after_this_request(_close)
        raise refusal


def _close(response: Response) -> Response:
    response.headers["Connection"] = "close"
    return response
