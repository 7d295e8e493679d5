"""The lobby limits how many requests wait, and refuses none that has arrived whole while others end in time (R26)."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from io import BytesIO

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from forum.turns import Line
from forum.web.lobby import Lobby
from forum.web.receiving import REFUSAL
from tests.registration.filling import ANSWERS
from tests.web.bodies import SECONDS, SlowBody
from tools.pages import Pages

ME, NEIGHBOUR, OTHER = "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"


class Doing:
    """An app whose requests last until the test sets `goes_on`; `at_work` counts requests that passed the lobby."""

    def __init__(self) -> None:
        self.goes_on, self.at_work = threading.Event(), threading.Semaphore(0)
        self.headers: list[tuple[str, str]] = []

    def __call__(self, environ, start_response):
        """Answer "served", or the name of the refusal and how many bytes of the body have arrived."""
        if refusal := environ.get(REFUSAL):
            start_response("503 Busy", [])
            return [f"{type(refusal).__name__} {len(environ['wsgi.input'].read())}".encode()]
        self.at_work.release()
        assert self.goes_on.wait(SECONDS)
        start_response("200 OK", self.headers)
        return [b"served"]


@pytest.fixture
def doing() -> Iterator[Doing]:
    doing = Doing()
    yield doing
    doing.goes_on.set()


@pytest.fixture
def pool(doing) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(60) as pool:
        yield pool
        doing.goes_on.set()


@pytest.fixture
def small(monkeypatch) -> None:
    """Limit lobbies to three requests, two of them served, and two slow bodies a client; read no body on refusal."""
    for name, value in {"PRESENT": 3, "SERVED": 2, "SLOW": 2, "PATIENCE": 0, "DOORSTEP": 0}.items():
        monkeypatch.setattr(Lobby, name, value)


def ask(lobby: Lobby, app, body=b"four", address: str = ME, path: str = "/") -> str:
    """Send a request through the lobby and return the answer; the body may be a SlowBody, or empty."""
    stream = body if isinstance(body, SlowBody) else BytesIO(body)
    given = {"REMOTE_ADDR": address, "wsgi.input": stream, "CONTENT_LENGTH": "4" if body else ""}
    environ = EnvironBuilder(path, method="POST" if body else "GET").get_environ() | given
    chunks, _status, _headers = run_wsgi_app(partial(lobby.serve, app), environ, buffered=True)
    return b"".join(chunks).decode()


def begin(pool, lobby, doing, number: int) -> list[Future]:
    """Start this number of requests and wait until all of them are at work."""
    futures = [pool.submit(ask, lobby, doing, b"") for _ in range(number)]
    assert all(doing.at_work.acquire(timeout=SECONDS) for _ in futures)
    return futures


def send_slowly(pool, lobby, doing, *addresses: str) -> tuple[list[SlowBody], list[Future]]:
    """Start a request from each address, and wait until the lobby waits for its body."""
    pairs = [(SlowBody(b"slow"), address) for address in addresses]
    futures = [pool.submit(ask, lobby, doing, body, address) for body, address in pairs]
    assert all(body.asked.wait(SECONDS) for body, _ in pairs)
    return [body for body, _ in pairs], futures


@pytest.mark.usefixtures("small")
class TestFull:
    """A lobby that serves two requests and lets one more wait."""

    def test_who_is_not_served_in_time_is_refused_with_the_body_in_hand(self, pool, doing):
        lobby = Lobby(100)
        served = begin(pool, lobby, doing, 2)
        assert ask(lobby, doing) == "LobbyFull 4"
        doing.goes_on.set()
        assert [future.result(SECONDS) for future in served] == ["served"] * 2
        assert ask(lobby, doing) == "served"

    def test_beyond_those_nobody_is_waited_for(self, pool, doing):
        lobby = Lobby(100)
        begin(pool, lobby, doing, 2)
        (body,), _ = send_slowly(pool, lobby, doing, ME)
        assert ask(lobby, doing, late := SlowBody(b"late"), OTHER) == "LobbyFull 0"
        assert not late.asked.is_set()
        body.comes.set()

    def test_a_body_is_read_on_the_doorstep_where_nobody_stands(self, pool, doing, monkeypatch):
        """A full lobby still reads the body of a refused form, to keep its answers, but one body at a time."""
        monkeypatch.setattr(Lobby, "DOORSTEP", 1)
        lobby = Lobby(100)
        begin(pool, lobby, doing, 2)
        slow, _ = send_slowly(pool, lobby, doing, ME)
        assert [ask(lobby, doing) for _ in range(3)] == ["LobbyFull 4"] * 3
        late, refused = send_slowly(pool, lobby, doing, OTHER)
        assert ask(lobby, doing) == "LobbyFull 0"
        late[0].comes.set()
        assert refused[0].result(SECONDS) == "LobbyFull 4"
        assert ask(lobby, doing) == "LobbyFull 4"
        slow[0].comes.set()

    def test_whoever_sends_too_many_slowly_takes_no_place_on_the_doorstep(self, pool, doing, monkeypatch):
        monkeypatch.setattr(Lobby, "DOORSTEP", 1)
        lobby = Lobby(100)
        slow, _ = send_slowly(pool, lobby, doing, ME, ME)
        assert ask(lobby, doing) == "LobbyFull 0"
        for body in slow:
            body.comes.set()

    def test_whether_the_process_lives_is_answered_all_the_same(self, pool, doing):
        lobby = Lobby(100)
        begin(pool, lobby, doing, 2)
        send_slowly(pool, lobby, doing, ME)[0][0].comes.set()
        doing.goes_on.set()
        assert [ask(lobby, doing, b"", path=path) for path in ("/livez", "/healthz")] == ["served"] * 2

    def test_a_balancer_is_answered_beside_everybody_and_not_for_nothing(self, pool, doing, monkeypatch):
        """A full lobby still accepts requests for /readyz, but few at once: each may wait for a lost database."""
        monkeypatch.setattr(Lobby, "ASKING", 1)
        lobby = Lobby(100)
        begin(pool, lobby, doing, 2)
        (body,), _ = send_slowly(pool, lobby, doing, ME)
        asked = pool.submit(ask, lobby, doing, b"", path="/readyz")
        assert doing.at_work.acquire(timeout=SECONDS)
        assert [ask(lobby, doing, b"", path="/readyz"), ask(lobby, doing, path="/readyz")] == [
            "LobbyFull 0"
        ] * 2
        doing.goes_on.set()
        assert asked.result(SECONDS) == "served"
        assert ask(lobby, doing, b"", path="/readyz") == "served"
        body.comes.set()

    def test_a_client_is_waited_for_twice_and_others_go_on(self, pool, doing):
        lobby = Lobby(100)
        doing.goes_on.set()
        bodies, sent = send_slowly(pool, lobby, doing, ME, NEIGHBOUR)
        assert (ask(lobby, doing), ask(lobby, doing, b"")) == ("LobbyFull 0", "served")
        assert ask(lobby, doing, address=OTHER) == "served"
        for body in bodies:
            body.comes.set()
        assert [future.result(SECONDS) for future in sent] == ["served"] * 2
        assert ask(lobby, doing) == "served"

    def test_a_subscriber_of_ipv6_is_one_client(self, pool, doing):
        lobby = Lobby(100)
        doing.goes_on.set()
        bodies, _ = send_slowly(pool, lobby, doing, "2001:db8::1", "2001:db8::2")
        assert ask(lobby, doing, address="2001:db8::3") == "LobbyFull 0"
        assert ask(lobby, doing, address="2001:db8:0:1::3") == "served"
        for body in bodies:
            body.comes.set()

    def test_behind_a_proxy_everybody_has_its_address(self, pool, doing):
        lobby = Lobby(100, by_client=False)
        doing.goes_on.set()
        bodies, _ = send_slowly(pool, lobby, doing, ME, ME)
        assert ask(lobby, doing) == "served"
        for body in bodies:
            body.comes.set()

    def test_an_export_is_present_until_it_is_closed(self, doing):
        lobby, downloads = Lobby(100), []
        doing.goes_on.set()
        for _ in range(2):
            environ = EnvironBuilder("/").get_environ()
            downloads.append(lobby.serve(doing, environ, lambda *_: None))
        assert ask(lobby, doing) == "LobbyFull 4"
        downloads.pop().close()
        assert ask(lobby, doing) == "served"

    def test_a_whole_answer_keeps_nobody_waiting(self, doing):
        lobby = Lobby(100)
        doing.goes_on.set()
        doing.headers.append(("Content-Length", "6"))
        taken_slowly = [
            lobby.serve(doing, EnvironBuilder("/").get_environ(), lambda *_: None) for _ in range(3)
        ]
        assert len(taken_slowly) == 3
        assert ask(lobby, doing) == "served"

    def test_who_falls_over_leaves(self, doing):
        lobby = Lobby(100)
        doing.goes_on.set()
        for _ in range(4):
            with pytest.raises(ZeroDivisionError):
                ask(lobby, lambda *_: 1 / 0)
            with pytest.raises(ConnectionResetError):
                ask(lobby, doing, Broken(b""))
        assert ask(lobby, doing) == "served"


class Broken(SlowBody):
    """A body whose client has hung up."""

    def read(self, size: int = -1) -> bytes:
        """Raise the error of a lost connection."""
        raise ConnectionResetError


def test_fifty_from_one_address_are_all_served(pool, doing):
    """Fifty requests of one client come at once; each waits until earlier ones have been served."""
    lobby = Lobby(100)
    doing.goes_on.set()
    assert [future.result(SECONDS) for future in [pool.submit(ask, lobby, doing) for _ in range(50)]] == [
        "served"
    ] * 50


def test_whoever_has_arrived_waits_as_long_as_others_get_their_turns(doing, monkeypatch):
    """A request whose wait times out waits again when another was handled meanwhile, and is handled itself."""
    monkeypatch.setattr(Lobby, "SERVED", 1)
    lobby, waits = Lobby(100), []
    line = lobby._line
    doing.goes_on.set()
    assert line.enter(0)
    line._waiting.append(threading.Event())

    class Turn(threading.Event):
        """An event on which a request waits: each wait times out just when the request at work ends."""

        def wait(self, _seconds):
            waits.append(line.leave())
            return self.is_set()

    with monkeypatch.context() as patch:
        patch.setattr(threading, "Event", Turn)
        assert ask(lobby, doing) == "served"
    assert len(waits) == 2


def test_large_bodies_of_everybody_take_no_organisers_turn(pool, doing, monkeypatch):
    """One large body of an organiser and one of anybody else are held; a second one of each kind is refused."""
    monkeypatch.setattr(Lobby, "LARGE", 1)
    monkeypatch.setattr(Lobby, "LARGE_OF_ANYBODY", 1)
    longest_for, longest_for_anybody = (
        (lambda environ, path=path: 4 if environ["PATH_INFO"] == path else 0)
        for path in ("/console", "/form")
    )
    lobby, sent = Lobby(3, longest_for=longest_for, longest_for_anybody=longest_for_anybody), []
    for path in ("/form", "/console"):
        sent.append(pool.submit(ask, lobby, doing, path=path))
        assert doing.at_work.acquire(timeout=SECONDS)
        assert ask(lobby, doing, path=path) == "LobbyFull 0"
    doing.goes_on.set()
    assert [future.result(SECONDS) for future in sent] == ["served"] * 2
    assert ask(lobby, doing, path="/form") == "served"


def test_there_are_threads_left_for_what_is_answered_at_once():
    assert Lobby.SLOW < Lobby.SERVED < Lobby.PRESENT <= Lobby.THREADS - Lobby.ASKING - Lobby.DOORSTEP - 16
    assert Lobby.SLOW >= 40  # forty people may share one network address


def test_kept_pages_and_files_are_answered_while_the_lobby_is_full(database, pages, app, event, monkeypatch):
    pages.client.get("/en/")
    monkeypatch.setattr(app.extensions["lobby"], "PRESENT", 0)
    sheet = app.extensions["static_url"]("css/app.css")
    asked = ("/en/", "/healthz", "/en/register/ngo", "/en/news/", "/readyz", sheet)
    answers = [pages.client.get(path) for path in asked]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 503, 200, 200]
    assert answers[2].headers["Retry-After"] == "10"


@pytest.mark.usefixtures("frozen", "event")
def test_refused_answers_are_kept_and_sent_again_by_one_press(make_app, sqlite_url, monkeypatch):
    app = make_app(sqlite_url, FORM_MIN_SECONDS=0)
    check = Pages(app).post("registration.details", ANSWERS, sector="justice", follow=True, expect=200)
    with monkeypatch.context() as full:
        full.setattr(Lobby, "PATIENCE", 0)
        full.setattr(app.extensions["lobby"], "_line", Line(0))
        busy = check.submit(button="Register", expect=503)
    assert busy.h1 == "The service is busy at the moment"
    assert busy.submit(button="Try again", follow=True).h1 == "Check your e-mail"
