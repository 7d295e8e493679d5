"""Clients that send slowly keep neither pages nor forms from others (R26).

The forum runs with its own command, straight on the network; they come from one address of this machine, others from
another one.
"""

import socket
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from tests.running import Running, kill, prepare, wait_for

MANY = 30  # of each kind: six times the threads that serve
HEADERS = b"GET /en/ HTTP/1.1\r\nHost: %s\r\nX-Slow: "
BODY = b"POST /en/register/ngo HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\ngiven_name="
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"  # with its first frame
CHUNKS = b"POST /en/register/ngo HTTP/1.1\r\nHost: %s\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ngiven\r\n"
SECONDS = 20  # for an answer; without a way out there is none at all


@pytest.fixture
def forum(tmp_path, static_folder, sqlite_template) -> Iterator[Running]:
    """A forum that answers."""
    prepare(tmp_path / "instance", static_folder, sqlite_template)
    running = Running("serve", tmp_path, "--web-only")
    wait_for(running.answers, running)
    yield running
    kill(running)


def send_slowly(forum: Running, beginning: bytes) -> list[socket.socket]:
    """Begin many requests and leave it at that."""
    host = f"127.0.0.1:{forum.port}".encode()
    slow = [socket.create_connection(("127.0.0.1", forum.port), SECONDS) for _ in range(MANY)]
    for connection in slow:
        connection.sendall(beginning % host)
    return slow


def ask(forum: Running, path: str, body: bytes | None = None, *, address: str) -> int:
    """Return the status of a request from an address of this machine."""
    connection = HTTPConnection("127.0.0.1", forum.port, SECONDS, source_address=(address, 0))
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    connection.request("POST" if body else "GET", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("beginning", [HEADERS, BODY, CHUNKS], ids=["headers", "body", "chunks"])
def test_pages_and_forms_go_on(forum, beginning):
    slow = send_slowly(forum, beginning)
    for _ in range(3):
        for path in ("/healthz", "/account/sign-in"):
            assert ask(forum, path, address="127.0.0.1") == 200
        # 400: it is received and looked at, and has no token
        assert ask(forum, "/account/sign-in", b"email=x", address="127.0.0.2") == 400
    for connection in slow:
        connection.close()
    wait_for(lambda: ask(forum, "/account/sign-in", b"email=x", address="127.0.0.1") == 400, forum)


def test_who_finds_no_place_is_refused_and_hung_up_on(forum):
    slow = send_slowly(forum, BODY)
    heard: dict[socket.socket, bytes] = {}
    # two of the client's bodies are waited for in each of two processes
    wait_for(lambda: _listen(slow, heard) >= MANY - 4, forum)
    assert {answer.split(b" ", 2)[1] for answer in heard.values()} == {b"408"}
    for connection in slow:
        connection.close()


def _listen(connections: list[socket.socket], heard: dict[socket.socket, bytes]) -> int:
    """Take in what has come; return how many connections have been ended."""
    ended = 0
    for connection in connections:
        connection.setblocking(False)
        try:
            while part := connection.recv(65536):
                heard[connection] = heard.get(connection, b"") + part
            ended += 1
        except BlockingIOError:
            pass
        except ConnectionResetError:  # ended with a part of the body unread
            ended += 1
    return ended


def test_http_2_is_not_spoken(forum):
    """Its bodies need no length, so they would be read by the app itself."""
    with socket.create_connection(("127.0.0.1", forum.port), SECONDS) as connection:
        connection.sendall(HTTP2)
        answer = connection.recv(100)
    assert answer[:8] in {b"", b"HTTP/1.1"}  # not the frame that begins HTTP/2
