"""Checks of each request (well-formed, from this site, through trusted proxies), and its line in the log."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote, urlencode

from flask import Flask, Request, Response, abort, g, redirect, request, url_for
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, HTTPException, NotFound, SecurityError
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix

from forum.web.cache import READING, SECONDS
from forum.web.door import HOST, is_one_of
from forum.web.layers import Wsgi
from forum.web.limits import client
from forum.web.receiving import LONGEST, refuse_unreceived

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# WSGI keys of headers such as "Content_Length"; that of the proper Content-Length is CONTENT_LENGTH. A request with
# such a header is refused. X_Forwarded_For has the same key as X-Forwarded-For, so a proxy has to drop headers with
# underscores (docs/operations.md; `forum doctor` asks).
UNDERSCORED = {"HTTP_CONTENT_LENGTH", "HTTP_CONTENT_TYPE"}
REQUEST_ID = re.compile(r"[a-z0-9._-]{8,64}")
SLOW_SECONDS = 1.0
ALIKE_REQUESTS = 300
ONE_CLIENT = (
    "the first %d requests came from one address, so all visitors share its limits:"
    " does FORUM_TRUSTED_PROXIES say how many proxies stand in front?"
)
log = logging.getLogger("forum.requests")


class Clients:
    """Warns in the log if all requests come from one network address: then all visitors share its limits (S26)."""

    def __init__(self) -> None:
        self._address, self._requests = "", 0

    def see(self, address: str) -> None:
        """Count a request of this network address, and warn once ALIKE_REQUESTS requests came from the same address.

        Counting ends for good with the warning, or with a request from a second address.
        """
        self._address = self._address or address
        if address != self._address:
            self._requests = -1
        if self._requests >= 0:
            self._requests += 1
        if self._requests == ALIKE_REQUESTS:
            self._requests = -1
            log.warning(ONE_CLIENT, ALIKE_REQUESTS)


class UnreadableRequest(BadRequest):
    """The request's header names or query can be read in two ways, so not even the error page may read them."""


class MalformedForm(BadRequest):
    """The request's body is not a readable form, or a part of the form has no name."""


class FormParser(FormDataParser):
    """Refuses malformed forms, which Werkzeug would read as empty forms, and fields without a name."""

    def parse(self, *args: Any, **options: Any) -> Any:
        """Return the stream, fields and files of the form. Raises MalformedForm."""
        self.silent = False
        try:
            stream, form, files = super().parse(*args, **options)
        except ValueError as problem:
            raise MalformedForm from problem
        if None in form or None in files:
            raise MalformedForm
        return stream, form, files


class FormRequest(Request):
    """A request that refuses malformed forms, and whose trusted host may be an IPv6 address."""

    form_data_parser_class = FormParser
    _trusted_hosts: list[str] | None = None

    @property
    def trusted_hosts(self) -> list[str] | None:
        """The hosts with which Werkzeug compares the Host header; None if the header is a trusted IPv6 address.

        Werkzeug cuts each trusted host at its first colon, so it would not recognise an IPv6 address.
        """
        host = self.environ.get("HTTP_HOST", "")
        if host.startswith("[") and is_one_of(self._trusted_hosts or (), host):
            return None
        return self._trusted_hosts

    @trusted_hosts.setter
    def trusted_hosts(self, hosts: list[str] | None) -> None:
        self._trusted_hosts = hosts


