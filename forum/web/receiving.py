"""A body is here, whole, before its request goes on (R26).

The server hands a request over as soon as its headers are there. Reading its body then holds a thread until the client
has sent it or is gone; nothing else ends that read, and the lobby bounds how many there are.
"""

from io import BytesIO

from flask import Response, after_this_request, request
from werkzeug.exceptions import BadRequest, HTTPException, LengthRequired, RequestEntityTooLarge

from forum.web.layers import Environ

REFUSAL = "forum.refusal"  # in the WSGI environment: why the request cannot be served
DIGITS = 20  # of a Content-Length; int() refuses a number of thousands of digits


def receive(environ: Environ, longest: int) -> None:
    """Put the whole body in place of the stream, or a refusal beside it; what is longer is left to the app."""
    length = environ.get("CONTENT_LENGTH") or ""
    try:
        # A body sent in chunks has no Content-Length; no browser sends a form so.
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise LengthRequired
        if length.isdigit() and len(length) > DIGITS:
            raise RequestEntityTooLarge
        if length.isascii() and length.isdigit() and 0 < int(length) <= longest:
            body = environ["wsgi.input"].read(int(length))
            environ["wsgi.input"] = BytesIO(body)
            # The client hung up: never treat half a form as a whole one.
            if len(body) < int(length):
                raise BadRequest
    except HTTPException as refusal:
        refuse_unread(environ, refusal)


def refuse_unread(environ: Environ, refusal: HTTPException) -> None:
    """Let the app show a refusal, and nothing of a body."""
    environ.update({REFUSAL: refusal, "wsgi.input": BytesIO(), "CONTENT_LENGTH": "0"})


def refuse_unreceived() -> None:
    """End a request that cannot be served with the page of its status. Raises HTTPException.

    The client is asked to close the connection, where the rest of the body may still come.
    """
    if refusal := request.environ.get(REFUSAL):
        after_this_request(_close)
        raise refusal


def _close(response: Response) -> Response:
    response.headers["Connection"] = "close"
    return response
