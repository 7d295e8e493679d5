"""While slow clients send or writers wait, pages are answered at once, and forms as far as possible (R26).

The forum runs with its own command, without a proxy; slow clients come from one address of this machine.
"""

import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from forum.commands.serving import HEADER_BYTES
from forum.extensions import db
from forum.web.lobby import Lobby
from tests.faults.races import open_event
from tests.faults.visitor import RECEIVED, Visitor
from tools.running import Running, kill, prepare, resident, wait_for

MANY = 30  # how many connections send slowly
WRITERS = 40  # how many writers wait at once: many more than the threads of a process in earlier versions
CROWD = 40  # how many people send a form at the same time from one network address
HEADERS = b"GET /en/ HTTP/1.1\r\nHost: %s\r\nX-Slow: "
BODY = b"POST /en/register/ngo HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\ngiven_name="
# The bytes with which an HTTP/2 connection begins.
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
CHUNKS = b"POST /en/register/ngo HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ngiven\r\n"
HEAVY = b"POST /en/register/ngo HTTP/1.1\r\nHost: %s\r\nContent-Length: 10000000\r\n\r\n"
PIECE = b"given_name=" + b"x" * 99_989
SECONDS = 60  # the time limit for an answer, because a deadlock would last for ever


@pytest.fixture
def forum(tmp_path, settings, make_app, static_folder, sqlite_template) -> Iterator[Running]:
    """Give a running forum with an open event."""
    instance = prepare(tmp_path / "instance", static_folder, sqlite_template)
    with make_app(f"sqlite:///{instance / 'forum.sqlite3'}", INSTANCE=instance).app_context():
        open_event()
        db.engine.dispose()
    own = {name: settings[name] for name in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    given = {**own, "INSTANCE": instance, "FORM_MIN_SECONDS": 0, "LIMITS_ENABLED": 0}
    running = Running("serve", tmp_path, "--web-only", settings=given)
    wait_for(running.answers, running)
    yield running
    kill(running)


def send_slowly(forum: Running, beginning: bytes, number: int) -> list[socket.socket]:
    """Begin many requests without finishing them."""
    host = f"127.0.0.1:{forum.port}".encode()
    slow = [socket.create_connection(("127.0.0.1", forum.port), SECONDS) for _ in range(number)]
    for connection in slow:
        connection.sendall(beginning % host)
    return slow


def ask(forum: Running, path: str, body: bytes | None = None, *, address: str = "127.0.0.1") -> int:
    """Send a request from one of this machine's addresses and return the status."""
    connection = HTTPConnection("127.0.0.1", forum.port, SECONDS, source_address=(address, 0))
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request("POST" if body else "GET", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def goes_on(forum: Running) -> list[int]:
    """Request pages served without waiting, often enough to reach each process, and a form; return the statuses."""
    at_once = ["/healthz", "/en/", "/robots.txt"] * 4
    return [ask(forum, path) for path in at_once] + [ask(forum, "/account/sign-in")]


@pytest.mark.parametrize(
    "beginning",
    [BODY, *(pytest.param(other, marks=pytest.mark.slow) for other in (HEADERS, CHUNKS))],
    ids=["body", "headers", "chunks"],
)
def test_pages_and_forms_go_on_while_some_send_slowly(forum, beginning):
    slow = send_slowly(forum, beginning, MANY)
    assert goes_on(forum) == [200] * 13
    # 400: the form was received and checked, and refused because it has no CSRF token.
    for address in ("127.0.0.1", "127.0.0.2"):
        assert ask(forum, "/account/sign-in", b"email=x", address=address) == 400
    for connection in slow:
        connection.close()


@pytest.mark.slow
def test_who_sends_too_many_slowly_is_refused_and_hung_up_on(forum):
    number = 3 * Lobby.SLOW
    slow = send_slowly(forum, BODY, number)
    heard: dict[socket.socket, bytes] = {}
    # Each of the two web processes reads at most Lobby.SLOW bodies of one client at once and refuses more.
    wait_for(lambda: _listen(slow, heard) >= number - 2 * Lobby.SLOW, forum)
    assert {answer.split(b" ", 2)[1] for answer in heard.values()} == {b"503"}
    assert goes_on(forum) == [200] * 13
    assert ask(forum, "/account/sign-in", b"email=x", address="127.0.0.2") == 400
    for connection in slow:
        connection.close()
    wait_for(lambda: ask(forum, "/account/sign-in", b"email=x") == 400, forum)


def test_pages_and_forms_go_on_while_writers_wait(forum):
    """Pages and forms are answered while another process holds the write lock and forty writers wait for it."""
    other = sqlite3.connect(forum.output.parent / "instance" / "forum.sqlite3", isolation_level=None)
    visitors = [Visitor(forum.url) for _ in range(WRITERS)]
    checks = [visitor.until_check("ngo", f"a{number}@example.org") for number, visitor in enumerate(visitors)]
    with ThreadPoolExecutor(WRITERS) as pool:
        other.execute("BEGIN IMMEDIATE")
        waiting = [pool.submit(one.go_on, check) for one, check in zip(visitors, checks, strict=True)]
        assert goes_on(forum) == [200] * 13
        # /readyz says whether the forum can serve, and needs no write lock for that.
        assert [ask(forum, "/readyz") for _time in range(4)] == [200] * 4
        assert [one.done() for one in waiting] == [False] * WRITERS
        other.execute("ROLLBACK")
        assert [one.result(SECONDS).outcome for one in waiting] == [RECEIVED] * WRITERS
    other.close()


def test_a_crowd_behind_one_address_is_not_refused(forum):
    """Forty requests (CROWD) from one address that all begin before the first is finished are answered, not refused."""
    crowd = send_slowly(forum, BODY, CROWD)
    assert ask(forum, "/healthz") == 200
    for connection in crowd:
        connection.sendall(b"x" * (1000 - len(b"given_name=")))
    heard = [connection.recv(1000).split(b" ", 2)[1] for connection in crowd]
    # 400: the form was received whole, and refused because it has no CSRF token.
    assert heard == [b"400"] * CROWD
    for connection in crowd:
        connection.close()


def _listen(connections: list[socket.socket], heard: dict[socket.socket, bytes]) -> int:
    """Read what the server has sent on the connections; return how many of them it has closed."""
    ended = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            while part := connection.recv(65536):
                heard[connection] = heard.get(connection, b"") + part
            ended += 1
        except BlockingIOError:
            pass
        except ConnectionResetError:  # the server closed the connection before it had read the whole body
            ended += 1
    return ended


@pytest.mark.slow
def test_bodies_of_ten_megabytes_are_refused_unread(forum):
    """Pages are answered while thirty connections send ten megabytes each; no process keeps these 300 MB."""
    assert goes_on(forum) == [200] * 13
    before = sum(map(resident, forum.pids()))
    heavy = send_slowly(forum, HEAVY, MANY)
    with ThreadPoolExecutor(MANY) as pool:
        answers = [pool.submit(_send_until_refused, connection) for connection in heavy]
        assert goes_on(forum) == [200] * 13
        # An answer may be empty: it is lost when the server closes the connection before everything is sent.
        assert {answer.result(SECONDS) for answer in answers} - {b""} == {b"413"}
    assert sum(map(resident, forum.pids())) - before < 50


def _send_until_refused(connection: socket.socket) -> bytes:
    """Send a body piece by piece as long as the server takes it; return the status of the answer."""
    with suppress(ConnectionError):
        for _piece in range(100):
            connection.sendall(PIECE)
    with suppress(ConnectionError):
        return connection.recv(1000).split(b" ", 2)[1]
    return b""


@pytest.mark.slow
def test_headers_are_read_up_to_the_servers_limit_and_by_the_app_up_to_its_own(forum):
    """A cached page is served whatever headers the request has, up to the server's limit; the app's limit is lower."""
    for path, length, status in (
        ("/en/", HEADER_BYTES - 1000, 200),
        ("/en/register/ngo", HEADER_BYTES - 1000, 431),
        ("/en/", 2 * HEADER_BYTES, 431),
        ("/en/register/ngo", 9000, 200),
    ):
        connection = HTTPConnection("127.0.0.1", forum.port, SECONDS)
        connection.request("GET", path, headers={"X-A": "a" * length})
        assert connection.getresponse().status == status, (path, length)
        connection.close()
    assert ask(forum, "/en/") == 200


def test_http_2_is_not_spoken(forum):
    """The server must not speak HTTP/2: the app limits bodies by their declared length, which HTTP/2 does not need."""
    with socket.create_connection(("127.0.0.1", forum.port), SECONDS) as connection:
        connection.sendall(HTTP2)
        answer = connection.recv(100)
    assert answer[:8] in {b"", b"HTTP/1.1"}  # an HTTP/2 server would answer with a settings frame
