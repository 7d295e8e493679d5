"""What is checked and written about every request: whether it is whole, origin, proxies, one log line."""

import logging
import re
import secrets
import time

from flask import Flask, Response, abort, g, request
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from forum.web.receiving import refuse_unreceived

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
TOKEN_IN_PATH = re.compile(r"/(r|r/confirm|welcome|demo|reset)/[A-Za-z0-9_.~-]{16,}")
log = logging.getLogger("forum.requests")


def init_app(app: Flask) -> None:
    """Install proxy handling, the cross-site refusal and the log line."""
    hops = app.config["TRUSTED_PROXIES"]
    if hops:  # only configured proxies may say who the client is (S26); Host stays ours (S39)
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]

    @app.before_request
    def refuse() -> None:
        g.started, g.reference = time.perf_counter(), secrets.token_hex(4)
        # A strange Host comes first: no page has an address there, not even that of an error.
        if isinstance(request.routing_exception, SecurityError):
            raise request.routing_exception
        refuse_unreceived()
        if "\0" in request.path:  # no address of ours, and PostgreSQL refuses it in a value
            abort(404)
        if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") == "cross-site":
            abort(403)

    @app.after_request
    def write_line(response: Response) -> Response:
        log.info(_line(response))  # forum.logs makes the fields of it
        return response


def redacted(path: str) -> str:
    """Return the path without any personal token (S22, S45)."""
    return TOKEN_IN_PATH.sub(lambda match: f"/{match[1]}/***", path)


def _line(response: Response) -> dict[str, object]:
    started = getattr(g, "started", None)
    return {
        "event": "request",
        "reference": getattr(g, "reference", ""),
        "method": request.method,
        "path": redacted(request.path),
        "status": response.status_code,
        "ms": round((time.perf_counter() - started) * 1000, 1) if started else None,
    }
