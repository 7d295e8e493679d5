"""The app handles a request only after its whole body has arrived (R26); see also test_lobby and faults/test_slow."""

from io import BytesIO

import pytest
from werkzeug.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge

from forum.registration.models import Registration
from forum.web.receiving import REFUSAL, receive
from tests.web.bodies import SlowBody

ANSWERS = b"given_name=New&family_name=Name"


def environ_of(stream, length: int) -> dict:
    return {"wsgi.input": stream, "CONTENT_LENGTH": str(length)}


def test_body_is_here_before_it_is_read():
    stream = BytesIO(b"four and more")
    environ = environ_of(stream, 4)
    receive(environ, 100)
    assert (environ["wsgi.input"].read(), stream.read()) == (b"four", b" and more")


@pytest.mark.parametrize("length", ["", "0", "101", "-1", "²", "many"])
def test_body_that_is_too_long_or_of_no_length_is_left_to_the_app(length):
    body = SlowBody(b"never read")
    environ = {"wsgi.input": body, "CONTENT_LENGTH": length}
    receive(environ, 100)
    assert (environ["wsgi.input"] is body, body.asked.is_set(), REFUSAL in environ) == (True, False, False)


def test_half_a_body_is_refused():
    environ = environ_of(BytesIO(b"given_name=N"), 40)
    receive(environ, 100)
    assert isinstance(environ[REFUSAL], BadRequest)
    assert (environ["wsgi.input"].read(), environ["CONTENT_LENGTH"]) == (b"", "0")


def test_length_beyond_all_numbers_is_refused():
    body = SlowBody(b"")
    environ = environ_of(body, 0) | {"CONTENT_LENGTH": "0" * 5000 + "4"}
    receive(environ, 100)
    assert (type(environ[REFUSAL]), body.asked.is_set()) == (RequestEntityTooLarge, False)


def test_body_of_unknown_length_is_not_waited_for():
    body = SlowBody(b"chunks")
    environ = {"wsgi.input": body, "HTTP_TRANSFER_ENCODING": "chunked"}
    receive(environ, 100)
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


@pytest.mark.parametrize("path", ["/en/register/ngo", "/en/\0"])
def test_strange_host_is_refused_before_anything_else(pages, event, path):
    headers = {"Host": "evil.example", "Transfer-Encoding": "chunked"}
    answer = pages.client.post(path, data=ANSWERS, headers=headers)
    assert answer.status_code == 400
