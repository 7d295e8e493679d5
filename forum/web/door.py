"""What is looked at before anything else of a request that the app answers: its headers.

All headers together have a limit, so that none of them costs much, whoever reads it (S35). Kept pages and static files
are given before: they read next to nothing of the headers, which the server itself bounds (commands/serving). A host's
name is the same in capitals (RFC 9110, 4.2.3).
"""

import re
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.exceptions import RequestHeaderFieldsTooLarge

from forum.web.layers import Environ, Wsgi
from forum.web.receiving import refuse_unread

# A Host header: a name, or an IPv6 address in brackets, and a port.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:,\s]+)(:[0-9]*)?")
LONGEST = 16 * 1024  # of all header lines together: a browser keeps at most 4 kB in a cookie


def refuse_long_headers(app: Flask) -> Callable[[Wsgi], Wsgi]:
    """The layer of the door; a refusal's page waits for nothing."""
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
    """Whether a Host header is one of the names, in capitals (RFC 9110, 4.2.3) or with a port."""
    parts = HOST.fullmatch(host)
    return parts is not None and parts[1].lower() in hosts


def _length(name: str, value: Any) -> int:
    return len(name) + len(value) if name.startswith("HTTP_") else 0
