"""The page cache gives the exact pages, compressed, renders once for simultaneous requests, and is bounded in size."""

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import brotli
import pytest
from flask import request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from forum import clock
from forum.database import start_write
from forum.events.versions import content_changed
from forum.extensions import db
from forum.web import kept_page
from tests.factories.events import make_event, make_page
from tests.factories.news import make_post


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(app):
    with app.app_context():
        yield make_event()


@pytest.fixture
def renders(app, event, monkeypatch):
    """Collect the paths of requests that the cache has passed on to Flask."""
    seen, dispatch = [], app.full_dispatch_request

    def counting(*args):
        seen.append(request.path)
        return dispatch(*args)

    monkeypatch.setattr(app, "full_dispatch_request", counting)
    return seen


def raise_version():
    start_write(db.session)
    content_changed(db.session)
    db.session.commit()


def test_a_page_is_rendered_once_per_version(app, renders):
    client = app.test_client()
    bodies = [client.get("/en/news/").data for _ in range(3)]
    raise_version()
    client.get("/en/news/")
    assert (len(set(bodies)), renders) == (1, ["/en/news/"] * 2)


def test_a_change_in_another_process_is_seen_at_once(app, renders, make_app, database_url):
    client = app.test_client()
    client.get("/en/news/")
    other = make_app(database_url)
    with other.app_context():
        raise_version()
    client.get("/en/news/")
    assert len(renders) == 2


def test_a_page_comes_compressed_with_a_tag_of_its_own(app, renders):
    client = app.test_client()
    plain = client.get("/en/news/")
    packed = client.get("/en/news/", headers={"Accept-Encoding": "gzip, br"})
    refused = client.get("/en/news/", headers={"Accept-Encoding": "br;q=0, gzip"})
    assert brotli.decompress(packed.data) == plain.data
    assert [answer.headers.get("Content-Encoding") for answer in (plain, packed, refused)] == [
        None,
        "br",
        "gzip",
    ]
    assert len({answer.headers["ETag"] for answer in (plain, packed, refused)}) == 3


@pytest.mark.parametrize(("path", "before"), [("/en/", []), ("/en/news/", ["br", "gzip"])])
def test_a_page_with_seats_is_compressed_once_somebody_asks(app, event, renders, monkeypatch, path, before):
    """A page that is valid for a second is compressed for the encodings that are asked for, any other page for all."""
    made, pack = [], dict(kept_page.COMPRESS)
    for code in pack:
        monkeypatch.setitem(
            kept_page.COMPRESS, code, lambda body, code=code: made.append(code) or pack[code](body)
        )
    client = app.test_client()
    plain = client.get(path).data
    assert (made, len(renders)) == (before, 1)
    packed = [client.get(path, headers={"Accept-Encoding": "gzip"}).data for _ in range(2)]
    assert ([gzip.decompress(body) for body in packed], len(renders)) == ([plain, plain], 1)
    assert made == (before or ["gzip"])


def test_of_several_who_ask_for_an_encoding_at_once_one_compresses(monkeypatch):
    """A request that comes while another one compresses the page waits, and gets the same compressed page."""
    made, begun, goes_on = [], Event(), Event()

    def pack(body):
        made.append(body)
        begun.set()
        assert goes_on.wait(10)
        return b"packed"

    monkeypatch.setitem(kept_page.COMPRESS, "br", pack)
    page = kept_page.KeptPage(1, kept_page.SHORT_LIVED, [("Content-Type", "text/html")], b"page")
    asked = {"HTTP_ACCEPT_ENCODING": "br", "REQUEST_METHOD": "GET"}
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(page.give, asked, lambda *_: None)
        assert begun.wait(10)
        second = threads.submit(page.give, asked, lambda *_: None)
        goes_on.set()
        assert [first.result(10), second.result(10)] == [[b"packed"], [b"packed"]]
    assert made == [b"page"]


