"""A public page is the same for everybody, whatever a client sends besides the URL (S08, S14, P17).

A cached page is given to every reader. If a cookie or header could change the page, its sender could put words into
what others read.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Response, flash, get_flashed_messages, request, session
from werkzeug.test import TestResponse

from forum.accounts import sign_ins
from forum.accounts.access import AUDIENCES, Face
from forum.columns import digest
from forum.registration import own_sign_in
from forum.web import cache
from forum.web.languages import NAMES
from tests.factories.events import NOW
from tests.guards.addresses import readable
from tests.guards.world import ADMIN, PERSON, World

STRANGE = "STRANGERS-WORDS"
HEADERS = {
    "Accept": "application/json",
    "Accept-Language": "fi, sv;q=0.1, en;q=0.1",
    "Authorization": f"Bearer {STRANGE}",
    "Cache-Control": "no-cache",
    "Cookie2": STRANGE,
    "Forwarded": f"for={STRANGE};proto=ftp",
    "Origin": f"https://{STRANGE}.example",
    "Range": "bytes=0-9",
    "Referer": f"https://{STRANGE}.example/",
    "Sec-Fetch-Site": "cross-site",
    "User-Agent": STRANGE,
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "ftp",
    "X-Forwarded-Prefix": f"/{STRANGE}",
    "X-HTTP-Method-Override": "DELETE",
    "X-Script-Name": f"/{STRANGE}",
}


@pytest.fixture
def public(world) -> list[str]:
    """Return the URLs of all public pages in every language."""
    return [
        address.path
        for lang in NAMES
        for address in readable(world, lang=lang)
        if AUDIENCES[address.endpoint] in {Face.PUBLIC, Face.MACHINE}
    ]


@pytest.fixture
def stranger(world) -> dict[str, str]:
    """Give the headers of a browser whose session has a message, a sign-in and a personal link."""
    client = world.app.test_client()
    with client.session_transaction() as kept:
        kept["_flashes"] = [("warning", STRANGE)]
        kept[sign_ins.TOKEN], kept[sign_ins.LANGUAGE] = world.tokens[ADMIN], "sv"
        link = {"link": digest(world.tokens[PERSON]), "number": STRANGE}
        kept[own_sign_in.KEY] = {**link, "began": NOW.timestamp(), "seen": NOW.timestamp()}
        kept["csrf_token"] = STRANGE
    cookie = client.get_cookie("forum")
    return {
        **HEADERS,
        "Cookie": f"forum={cookie.value}; words={STRANGE}; kept={STRANGE}; lang={STRANGE}",
    }


def differing(world: World, stranger: dict[str, str], path: str) -> Iterator[str]:
    """Request a page with the stranger's headers and without, in both orders; yield each order whose answers differ."""
    varies = {name.lower() for name in _get(world, path, {}).vary}
    told = {name: value for name, value in stranger.items() if name == "Cookie" or name.lower() not in varies}
    for order in ({"stranger": told, "reader": {}}, {"reader": {}, "stranger": told}):
        world.app.extensions["page_cache"].clear()
        first, second = (_get(world, path, headers) for headers in order.values())
        if (first.status_code, sorted(first.headers), first.data) != (
            second.status_code,
            sorted(second.headers),
            second.data,
        ):
            statuses, differ = (first.status_code, second.status_code), {*first.headers} ^ {*second.headers}
            yield f"{path}: {next(iter(order))} first: {statuses} {sorted(differ)} {first.data != second.data}"
        elif STRANGE in first.get_data().decode(errors="replace") + str(first.headers):
            yield f"{path}: a stranger's words, {next(iter(order))} first"


def _get(world: World, path: str, headers: dict[str, str]) -> TestResponse:
    answer = world.app.test_client(use_cookies=False).get(path, headers=headers)
    # Do not compare the Date of files: the second request may come a second later.
    answer.headers.pop("Date", None)
    # The request ID differs with each request; cached pages do not have this header.
    if answer.headers.pop("X-Request-ID", None):
        assert path not in world.app.extensions["page_cache"]._pages
    return answer


def test_no_public_page_knows_who_asks(world, public, stranger):
    assert len(public) > 50
    assert [order for path in public for order in differing(world, stranger, path)] == []


def _with_accept_language() -> Response:
    response = Response("words")
    response.vary.add("Accept-Language")
    return response


VIEWS: dict[str, Callable[[], Any]] = {
    "shows a message": lambda: str(get_flashed_messages()),
    "looks into the session": lambda: str(session.get(sign_ins.LANGUAGE)),
    "repeats a header": lambda: request.headers.get("Referer", ""),
}
REFUSED: dict[str, Callable[[], Any]] = {
    **VIEWS,
    "writes into the session": lambda: flash("words") or "words",
    "differs by a header": _with_accept_language,
}


def kept_view(does: Callable[[], Any]) -> Callable[[], Any]:
    """Return a cacheable copy of a Flask view. The view itself stays as it is: other tests need it without the mark."""

    def same() -> Any:
        return does()

    return cache.page()(same)


@pytest.mark.parametrize("does", VIEWS)
def test_a_page_that_knows_who_asks_is_found(world, stranger, monkeypatch, does):
    """Control: `differing` finds a page that is not cached and depends on the session or a header."""
    monkeypatch.setitem(world.app.view_functions, "registration.choose", VIEWS[does])
    path = "/en/register"
    found = [line.split(": ")[:2] for line in differing(world, stranger, path)]
    assert found == [[path, "stranger first"], [path, "reader first"]]


@pytest.mark.parametrize("does", sorted(REFUSED.keys() - {"repeats a header"}))
def test_a_view_whose_answer_depends_on_a_reader_is_not_kept(world, monkeypatch, does):
    monkeypatch.setitem(world.app.view_functions, "registration.choose", kept_view(REFUSED[does]))
    kept = world.app.extensions["page_cache"]
    kept.clear()
    with pytest.raises(cache.ImpurePage):
        _get(world, "/en/register", {})
    assert kept._pages == {}


def test_a_header_does_not_reach_a_view_that_is_kept(world, stranger, monkeypatch):
    view = kept_view(VIEWS["repeats a header"])
    monkeypatch.setitem(world.app.view_functions, "registration.choose", view)
    assert list(differing(world, stranger, "/en/register")) == []


def test_an_impure_page_is_answered_unkept_and_logged_where_nobody_tests(
    world, stranger, monkeypatch, caplog
):
    monkeypatch.setitem(world.app.view_functions, "registration.choose", kept_view(VIEWS["shows a message"]))
    monkeypatch.setitem(world.app.config, "TESTING", False)
    kept = world.app.extensions["page_cache"]
    kept.clear()
    answer = _get(world, "/en/register", stranger)
    assert (STRANGE in answer.text, kept._pages) == (True, {})
    assert "ImpurePage" in caplog.text
