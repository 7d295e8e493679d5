"""A cached page: its responses in each encoding are made once, so that answering a request is only a lookup."""

import gzip
import hashlib
import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import brotli

Headers = list[tuple[str, str]]
# The most characters of Accept-Encoding that are parsed, more than any browser sends. With a longer header the client
# gets the page uncompressed.
LONGEST_ACCEPT_ENCODING = 200


# A page that is valid for at most so many seconds is compressed only when a client asks for an encoding.
SHORT_LIVED = 1.0
COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, quality=5),
    "gzip": partial(gzip.compress, compresslevel=6, mtime=0),
}


class Answer(NamedTuple):
    """A page in one encoding: the headers of a 200, the headers of a 304, and the body."""

    headers: Headers
    unchanged: Headers
    body: list[bytes]


class KeptPage:
    """A rendered page in each encoding, with its strong entity tags.

    A page that is valid for a moment is compressed when a client first asks for an encoding: nearly all clients ask for
    the same one, and the page is rendered again before others do.
    """

    __slots__ = ("_answers", "_body", "_headers", "_making", "_tags", "expires", "size", "version")

    def __init__(self, version: int, seconds: float, headers: Headers, body: bytes) -> None:
        """Store a page for one content version and at most `seconds`; `headers` are common to all encodings."""
        self.version, self.expires = version, time.monotonic() + seconds
        self._headers, self._body, self._making = headers, body, threading.Lock()
        tag = hashlib.sha256(body).hexdigest()[:24]
        codes = () if _is_picture(headers) else tuple(COMPRESS)
        self._tags = {code: f'"{tag}{"-" + code if code else ""}"' for code in ("", *codes)}
        plain = _answer(headers, "", self._tags[""], body)
        self._answers = {"": plain}
        if seconds > SHORT_LIVED:
            for code in codes:
                self._find_or_make(code)
        # The page's bytes, for the cache's limit: an encoding that is not made yet counts like the uncompressed page.
        self.size = sum(len(self._answers.get(code, plain).body[0]) for code in self._tags)

    def holds(self, version: int) -> bool:
        """Return whether the page is of this content version and has not expired."""
        return self.version == version and time.monotonic() < self.expires

    def give(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer a GET or HEAD with the page, or with 304 if the client has the page in any encoding."""
        accepted, held = environ.get("HTTP_ACCEPT_ENCODING", ""), environ.get("HTTP_IF_NONE_MATCH")
        code = _encoding(accepted)
        headers, unchanged, body = self._answers.get(code) or self._find_or_make(code)
        if held and self._is_among(held):
            start_response("304 Not Modified", unchanged.copy())
            return []
        start_response("200 OK", headers.copy())
        return [] if environ["REQUEST_METHOD"] == "HEAD" else body

    def _is_among(self, held: str) -> bool:
        """Return whether If-None-Match names any encoding of this page (RFC 9110, 13.1.2)."""
        tags = {part.strip().removeprefix("W/") for part in held.split(",")}
        return "*" in tags or not tags.isdisjoint(self._tags.values())

    def _find_or_make(self, code: str) -> Answer:
        """Return the page compressed in this encoding, or as it is if it is a picture, which has no other encoding.

        Of several requests that need a new encoding at once, one compresses the page, and the others wait.
        """
        if code not in self._tags:
            return self._answers[""]
        with self._making:
            if code not in self._answers:
                made = COMPRESS[code](self._body)
                self._answers[code] = _answer(self._headers, code, self._tags[code], made)
            return self._answers[code]


def _is_picture(headers: Headers) -> bool:
    """Return whether the page is a picture, whose format is compressed already."""
    return any(name.lower() == "content-type" and value.startswith("image/") for name, value in headers)


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
