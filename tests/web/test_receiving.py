"""Bodies are here before a request goes on, and slow ones leave threads to others (R26); see also faults/test_slow."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from werkzeug.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge, RequestTimeout

from forum.registration.models import Registration
from forum.web.receiving import REFUSAL, Receiver
from tests.factories.events import make_event
from tests.web.bodies import SlowBody

ANSWERS = b"given_name=New&family_name=Name"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(10) as pool:
        yield pool


@pytest.fixture
def receiver(monkeypatch) -> Receiver:
    """One that gives up at once where no place is free."""
    monkeypatch.setattr(Receiver, "PATIENCE", 0)
    monkeypatch.setattr(Receiver, "MOMENT", 0)
    return Receiver(100)


class Slow:
    """Requests whose bodies are being waited for, from these addresses."""

    def __init__(self, receiver: Receiver, pool: ThreadPoolExecutor, *addresses: str):
        self.environs = [environ_of(SlowBody(b"slow"), 4, address) for address in addresses]
        self._done = []
        for environ in self.environs:
            body = environ["wsgi.input"]
            self._done.append(pool.submit(receiver.receive, environ))
            assert body.asked.wait(30)
            environ["slow"] = body

    def come(self) -> None:
        for environ, done in zip(self.environs, self._done, strict=True):
            environ["slow"].comes.set()
            done.result(30)


def environ_of(stream, length: int, address: str = "192.0.2.1") -> dict:
    return {"wsgi.input": stream, "CONTENT_LENGTH": str(length), "REMOTE_ADDR": address}


def refusal_of(receiver: Receiver, address: str) -> type | None:
    """Send four quick bytes; return why they were refused."""
    environ = environ_of(BytesIO(b"four"), 4, address)
    receiver.receive(environ)
    assert environ["wsgi.input"].read() == (b"" if REFUSAL in environ else b"four")
    return type(environ[REFUSAL]) if REFUSAL in environ else None


def test_body_is_here_before_it_is_read(receiver):
    stream = BytesIO(b"four and more")
    environ = environ_of(stream, 4)
    receiver.receive(environ)
    assert (environ["wsgi.input"].read(), stream.read()) == (b"four", b" and more")


@pytest.mark.parametrize("length", ["", "0", "101", "-1", "²", "many"])
def test_body_that_is_too_long_or_of_no_length_is_left_to_the_app(receiver, length):
    body = SlowBody(b"never read")
    environ = {"wsgi.input": body, "CONTENT_LENGTH": length}
    receiver.receive(environ)
    assert (environ["wsgi.input"] is body, body.asked.is_set(), REFUSAL in environ) == (True, False, False)


def test_a_client_reads_two_bodies_at_a_time_and_others_have_the_third(receiver, pool):
    slow = Slow(receiver, pool, "192.0.2.1", "192.0.2.1")
    assert refusal_of(receiver, "192.0.2.1") is RequestTimeout
    assert refusal_of(receiver, "::ffff:192.0.2.1") is RequestTimeout
    assert refusal_of(receiver, "192.0.2.2") is None
    slow.come()
    assert refusal_of(receiver, "192.0.2.1") is None


def test_a_subscriber_of_ipv6_is_one_client(receiver, pool):
    slow = Slow(receiver, pool, "2001:db8::1", "2001:db8::2")
    assert refusal_of(receiver, "2001:db8::3") is RequestTimeout
    assert refusal_of(receiver, "2001:db8:0:1::3") is None
    slow.come()


def test_three_bodies_are_read_at_a_time_whoever_sends_them(receiver, pool):
    slow = Slow(receiver, pool, "192.0.2.1", "192.0.2.2", "192.0.2.3")
    assert refusal_of(receiver, "192.0.2.4") is RequestTimeout
    slow.come()
    assert [environ["wsgi.input"].read() for environ in slow.environs] == [b"slow"] * 3
    assert refusal_of(receiver, "192.0.2.4") is None


def test_behind_a_proxy_everybody_has_its_address(monkeypatch, pool):
    monkeypatch.setattr(Receiver, "PATIENCE", 0)
    receiver = Receiver(100, by_client=False)
    slow = Slow(receiver, pool, "127.0.0.1", "127.0.0.1")
    assert refusal_of(receiver, "127.0.0.1") is None
    slow.come()


def test_who_comes_a_moment_too_early_waits_for_a_place(monkeypatch, pool):
    monkeypatch.setattr(Receiver, "PATIENCE", 30)
    receiver = Receiver(100)
    slow = Slow(receiver, pool, "192.0.2.1", "192.0.2.1")
    waiting = pool.submit(refusal_of, receiver, "192.0.2.1")
    slow.come()
    assert waiting.result(30) is None


class Broken:
    """A stream whose client has gone."""

    def read(self, _size):
        raise ConnectionResetError


def test_a_place_is_free_again_when_reading_fails(receiver):
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            receiver.receive(environ_of(Broken(), 4))
    assert refusal_of(receiver, "192.0.2.1") is None


def test_half_a_body_is_refused(receiver):
    environ = environ_of(BytesIO(b"given_name=N"), 40)
    receiver.receive(environ)
    assert isinstance(environ[REFUSAL], BadRequest)
    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (b"", "0")


def test_length_beyond_all_numbers_is_refused(receiver):
    body = SlowBody(b"")
    environ = environ_of(body, 0) | {"CONTENT_LENGTH": "0" * 5000 + "4"}
    receiver.receive(environ)
    assert (type(environ[REFUSAL]), body.asked.is_set()) == (RequestEntityTooLarge, False)


def test_many_who_wait_are_refused_soon_and_one_waits_longer(monkeypatch, pool):
    """To wait holds a thread as well: a crowd that waited would keep the pages from others."""
    monkeypatch.setattr(Receiver, "PATIENCE", 30)
    receiver = Receiver(100)
    slow = Slow(receiver, pool, "192.0.2.1", "192.0.2.1")
    patient = pool.submit(refusal_of, receiver, "192.0.2.1")
    while not receiver._waiting:
        pass
    assert [refusal_of(receiver, "192.0.2.1") for _ in range(3)] == [RequestTimeout] * 3
    slow.come()
    assert patient.result(30) is None


def test_body_of_unknown_length_is_not_waited_for(receiver):
    body = SlowBody(b"chunks")
    environ = {"wsgi.input": body, "HTTP_TRANSFER_ENCODING": "chunked"}
    receiver.receive(environ)
    assert (type(environ[REFUSAL]), body.asked.is_set()) == (LengthRequired, False)


@pytest.mark.parametrize(
    ("given", "status", "heading"),
    [
        ({"CONTENT_LENGTH": "99"}, 400, "We did not understand what was sent"),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411, "That did not work"),
    ],
)
def test_the_page_says_why_and_the_connection_ends(database, pages, event, given, status, heading):
    answer = pages.client.post("/en/register/ngo", data=ANSWERS, environ_overrides=given)
    assert (answer.status_code, answer.headers["Connection"]) == (status, "close")
    assert f"<h1>{heading}</h1>" in answer.text
    assert database.query(Registration).count() == 0


def test_who_sends_too_slowly_is_told_in_their_language(monkeypatch, pages, event):
    monkeypatch.setattr(Receiver, "PLACES", 0)
    monkeypatch.setattr(Receiver, "PATIENCE", 0)
    answer = pages.client.post("/sv/register/ngo", data=ANSWERS)
    assert (answer.status_code, answer.headers["Connection"]) == (408, "close")
    assert "<h1>Det du skickade kom inte fram i tid</h1>" in answer.text


@pytest.mark.parametrize("path", ["/en/register/ngo", "/en/\0"])
def test_strange_host_is_refused_before_anything_else(pages, event, path):
    headers = {"Host": "evil.example", "Transfer-Encoding": "chunked"}
    answer = pages.client.post(path, data=ANSWERS, headers=headers)
    assert answer.status_code == 400


@pytest.fixture
def event(database):
    return make_event()
