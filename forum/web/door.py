"""The check of a request's headers, which comes before everything else that the app does with a request.

The total length of all headers is limited, so that no header takes long, whichever code reads it (S35). Cached pages
and static files are answered before this check: they read almost none of the headers, and the server itself limits
their length (commands/serving). The Host header is put in lower case, because host names are not case-sensitive (RFC
9110, 4.2.3).
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.exceptions import RequestHeaderFieldsTooLarge

from forum.web.layers import Environ, Wsgi
from forum.web.receiving import refuse_unread

# Matches a Host header: a name, or an IPv6 address in brackets, and a port.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:,\s]+)(:[0-9]*)?")
# The most characters of all headers together; for comparison, a browser keeps at most 4 kB in a cookie.
LONGEST = 16 * 1024


def refuse_long_headers(app: Flask) -> Callable[[Wsgi], Wsgi]:
    """Return the layer of the app that refuses requests with too long headers, without letting them wait."""
    return lambda inner: partial(_enter, app, inner)


def _enter(app: Flask, inner: Wsgi, environ: Environ, start_response: Any) -> Iterable[bytes]:
    if sum(map(_length, environ, environ.values())) > LONGEST:
        bare = {name: value for name, value in environ.items() if not name.startswith("HTTP_")}
        bare["HTTP_HOST"] = environ.get("HTTP_HOST", "")[:LONGEST].lower()
        refuse_unread(bare, RequestHeaderFieldsTooLarge())
        return Flask.wsgi_app(app, bare, start_response)
    if "HTTP_HOST" in environ:
        environ["HTTP_HOST"] = environ["HTTP_HOST"].lower()
    return inner(environ, start_response)


def is_one_of(hosts: Collection[str], host: str) -> bool:
    """Return whether a Host header is one of these hosts, in any case (RFC 9110, 4.2.3), with or without a port."""
    parts = HOST.fullmatch(host)
    return parts is not None and parts[1].lower() in hosts


def _length(name: str, value: Any) -> int:
    return len(name) + len(value) if name.startswith("HTTP_") else 0
