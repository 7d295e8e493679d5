"""Whatever is sent to any form or in any URL, the forum answers it without a server error (S17, S34, S35)."""

from itertools import cycle, islice, product
from typing import ClassVar
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict

from tests.guards.addresses import Address, addresses, readable
from tests.guards.conftest import BOTH
from tests.guards.refusals import refused_briefly
from tests.guards.test_mass_assignment import FORMS, hidden_fields
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR

ENDING = {
    "attendees.cancel",
    "attendee_undoing.reinstate",
    *("attendee_merges.merge", "attendee_merges.undo"),
    "attendees.resend",
    "waiting_list.withdraw",
    "self_service.decline",
    *("own_everything.close", "erasure_requests.carry_out", "erasure_requests.refuse"),
    *("restriction_requests.grant", "restriction_requests.decline", "restriction_requests.lift"),
    *("own_delegation.confirm", "own_delegation.forget", "own_delegation.leave", "own_delegation.replace"),
    # The fuzz adds nobody to a delegation: that would fill the sector whose form other tests of this file open.
    *("own_delegation.withdraw", "own_delegation_people.add", "own_delegation_people.correct"),
    *("invitations.withdraw", "own_invitation.accept", "own_invitation.decline", "own_invitation.forward"),
    "settings.close_sector",
    "settings.merge_sector",
    "publication.unpublish",
    "cancellation.show",
} | {
    "self_service.cancel",
    "self_service.leave",
    "accounts.sign_out",
    "own_account.end_session",
    "own_account.end_other_sessions",
}
# Forms that hash a password with argon2id, which takes long.
SLOW = {
    "accounts.sign_in",
    "own_account.confirm",
    "own_account.password",
    "accounts.reset",
    "accounts.welcome",
}
# One attack of each kind that sqlmap tries: boolean, union, error, stacked, time, comment, quoting.
INJECTIONS = (
    "' OR '1'='1",
    "1 AND 1=2 UNION SELECT NULL,NULL,NULL-- -",
    "x') OR 1=1;--",
    "'; DROP TABLE registrations;--",
    "1' AND SLEEP(5)#",
    "1);SELECT pg_sleep(5)--",
    "' AND EXTRACTVALUE(1,CONCAT(0x7e,VERSION()))--",
    '" OR ""="',
    "%' AND 1=CAST((SELECT password_hash FROM users LIMIT 1) AS INT)--",
    "name, (SELECT 1)",
    "-name;--",
    "\\",
    "%_%",
)
ODD = (
    b"",
    b"\x00",
    b"\xff\xfe\xc3\x28",
    b"\xed\xa0\x80",
    b"99999999999999999999",
    b"-1",
    b"1e309",
    b"NaN",
    b"[]",
    b"{}",
    b"../../../etc/passwd",
    "١٢٣²".encode(),
    "\u202e\U0001f9d2\ufeff".encode(),
    b"a\r\nSet-Cookie: x=1",
    b"{{7*7}}{0.__class__}%s%n",
    b"A" * 100_000,
    ("a" * 1_000 + "@").encode() * 50,
    *(text.encode() for text in INJECTIONS),
)
QUERY_NAMES = (
    *("who", "whom", "person", "only"),
    *("kind", "since", "until", "within", "chosen"),
    "of",
    "by",
    "act",
    "q",
    "sort",
    "sector",
    "status",
    "delegation",
    *("country", "organisation", "language", "tag", "consent", "invited", "answer", "import", "address"),
    "after",
    "before",
    *("page", "unanswered"),
    "lang",
    "next",
    "format",
    "shape",
    "from",
    "welcome",
    "token",
    "change",
    "view",
    "post",
    "gone",
    "reference",
    "event",
    "other",
    "kind",
    "delete",
    # Arguments of `url_for`: a page that passed all query parameters on to it would let a URL choose these.
    *("endpoint", "_anchor", "_external", "_method", "_scheme"),
)
READ_EVERYWHERE = {"lang", "next"}  # the query parameters that all pages of the console and the account read
values = st.one_of(
    st.sampled_from(ODD),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
FEW = settings(max_examples=20, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


@pytest.fixture
def forms(fresh_world) -> list[tuple[str, Address, list[str], dict[str, str]]]:
    """Return every form that can be sent repeatedly: its audience, URL, fields and hidden fields.

    The fixture requests pages, so it is made for each test under the test's frozen clock: else the person's sign-in
    would have ended.
    """
    found = []
    for address in addresses(fresh_world, (HERE,)):
        if "POST" in address.methods and address.endpoint not in ENDING | SLOW:
            audience = FORMS[address.endpoint][0]
            hidden = hidden_fields(fresh_world, audience, address.path)
            found.append(
                (
                    audience,
                    address,
                    sorted({*fields_of(fresh_world, audience, address), *FORMS[address.endpoint][1]}),
                    hidden,
                )
            )
    return found


def fields_of(world, audience: str, address: Address) -> set[str]:
    """Return the names of the fields on a page."""
    soup = BeautifulSoup(world.browsers[audience].get(address.path).data, "html.parser")
    return {element["name"] for element in soup.select("form [name]")} - {"csrf_token"}


@pytest.mark.long
@pytest.mark.slow
@FEW
@given(data=st.data())
def test_no_form_falls_over(fresh_world, forms, data):
    """Sending each form's fields repeatedly, as arrays, not at all or under other names causes no server error.

    What is sent may delete or publish something that other tests of this file open, so the test has data of its own.
    """
    seed = data.draw(
        st.lists(
            st.tuples(st.integers(0, 30), st.sampled_from(("{}", "{}[]", "{}[0]", "{}.x", "_{}")), values),
            max_size=12,
        )
    )
    for audience, address, names, hidden in forms:
        drawn = (
            [(shape.format(names[number % len(names)]), value) for number, shape, value in seed]
            if names
            else []
        )
        sent = [
            *((name, value) for name, value in drawn),
            *((name, text.encode()) for name, text in hidden.items()),
        ]
        body = "&".join(f"{quote(name)}={quote_from_bytes(value)}" for name, value in sent)
        answer = fresh_world.browsers[audience].post(
            address.path, data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code < 500, f"{address.path}: {[(name, value[:60]) for name, value in drawn]}"
    # Control: the person's session still works.
    assert fresh_world.browsers[PERSON].get("/en/r/").status_code == 200
    assert fresh_world.browsers[ADMIN].get("/account/").status_code == 200


@pytest.mark.parametrize("endpoint", sorted(ENDING | SLOW))
def test_forms_that_end_something_or_cost_time_do_not_fall_over(fresh_world, endpoint):
    (address,) = [found for found in addresses(fresh_world, (HERE,)) if found.endpoint == endpoint]
    audience, fields, *_rest = FORMS[endpoint]
    hidden = hidden_fields(fresh_world, audience, address.path)
    for value in (ODD[1], ODD[2], ODD[15], ODD[13], INJECTIONS[0].encode()):
        body = "&".join(
            f"{name}={quote_from_bytes(value)}&{name}={quote_from_bytes(value)}&{name}[]=1" for name in fields
        )
        answer = fresh_world.browsers[audience].post(
            address.path, data=f"{body}&{urlencode(hidden)}", content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code < 500, (endpoint, value[:40])


SHAPES = {  # Odd values for each header, as WSGI passes them: each byte is one letter of a str.
    "CONTENT_LENGTH": ("", "x", "-1", "+5", "1e3", "\u00b2", "0x10", "9" * 5_000, "5,5"),
    "CONTENT_TYPE": (
        "",
        "/",
        ";",
        "text/plain; charset=\u00ff",
        "multipart/form-data; boundary*=utf-99''x",
        "=" * 5_000,
    ),
    "HTTP_ACCEPT": ("*/*;q=\u00b2", "text/html;q=nan", ",;,="),
    "HTTP_ACCEPT_ENCODING": ("br;q=x", "\u00ff", "gzip;" * 2_000),
    "HTTP_ACCEPT_LANGUAGE": ("sv;q=1e999", "\u00e5", "en;q=-1,,;", "x-" * 2_000),
    "HTTP_AUTHORIZATION": ("Basic \u00ff", "Basic e30", "Bearer", "Digest x=,", " "),
    "HTTP_COOKIE": ("=", ";;=;", "forum=\u00ff", 'a="\\3', "forum=" + "e30." * 1_000),
    "HTTP_HOST": (
        "",
        ":",
        "[",
        "[::1",
        "localhost:x",
        "localhost:99999",
        "\u00e5",
        "a,b",
        "localhost," * 500,
    ),
    "HTTP_IF_MODIFIED_SINCE": ("x", "Thu, 99 Foo 99999 00:00:00 GMT", "-1"),
    "HTTP_IF_NONE_MATCH": ("*", '"', "W/", ",,", '"\u00ff'),
    "HTTP_ORIGIN": ("null", "http://[", "\u00ff"),
    "HTTP_RANGE": ("bytes=", "bytes=9-1", "bytes=--1", "bytes=0-99999999999999999999", "x=1"),
    "HTTP_REFERER": ("http://[", "//", "\u00ff", "http://a:x/"),
    "HTTP_TRANSFER_ENCODING": ("chunked", "x", ""),
    "HTTP_USER_AGENT": ("", "\u00ff" * 100, "x" * 20_000),
    "PATH_INFO": (
        "",
        "*",
        "//",
        "///en/",
        "/en/\u00ff",
        "/en/\u00ed\u00a0\u0080",
        "/%00",
        "/\x00",
        "/en/" + "../" * 200,
    ),
    "QUERY_STRING": ("%", "%ff=%fe", "=&;", "a[" * 500, "\u00ff", "&" * 5_000),
    "REMOTE_ADDR": ("", "x", "1.2.3.4:5", "[::1]:5", "::ffff:1.2.3.4"),
    "REQUEST_METHOD": ("", "get", "BREW", "CONNECT", "\u00ff"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_no_header_falls_over(world, name):
    """Odd values of a header, sent to a page, a form (GET and POST) and a list, cause no server error."""
    token = hidden_fields(world, VISITOR, "/")["csrf_token"]
    for audience, method, path in (
        (VISITOR, "GET", "/en/"),
        (VISITOR, "GET", "/en/register/ngo"),
        (VISITOR, "POST", "/en/register/ngo"),
        (ADMIN, "GET", f"/console/{HERE}/attendees"),
    ):
        data = {"csrf_token": token} if method == "POST" else None
        for shape in SHAPES[name]:
            answer = world.browsers[audience].open(
                path, method=method, data=data, environ_overrides={name: shape}
            )
            assert answer.status_code < 500, f"{method} {path} {name}: {shape[:40]!r}"


@pytest.mark.slow
@FEW
@given(
    query=st.lists(
        st.tuples(st.sampled_from(QUERY_NAMES), st.sampled_from(("", "[]", "[x]")), values), max_size=6
    )
)
def test_no_query_falls_over(world, queried, query):
    asked = "&".join(f"{name}{shape}={quote_from_bytes(value[:5_000])}" for name, shape, value in query)
    for audience, path in queried:
        assert world.browsers[audience].get(f"{path}?{asked}").status_code < 500, f"{path}?{asked[:300]}"


@pytest.mark.parametrize("name", ["forum", "answers"])
@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "=",
        "AAAA",
        "A" * 16,
        "A" * 3_800,
        "\u00e5",
        "e30.x.y",
        ".eJwFwQEBAAAAgiD_r25IQAEA.x.x",
        "\x00",
    ],
)
def test_cookies_that_are_not_ours_are_nobodys(world, name, value):
    for path in (
        "/en/register/ngo/check",
        "/en/register/ngo?change=1",
        "/en/r/",
        "/account/sign-in",
        "/console/",
    ):
        answer = world.app.test_client().get(path, headers={"Cookie": f"{name}={value}"})
        assert answer.status_code in {200, 303, 404}, path


class Watched(ImmutableMultiDict):
    """Query parameters that record which names are read."""

    asked: ClassVar[set[str]] = set()

    def get(self, key, *rest, **more):
        self.asked.add(key)
        return super().get(key, *rest, **more)

    def getlist(self, key, *rest, **more):
        self.asked.add(key)
        return super().getlist(key, *rest, **more)

    def __getitem__(self, key):
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.asked.add(key)
        return super().__contains__(key)


def test_every_parameter_that_any_page_reads_is_tried(world, queried, monkeypatch):
    """The test fails for a parameter that a view reads and that is not fuzzed, and for a page that is not requested."""
    monkeypatch.setattr(world.app.request_class, "parameter_storage_class", Watched)
    tried = {world.app.url_map.bind("localhost").match(path)[0] for _audience, path in queried}
    reading = {}
    for audience in (VISITOR, PERSON, ADMIN):
        for address in readable(world, (HERE,)):
            Watched.asked.clear()
            world.browsers[audience].get(f"{address.path}?x=1")
            reading.setdefault(address.endpoint, set()).update(Watched.asked)
    assert {name for names in reading.values() for name in names} <= set(QUERY_NAMES)
    assert len({name for names in reading.values() for name in names}) > 5
    assert {endpoint for endpoint, names in reading.items() if names - READ_EVERYWHERE} - tried == set()


@pytest.mark.slow
def test_odd_values_in_a_path_lead_nowhere(world):
    """A URL's path with one part replaced by an odd value that exists nowhere causes no server error."""
    pieces = cycle([*(value[:300] for value in ODD if value), b"%25", b"%2e%2e", b"."])
    piece = b""
    with refused_briefly(lambda: piece):  # an error page shows its path, so render one for each odd part
        for address in addresses(world, (HERE,)):
            parts = address.path.strip("/").split("/")
            for place, piece in product(range(len(parts)), list(islice(pieces, 3))):
                path = "/" + "/".join([*parts[:place], quote_from_bytes(piece, safe=""), *parts[place + 1 :]])
                assert world.browsers[ADMIN].get(path).status_code < 500, path


@pytest.mark.parametrize("number", [2**31, 2**63, 10**30, "9" * 5_000])
def test_no_number_in_a_path_falls_over(world, number):
    """A path with a number that no row of the database can have is answered with 400 or 404."""
    tried = set()
    with refused_briefly():
        for address in addresses(world, (HERE,)):
            parts = address.path.split("/")
            for place in [place for place, part in enumerate(parts) if part.isdigit()]:
                path = "/".join([*parts[:place], str(number), *parts[place + 1 :]])
                for method in {"GET", "POST"} & address.methods:
                    answer = world.browsers[ADMIN].open(path, method=method)
                    assert answer.status_code in {400, 404}, (method, path[:100])
                tried.add(address.endpoint)
    assert {"posts.edit", "publishing.publish", "revisions.show", "outbox.retry", "news.category"} <= tried


@pytest.mark.parametrize("injection", INJECTIONS)
def test_searches_take_an_injection_as_words(fresh_world, injection):
    """An injection as a search term finds nothing and changes neither filter nor order (S34).

    The test has its own data (`fresh_world`), because other tests register people with injections as names.
    """
    browser = fresh_world.browsers[ADMIN]
    plain = rows_of(browser.get(f"/console/{HERE}/attendees").data)
    assert len(plain) > 3
    assert rows_of(browser.get(f"/console/{HERE}/attendees?{urlencode({'sort': injection})}").data) == plain
    assert rows_of(browser.get(f"/console/{HERE}/attendees?{urlencode({'after': injection})}").data) == plain
    for name in ("sector", "status"):
        assert browser.get(f"/console/{HERE}/attendees?{urlencode({name: injection})}").status_code == 404
    for page in ("attendees", "mail"):
        found = rows_of(browser.get(f"/console/{HERE}/{page}?{urlencode({'q': injection})}").data)
        assert found == [], page


def rows_of(page: bytes) -> list[str]:
    """Return the texts of the rows of the searched table; a table of messages to many people is left out."""
    soup = BeautifulSoup(page, "html.parser")
    return [" ".join(row.get_text(" ").split()) for row in soup.select("main tbody tr:not(.mailings tr)")]
