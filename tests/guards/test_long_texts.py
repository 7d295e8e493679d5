"""The length of a text is checked before it is normalised, which takes quadratic time for some texts (S35).

`unicodedata.normalize` sorts combining marks slowly and stops all other threads of the process meanwhile. The tests
record the longest text that any code gives to it.
"""

import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
from werkzeug.exceptions import HTTPException

from forum.accounts import passwords
from forum.commands.serving import HEADER_BYTES
from forum.web import door, forms
from tests.guards.addresses import addresses, readable
from tests.guards.test_fuzz import QUERY_NAMES, fields_of
from tests.guards.test_mass_assignment import FORMS, hidden_fields
from tests.guards.world import ADMIN, HERE, VISITOR

MARKS = sorted(
    (chr(code) for code in range(0x300, 0x1E950) if unicodedata.combining(chr(code))),
    key=unicodedata.combining,
    reverse=True,
)
ALLOWED = forms.LONGEST


def worst(size: int) -> str:
    """Return a letter with `size` bytes of combining marks in reverse order, the worst case for normalising."""
    share = size // sum(len(mark.encode()) for mark in MARKS)
    return "a" + "".join(mark * share for mark in MARKS)


@pytest.fixture
def lengths(monkeypatch) -> list[int]:
    """Collect the lengths of all texts that are normalised from now on."""
    seen: list[int] = []
    normalize = unicodedata.normalize

    def counted(form: str, text: str) -> str:
        seen.append(len(text))
        return normalize(form, text[:ALLOWED])  # cut the text, so that a failing test does not take very long

    monkeypatch.setattr(unicodedata, "normalize", counted)
    return seen


@pytest.mark.slow
def test_no_field_normalises_a_text_of_any_length(fresh_world, lengths):
    """A text of nearly the longest body is refused before it is normalised, in each field of each form in turn."""
    text, tried = worst(240_000), 0
    for address in addresses(fresh_world, (HERE,)):
        if "POST" not in address.methods:
            continue
        audience, valid, *_rest = FORMS[address.endpoint]
        hidden = hidden_fields(fresh_world, audience, address.path)
        for name in {*valid, *fields_of(fresh_world, audience, address)}:
            sent = {**valid, **hidden, name: text}
            answer = fresh_world.browsers[audience].post(
                address.path, data=sent, content_type="multipart/form-data"
            )
            assert answer.status_code < 500, (address.path, name)
            assert max(lengths, default=0) <= ALLOWED, (address.path, name)
            tried += 1
    assert tried > 40
    assert lengths  # control: the test does record the texts that are normalised


@pytest.mark.long
@pytest.mark.slow
def test_no_address_normalises_a_text_of_any_length(world, queried, lengths):
    """No too long text in a query parameter or a variable part of a path is normalised, on any page."""
    text = worst(8_000)
    for audience, path in queried:
        # Send the search term `q` alone, too: an invalid filter would end the search before `q` is read.
        for names in (
            ["q"],
            set(QUERY_NAMES) - {"q"},
        ):
            world.browsers[audience].get(path, query_string=dict.fromkeys(names, text))
    for path in sorted(
        {path for address in readable(world, (HERE,)) for path in replaced(world, address, text)}
    ):
        world.browsers[ADMIN].get(path)
    assert 0 < max(lengths) <= ALLOWED


def replaced(world, address, text: str) -> Iterator[str]:
    """Yield the path with the text in place of one part after another, if the path still leads to the same view."""
    routes, pieces = world.app.url_map.bind("localhost"), address.path.split("/")
    for number in range(1, len(pieces)):
        path = "/".join([*pieces[:number], "zq", *pieces[number + 1 :]])
        with suppress(HTTPException):
            if routes.match(path)[0] == address.endpoint:
                yield "/".join([*pieces[:number], quote(text), *pieces[number + 1 :]])


@pytest.mark.parametrize("check", [passwords.refuse_if_weak, passwords.hashed])
def test_no_password_of_any_length_is_normalised(app, lengths, check):
    """Commands set passwords without a form, so the functions for passwords must check the length themselves."""
    with app.app_context(), pytest.raises(passwords.TooLong):
        check(worst(250_000))
    assert max(lengths, default=0) <= ALLOWED


HEADERS = {  # the headers whose parsing may be expensive
    "Accept": 'a/b;q="',
    "Accept-Encoding": "br;q=0,",
    "Accept-Language": "a,",
    "Authorization": 'Digest a="',
    "Cookie": 'a="\\101"; ',
    "Forwarded": "for=1,",
    "If-Match": '"a",',
    "If-Modified-Since": "Sun, ",
    "If-None-Match": '"a",',
    "If-Range": "(",
    "Origin": "http://[",
    "Range": "bytes=0-1,",
    "Referer": "http://[%",
    "User-Agent": "(",
    "X-Forwarded-For": "1,",
    "X-Forwarded-Host": "a.b,",
    "X-Request-ID": "a",
}
# How many function calls a longer header may add: enough for linear work. Without a limit a header could add a million.
DEARER = 40_000


# URLs that the app answers and no cache does: a redirect, a 404, a form, a search.
ANSWERED_BY_APP = ("/", "/nope", "/en/register/ngo", "/en/news/search?q=a")


@pytest.fixture(scope="module")
def ready(world) -> list[str]:
    """Give URLs of a cached page, a cached feed and a static file, which are served without a call of the app."""
    with world.app.app_context():
        style = world.app.jinja_env.globals["static_url"]("css/app.css")
    return ["/en/", "/en/news/feed.atom", style]


def calls(world, path: str, headers: dict[str, str]) -> int:
    """Return the number of function calls for a request of a new browser."""
    count, browser = 0, world.app.test_client(use_cookies=False)

    def called(_frame, event, _argument) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        answer = browser.get(path, environ_overrides=headers)
    finally:
        sys.setprofile(None)
    assert answer.status_code in {200, 302, 404}, path
    return count


def test_no_header_costs_more_than_its_length_allows(world, ready):
    """Headers of the maximum length, and beyond it, are tried; function calls are counted instead of time."""
    limits = dict.fromkeys(ANSWERED_BY_APP, door.LONGEST) | dict.fromkeys(ready, 2 * HEADER_BYTES)
    for path, longest in limits.items():
        calls(world, path, {})
        plain = calls(world, path, {})
        for name, part in HEADERS.items():
            sent = {f"HTTP_{name.upper().replace('-', '_')}": part * ((longest - 500) // len(part))}
            assert calls(world, path, sent) - plain < DEARER, (path, name)


LONG_HEADERS = ({"X-A": "a" * door.LONGEST}, {f"X-{number}": "a" * 1000 for number in range(17)})


@pytest.mark.parametrize("headers", LONG_HEADERS, ids=["one", "many"])
def test_longer_headers_are_refused_wherever_the_app_would_answer(world, headers):
    for path in ANSWERED_BY_APP:
        answer = world.browsers[VISITOR].get(path, headers=headers)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (431, "no-store"), path
        assert world.browsers[VISITOR].get(path, headers={"X-A": "a" * 9000}).status_code != 431, path


@pytest.mark.parametrize("headers", LONG_HEADERS, ids=["one", "many"])
def test_longer_headers_are_not_looked_at_for_what_is_ready(world, ready, headers):
    """Headers above the limit change no cached page, not even when the page is rendered for the cache."""
    world.app.extensions["page_cache"].clear()
    for path in ready:
        answer, plain = (world.browsers[VISITOR].get(path, headers=sent) for sent in (headers, {}))
        assert (answer.status_code, answer.data) == (200, plain.data), path
