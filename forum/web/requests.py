"""What is checked and written about every request: whether it is whole, origin, proxies, one log line."""

import logging
import re
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

from flask import Flask, Request, Response, abort, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, SecurityError
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix

from forum.web.cache import SECONDS
from forum.web.door import HOST, is_one_of
from forum.web.layers import Wsgi
from forum.web.limits import client
from forum.web.receiving import refuse_unreceived

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
# What the server makes of "Content_Length": it gives the proper header another name. It gives X_Forwarded_For the name
# of X-Forwarded-For, so a proxy has to drop such headers (docs/operations.md).
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
    """Notices that every request comes from one address: then limits hold for everybody together (S26)."""

    def __init__(self) -> None:
        self._address, self._requests = "", 0

    def see(self, address: str) -> None:
        """Count a request, until there is a second address or the warning is given."""
        self._address = self._address or address
        if address != self._address:
            self._requests = -1
        if self._requests >= 0:
            self._requests += 1
        if self._requests == ALIKE_REQUESTS:
            self._requests = -1
            log.warning(ONE_CLIENT, ALIKE_REQUESTS)


class MalformedForm(BadRequest):
    """What was sent as a form cannot be read as one, or a part of it has no name."""


class FormParser(FormDataParser):
    """Refuses a form that no browser sends, where Werkzeug gives an empty one, or a field named None."""

    def parse(self, *args: Any, **options: Any) -> Any:
        """Return stream, fields and files. Raises MalformedForm."""
        self.silent = False
        try:
            stream, form, files = super().parse(*args, **options)
        except ValueError as problem:
            raise MalformedForm from problem
        if None in form or None in files:
            raise MalformedForm
        return stream, form, files


class FormRequest(Request):
    """A request whose form is whole, and whose host may be an IPv6 address."""

    form_data_parser_class = FormParser
    _trusted_hosts: list[str] | None = None

    @property
    def trusted_hosts(self) -> list[str] | None:
        """The hosts that Werkzeug compares Host with; None for an IPv6 address that is one of them.

        Werkzeug cuts each trusted host at its first colon, so it would find no such address among them.
        """
        host = self.environ.get("HTTP_HOST", "")
        if host.startswith("[") and is_one_of(self._trusted_hosts or (), host):
            return None
        return self._trusted_hosts

    @trusted_hosts.setter
    def trusted_hosts(self, hosts: list[str] | None) -> None:
        self._trusted_hosts = hosts


def trust_proxies(app: Flask) -> Callable[[Wsgi], Wsgi] | None:
    """The layer that lets only configured proxies say who the client is (S26); Host stays ours (S39)."""
    if hops := app.config["TRUSTED_PROXIES"]:
        return partial(ProxyFix, x_for=hops, x_proto=hops, x_host=0)
    return None


def refuse_and_log(app: Flask) -> None:
    """The layer that refuses broken, forged and foreign requests, and writes a line about each request."""
    app.request_class = FormRequest
    app.before_request(refuse)
    clients = Clients()

    @app.after_request
    def write_line(response: Response) -> Response:
        line = _line(response)
        log.log(_level(line), line)  # forum.logs makes the fields of it
        if app.view_functions.get(request.endpoint or "") in SECONDS:
            # A page that may be kept is the same for every request, so it gets no header of this one.
            return response
        response.headers["X-Request-ID"] = g.get("reference", "")
        if app.config["PRODUCTION"]:
            clients.see(client())
        return response


def lead_to_own_address(app: Flask) -> None:
    """The layer that redirects to the address that our links have to a kept page.

    Else "///en/" and "/page/٢" would be kept beside "/en/" and "/page/2".
    """

    @app.before_request
    def redirect_to_own() -> ResponseReturnValue | None:
        if app.view_functions.get(request.endpoint or "") not in SECONDS:
            return None
        own = url_for(str(request.endpoint), **(request.view_args or {}))
        asked = request.environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        return None if unquote(own) == asked else redirect(own, 308)


def refuse() -> None:
    """End a request that is broken, forged or sent by another site's page. Raises HTTPException."""
    g.started, g.reference = time.perf_counter(), _request_id()
    # A strange Host comes first: no page has an address there, not even that of an error.
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    refuse_unreadable_headers()
    refuse_unreceived()
    if "\0" in request.path:  # no address of ours, and PostgreSQL refuses it in a value
        abort(404)
    if request.method not in SAFE_METHODS and request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)


def refuse_unreadable_headers() -> None:
    """End a request whose Host, header names or query can be read in two ways. Raises BadRequest."""
    if not HOST.fullmatch(request.environ.get("HTTP_HOST", "")):
        raise SecurityError("two Host lines, or a port that is no number")
    if not UNDERSCORED.isdisjoint(request.environ) or not _is_utf8(request.query_string):
        raise BadRequest


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _request_id() -> str:
    """Return what the proxy calls this request, or a name of our own."""
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
        "path": request.path,  # forum.logs cuts links out of it
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        **({"slow": True} if seconds >= SLOW_SECONDS else {}),
        **g.get("cause", {}),
    }