def test_a_list_of_encodings_beyond_any_browsers_is_not_read(app, renders):
    client, remembered = app.test_client(), kept_page._best.cache_info
    client.get("/en/news/", headers={"Accept-Encoding": "gzip, deflate, br"})
    before = remembered()
    longer = client.get("/en/news/", headers={"Accept-Encoding": "br, " + "x, " * 5_000})
    assert (longer.status_code, "Content-Encoding" in longer.headers) == (200, False)
    assert remembered() == before
    again = client.get("/en/news/", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert (again.headers["Content-Encoding"], remembered().hits) == ("br", before.hits + 1)


def test_a_reader_who_has_the_page_gets_304(app, renders):
    client = app.test_client()
    tag = client.get("/en/news/").headers["ETag"]
    again = client.get("/en/news/", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_head_is_answered_without_a_body(app, renders):
    client = app.test_client()
    answer = client.head("/en/news/")
    assert (answer.status_code, answer.data, answer.headers["Content-Length"]) == (
        200,
        b"",
        str(len(client.get("/en/news/").data)),
    )


def test_forms_searches_and_errors_are_never_kept(app, renders):
    client = app.test_client()
    for path in ("/en/register/justice", "/en/news/search?q=x", "/en/nowhere"):
        assert [client.get(path).headers.get("ETag") for _ in range(2)] == [None, None]
    assert len(renders) == 6


def test_parameters_that_no_view_reads_name_the_same_page(app, renders):
    client = app.test_client()
    queries = ("", "?utm_source=letter&utm_medium=mail", "?fbclid=x", "?%ff", "?lang=sv&x[]=" + "y" * 5_000)
    answers = [client.get(f"/en/news/{query}") for query in queries]
    assert {(answer.status_code, answer.headers["ETag"], answer.data) for answer in answers} == {
        (200, answers[0].headers["ETag"], answers[0].data)
    }
    assert (len(renders), len(app.extensions["page_cache"]._pages)) == (1, 1)


@pytest.mark.parametrize(("path", "seconds"), [("/en/", 1), ("/en/news/", 10), ("/robots.txt", 10)])
def test_a_page_says_for_how_long_a_cdn_may_keep_it(app, event, path, seconds):
    page = app.test_client().get(path)
    unchanged = app.test_client().get(path, headers={"If-None-Match": page.headers["ETag"]})
    for answer in (page, unchanged):
        said = answer.headers["Cache-Control"]
        assert said.startswith(f"public, max-age=0, s-maxage={seconds}, stale-while-revalidate=")
        assert said.endswith(", stale-if-error=86400")


@pytest.mark.parametrize("path", ["/en/register", "/en/news/"])
def test_a_kept_page_is_given_while_the_version_cannot_be_read(app, renders, monkeypatch, path):
    """While no content version can be read, the cache serves its pages, even one that was kept for a second only."""
    kept, client = app.extensions["page_cache"], app.test_client()
    before = client.get(path)
    monkeypatch.setattr(kept, "_read_version", lambda: None)
    monkeypatch.setattr(kept_page.time, "monotonic", lambda: 1e9)
    after = client.get(path)
    assert (after.status_code, after.data, len(renders)) == (200, before.data, 1)


@pytest.mark.parametrize("path", ["/en/register", "/en/pages/practical"])
def test_a_kept_page_is_given_when_a_new_one_cannot_be_made(app, event, monkeypatch, path):
    """The database is lost or locked after the new content version was read: the cache serves the earlier page."""
    make_page(event, "practical")
    kept, client = app.extensions["page_cache"], app.test_client()
    before = client.get(path)
    away = OperationalError("SELECT", {}, Exception("away"))
    monkeypatch.setattr(Session, "execute", lambda *_args, **_options: (_ for _ in ()).throw(away))
    monkeypatch.setattr(Session, "scalars", Session.execute)
    monkeypatch.setattr(kept, "_read_version", lambda: 4711)
    after = client.get(path)
    assert (after.status_code, after.data) == (200, before.data)
    kept.clear()
    assert client.get(path).status_code == 503


def test_a_page_with_seats_holds_for_one_second(app, renders, monkeypatch):
    moment = [100.0]
    monkeypatch.setattr(kept_page.time, "monotonic", lambda: moment[0])
    client = app.test_client()
    for at in (100.0, 100.9, 101.1):
        moment[0] = at
        client.get("/en/register")
    assert len(renders) == 2


@pytest.fixture
def at(app, monkeypatch):
    """Return a function `at(moment, second)` that sets the time and the cache's clock, in seconds, and returns whether
    the page of news then has the link "Register".
    """
    seconds = [0.0]
    monkeypatch.setattr(kept_page.time, "monotonic", lambda: seconds[0])

    def leads(moment, second: float) -> bool:
        clock.freeze(moment)
        seconds[0] = second
        return b">Register<" in app.test_client().get("/en/news/").data

    yield leads
    clock.freeze(None)


def test_a_page_that_the_clock_will_change_holds_until_then(app, at):
    """A cached page with the link "Register" is dropped when registration closes, although no content has changed."""
    with app.app_context():
        closes = make_event().closes_at
    start, after = closes - timedelta(minutes=10), closes + timedelta(seconds=1)
    assert [at(start, 0), at(after, 599), at(after, 601)] == [True, True, False]


def test_a_page_holds_for_one_second_where_each_place_taken_may_end_registration(app, at):
    with app.app_context():
        event = make_event(has_waiting_list=False)
        day = event.closes_at - timedelta(days=1)
        assert at(day, 0)
        start_write(db.session)
        event.taken = event.capacity
        db.session.commit()
    assert [at(day, 0.9), at(day, 1.1)] == [True, False]


def test_memory_is_bounded(app, renders):
    kept = app.extensions["page_cache"]
    kept._max_bytes = 1
    client = app.test_client()
    client.get("/en/news/")
    assert (kept._bytes, len(kept._pages)) == (0, 0)


def test_a_stampede_renders_once(app, renders, run_together):
    answers = run_together(20, lambda: app.test_client().get("/en/news/").status_code)
    assert (answers, len(renders)) == ([200] * 20, 1)


def test_a_page_is_the_same_under_each_of_our_names_and_on_any_port(app, renders):
    client = app.test_client()
    hosts = ("localhost", "127.0.0.1", "LocalHost", *(f"localhost:{port}" for port in range(8000, 8100)))
    bodies = {client.get("/en/news/", headers={"Host": host}).data for host in hosts}
    assert (len(bodies), len(renders), len(app.extensions["page_cache"]._rendering)) == (1, 1, 1)


@pytest.mark.parametrize("host", ["evil.example", "l\xbacalhost", "localhost.evil.example", "", "[::1]:80"])
def test_another_name_neither_gets_nor_fills_what_is_kept(app, renders, host):
    client = app.test_client()
    client.get("/en/news/")
    kept = app.extensions["page_cache"]
    before = dict(kept._pages)
    answer = client.get("/en/news/", headers={"Host": host})
    assert (answer.headers.get("ETag"), kept._pages, len(kept._rendering)) == (None, before, 1)


def test_names_are_those_of_the_settings(make_app, database_url, event):
    app = make_app(database_url, BASE_URL="https://forum.example", TRUSTED_HOSTS="www.forum.example")
    answers = [
        app.test_client().get("/en/news/", base_url=f"https://{host}/")
        for host in ("forum.example", "www.forum.example", "other.example")
    ]
    assert [(answer.status_code, "ETag" in answer.headers) for answer in answers] == [
        (200, True),
        (200, True),
        (400, False),
    ]


@pytest.mark.parametrize(
    ("settings_of_hosts", "host"),
    [
        ({"BASE_URL": "http://[::1]:8000"}, "[::1]:8000"),
        ({"BASE_URL": "http://[::1]:8000"}, "[::1]"),
        ({"BASE_URL": "http://[2001:DB8::1]"}, "[2001:db8::1]"),
        ({"TRUSTED_HOSTS": "[2001:db8::1]"}, "[2001:DB8::1]:8000"),
        ({"TRUSTED_HOSTS": "[2001:DB8::1]:8000"}, "[2001:db8::1]"),
    ],
)
def test_an_ipv6_address_may_be_the_name_of_the_site(make_app, database_url, event, settings_of_hosts, host):
    app = make_app(database_url, **settings_of_hosts)
    client = app.test_client()
    answers = [client.get(path, headers={"Host": host}) for path in ("/en/news/", "/en/register/ngo")]
    other = client.get("/en/register/ngo", headers={"Host": "[::2]:8000"})
    assert [answer.status_code for answer in (*answers, other)] == [200, 200, 400]
    assert ("ETag" in answers[0].headers, list(app.extensions["page_cache"]._pages)) == (
        True,
        ["/en/news/"],
    )


@pytest.mark.parametrize(
    "path", ["/console/", "/console/nf27/mail", "/account/", "/en/r/", "/sv/r/confirm/abc", "/status"]
)
def test_a_page_for_one_person_waits_for_nobody_elses(app, event, monkeypatch, path):
    monkeypatch.setattr(
        app.extensions["page_cache"], "_turn", lambda key: pytest.fail(f"{key} waits for its turn")
    )

    assert app.test_client().get(path).status_code in {200, 303, 404, 503}


def test_a_form_is_not_kept_and_waits_for_no_other(app, renders, monkeypatch):
    kept = app.extensions["page_cache"]
    monkeypatch.setattr(kept, "_turn", lambda *_key: pytest.fail("a form has no part in what is kept"))
    client = app.test_client()
    assert [client.get("/en/register/tech").status_code for _ in range(2)] == [200, 200]
    assert (len(renders), kept._pages) == (2, {})
    assert client.head("/en/register/tech").data == b""


def test_what_is_missing_now_may_be_a_page_later(app, event):
    client = app.test_client()
    missing = client.get("/en/pages/practical")
    make_page(event, "practical")
    db.session.commit()
    there = client.get("/en/pages/practical")
    assert [(answer.status_code, "ETag" in answer.headers) for answer in (missing, there)] == [
        (404, False),
        (200, True),
    ]


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("///en/news/", "/en/news/"),
        ("//localhost//en/register", None),
        ("/en/news/page/\u0662", "/en/news/page/2"),
        ("/en/news/page/0002", "/en/news/page/2"),
        ("/en/news/page/+2", None),
        ("/en/news/\u0662\u0660\u0661\u0666/", "/en/news/2016/"),
        ("/EN/news/", None),
    ],
)
def test_a_page_has_one_address(app, event, path, right):
    for number in range(21):
        make_post(slug=f"post-{number}", key=f"post-{number}")
    answer = app.test_client().get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    if right is None:
        assert (answer.status_code, answer.headers.get("ETag")) == (404, None)
    else:
        assert (answer.status_code, answer.headers["Location"]) == (308, right)
        assert app.test_client().get(right).status_code == 200
