"""A cached page: its responses in each encoding are made once, so that answering a request is only a lookup."""

import gzip
import hashlib
import time
from functools import lru_cache
from typing import Any, NamedTuple

import brotli

Headers = list[tuple[str, str]]
# The most characters of Accept-Encoding that are parsed, more than any browser sends. With a longer header the client
# gets the page uncompressed.
LONGEST_ACCEPT_ENCODING = 200


class Answer(NamedTuple):
    """A page in one encoding: the headers of a 200, the headers of a 304, and the body."""

    headers: Headers
    unchanged: Headers
    body: list[bytes]


class KeptPage:
    """A rendered page in each encoding, with its strong entity tags."""

    __slots__ = ("_answers", "_tags", "expires", "size", "version")

    def __init__(self, version: int, seconds: float, headers: Headers, body: bytes) -> None:
        """Store a page for one content version and at most `seconds`; `headers` are common to all encodings."""
        self.version, self.expires = version, time.monotonic() + seconds
        bodies = _compressed(headers, body) | {"": body}
        self.size = sum(map(len, bodies.values()))
        tag = hashlib.sha256(body).hexdigest()[:24]
        tags = {code: f'"{tag}{"-" + code if code else ""}"' for code in bodies}
        self._tags = frozenset(tags.values())
        self._answers = {code: _answer(headers, code, tags[code], bodies[code]) for code in bodies}

    def holds(self, version: int) -> bool:
        """Return whether the page is of this content version and has not expired."""
        return self.version == version and time.monotonic() < self.expires

    def give(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer a GET or HEAD with the page, or with 304 if the client has the page in any encoding."""
        accepted, held = environ.get("HTTP_ACCEPT_ENCODING", ""), environ.get("HTTP_IF_NONE_MATCH")
        headers, unchanged, body = self._answers.get(_encoding(accepted)) or self._answers[""]
        if held and self._is_among(held):
            start_response("304 Not Modified", unchanged.copy())
            return []
        start_response("200 OK", headers.copy())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

    def _is_among(self, held: str) -> bool:
        """Return whether If-None-Match names any encoding of this page (RFC 9110, 13.1.2)."""
        tags = {part.strip().removeprefix("W/") for part in held.split(",")}
        return "*" in tags or not tags.isdisjoint(self._tags)


def _compressed(headers: Headers, body: bytes) -> dict[str, bytes]:
    """Return the body compressed in each encoding; {} for a picture, whose format is compressed already."""
    if any(name.lower() == "content-type" and value.startswith("image/") for name, value in headers):
        return {}
    return {"br": brotli.compress(body, quality=5), "gzip": gzip.compress(body, 6, mtime=0)}


def _answer(headers: Headers, code: str, tag: str, body: bytes) -> Answer:
    told = [*headers, ("ETag", tag), ("Vary", "Accept-Encoding")]
    encoded = [("Content-Encoding", code)] if code else []
    return Answer(
        [*told, *encoded, ("Content-Length", str(len(body)))],
        [pair for pair in told if pair[0].lower() != "content-type"],
        [body],
    )


def _encoding(accepted: str) -> str:
    return _best(accepted) if len(accepted) <= LONGEST_ACCEPT_ENCODING else ""


@lru_cache(maxsize=256)
def _best(accepted: str) -> str:
    """Return the client's accepted encoding that compresses best; "" if the client accepts none."""
    return next((code for code in ("br", "gzip") if _accepts(accepted, code)), "")


def _accepts(header: str, code: str) -> bool:
    """Return whether the client accepts the encoding; "br;q=0" refuses it (RFC 9110, 12.5.3)."""
    for part in header.split(","):
        name, _, weight = part.strip().partition(";")
        if name.strip().lower() == code:
            return weight.replace(" ", "").lower() not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