def trust_proxies(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """Believe only configured proxies about a client's address (S26), none about the Host (S39); a layer of the app."""
    if hops := app.config["TRUSTED_PROXIES"]:
        return partial(ProxyFix, x_for=hops, x_proto=hops, x_host=0)
    return None


def refuse_and_log(app: Flask) -> None:
    """Refuse malformed requests and those from another site's page, and log every request (a layer of the app)."""
    app.request_class = FormRequest
    app.before_request(refuse)
    clients = Clients()

    @app.after_request
    def write_line(response: Response) -> Response:
        line = _line(response)
        # `line` is a dict: forum.logs writes its items as the fields of the log line.
        log.log(_level(line), line)
        if app.view_functions.get(request.endpoint or "") in SECONDS:
            # The response becomes a cached page for many requests, so it must not carry the ID of this request.
            return response
        response.headers["X-Request-ID"] = g.get("reference", "")
        if app.config["PRODUCTION"]:
            clients.see(client())
        return response


def lead_to_own_address(app: Flask) -> None:
    """Redirect to the URL that the site's own links to the page have (a layer of the app).

    That URL has no needless slash at its end and no empty parameters, which browsers send for empty form fields.
    """

    @app.before_request
    def redirect_to_own() -> ResponseReturnValue | None:
        if request.method not in READING:
            return None
        if isinstance(request.routing_exception, NotFound):
            return _without_last_slash()
        sent = list(request.args.items(multi=True))
        given = [(name, value) for name, value in sent if value]
        if request.endpoint and given != sent:
            return redirect(_own_path() + ("?" if given else "") + urlencode(given), 302)
        return _unless_asked_for() if app.view_functions.get(request.endpoint or "") in SECONDS else None


def _without_last_slash() -> ResponseReturnValue | None:
    """Redirect from a URL such as "/en/register/" to "/en/register" if that is a page; else return None."""
    routes = request_ctx.url_adapter
    if routes is None or not request.path.endswith("/"):
        return None
    # Browsers take the parts "." and ".." of a URL for steps between folders, so a redirect would lead elsewhere.
    if not {".", ".."}.isdisjoint(request.path.split("/")):
        return None
    try:
        endpoint, values = routes.match(request.path.rstrip("/"), method="GET")
    except HTTPException:
        return None
    query = request.query_string.decode()
    return redirect(url_for(endpoint, **values) + ("?" if query else "") + query, 308)


def _unless_asked_for() -> ResponseReturnValue | None:
    """Redirect variants of a cached page's URL, such as "///en/" and "/page/٢", which would be cached as well."""
    asked = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
    return None if unquote(_own_path()) == asked else redirect(_own_path(), 308)


def _own_path() -> str:
    return url_for(str(request.endpoint), **(request.view_args or {}))


def refuse() -> None:
    """Refuse a request that is malformed, or that another site's page has sent. Raises HTTPException."""
    g.started, g.reference = time.perf_counter(), _request_id()
    # Check for a foreign Host first: with it no URL can be built, not even for an error page.
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    refuse_unreadable_headers()
    refuse_unreceived()
    if longest := request.environ.get(LONGEST):
        request.max_content_length = longest
    if "\0" in request.path:  # no URL of the site contains NUL, and PostgreSQL refuses it in a value
        abort(404)
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def refuse_unreadable_headers() -> None:
    """Refuse an ambiguous Host, header name or query. Raises SecurityError for the Host, else UnreadableRequest."""
    if not HOST.fullmatch(request.environ.get("HTTP_HOST", "")):
        raise SecurityError("two Host lines, or a port that is no number")
    if not UNDERSCORED.isdisjoint(request.environ) or not _is_utf8(request.query_string):
        raise UnreadableRequest


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _request_id() -> str:
    """Return the request ID that the proxy gave, or else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(4)


def _level(line: dict[str, object]) -> int:
    if int(str(line["status"])) >= 500:
        return logging.ERROR
    return logging.WARNING if "slow" in line or "cause" in line else logging.INFO


def _line(response: Response) -> dict[str, object]:
    started = getattr(g, "started", None)
    seconds = time.perf_counter() - started if started else 0.0
    return {
        "event": "request",
        "method": request.method,
        "path": request.path,  # forum.logs removes tokens of personal links from the path
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        **({"slow": True} if seconds >= SLOW_SECONDS else {}),
        **g.get("cause", {}),
    }
