"""Whatever body is sent, in whatever shape, the forum answers it without a server error (S17)."""

import json

import pytest
from flask_wtf.csrf import CSRFError
from limits.errors import StorageError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from forum.turns import NoTurn
from forum.web.limits import TooManyTries
from forum.web.lobby import LobbyFull
from forum.web.receiving import REFUSAL
from tests.guards.addresses import addresses
from tests.guards.conftest import BOTH
from tests.guards.refusals import refused_briefly
from tests.guards.test_fuzz import ENDING
from tests.guards.test_mass_assignment import FORMS, hidden_fields
from tests.guards.world import ADMIN, HANDLER, HERE, PERSON, VISITOR


@pytest.fixture(scope="module", params=BOTH)
def world_kind(request):
    return request.param


PARTS = {  # broken headers of one part of a multipart body, by what is wrong with them
    "without a name": b"Content-Disposition: form-data",
    "that is a file without a name": b'Content-Disposition: form-data; filename="x"',
    "with an empty name": b'Content-Disposition: form-data; name=""',
    "of another disposition": b'Content-Disposition: attachment; name*="x"',
    "with a name in an unknown alphabet": b"Content-Disposition: form-data; name*=utf-99''%ff",
    "with a name in pieces": b"Content-Disposition: form-data; name*0=a; name*2=b; name*x=c",
    "with a name that is not UTF-8": b'Content-Disposition: form-data; name="\xff\xfe"',
    "with the name twice": b'Content-Disposition: form-data; name="email"; name="csrf_token"',
    "without a disposition": b"Content-Type: text/plain",
    "with an empty head": b"",
    "with a head without colons": b"Content-Disposition form-data",
    "in another alphabet": b'Content-Disposition: form-data; name="email"\r\nContent-Type: text/plain; charset=utf-7',
    "in a transfer encoding": b'Content-Disposition: form-data; name="email"\r\nContent-Transfer-Encoding: base64',
    "of an odd length": b'Content-Disposition: form-data; name="a"; filename="b"\r\nContent-Length: \xd9\xa3',
}
MULTIPARTS = {
    **{
        f"a part {what}": (b"--x\r\n" + head + b"\r\n\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x")
        for what, head in PARTS.items()
    },
    **{
        f"a boundary {boundary!r}": (b"--x\r\n\r\nabc\r\n--x--", f"multipart/form-data; boundary={boundary}")
        for boundary in ("", "\u00e5", '"', "x" * 5_000, "--", "x; charset=utf-16")
    },
    "parts without end": (b"--x\r\n" * 300, "multipart/form-data; boundary=x"),
    "more parts than are taken": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc\r\n' * 300 + b"--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "parts in parts": (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n'
        b"--x\r\n\r\n--x--",
        "multipart/form-data; boundary=x",
    ),
}
BODIES = {
    "JSON": (json.dumps({"email": ["a"], "x": {"y": None}}).encode(), "application/json"),
    "JSON that is a list": (b"[1, [2]]", "application/json"),
    "JSON that is a number": (b"1", "application/json"),
    "broken JSON": (b"{", "application/json"),
    "XML": (b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>', "application/xml"),
    "multipart without a boundary": (b"--x\r\n\r\n", "multipart/form-data"),
    "multipart cut short": (
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nabc',
        "multipart/form-data; boundary=x",
    ),
    "a file for a field": (
        b'--x\r\nContent-Disposition: form-data; name="email"; filename="../../x"\r\n\r\nabc\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    "a part without a name": (
        b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n",
        "multipart/form-data; boundary=x",
    ),
    "a thousand fields": (
        b"&".join(b"f%d=1" % number for number in range(1_000)),
        "application/x-www-form-urlencoded",
    ),
    "more than is taken": (b"email=" + b"a" * 300_000, "application/x-www-form-urlencoded"),
    "another alphabet": (b"email=\xe5", "application/x-www-form-urlencoded; charset=utf-7"),
    "nothing said": (b"email=a", ""),
}


@pytest.mark.slow
def test_other_bodies_than_a_form_are_refused(world):
    """The test sends the CSRF token in a header, because without a token the forum would not read the body."""
    audiences = (VISITOR, PERSON, ADMIN, HANDLER)
    tokens = {name: hidden_fields(world, name, "/")["csrf_token"] for name in audiences}
    kind = ""
    with refused_briefly(lambda: kind):
        for address in addresses(world, (HERE,)):
            if "POST" in address.methods and address.endpoint not in ENDING:
                audience = FORMS[address.endpoint][0]
                for kind, (body, content_type) in BODIES.items():
                    headers = {"X-CSRFToken": tokens[audience]}
                    answer = world.browsers[audience].post(
                        address.path, data=body, content_type=content_type, headers=headers
                    )
                    assert answer.status_code < 500, f"{kind} {address.path}"


@pytest.mark.parametrize("path", ["/en/register/ngo", f"/console/{HERE}/registrations/x/cancel"])
def test_no_multipart_body_falls_over(world, path):
    """Multipart bodies are parsed before any view runs, even without a sign-in; broken ones are refused."""
    statuses = {}
    for kind, (body, content_type) in MULTIPARTS.items():
        answer = world.app.test_client().post(path, data=body, content_type=content_type)
        assert answer.status_code < 500, f"{kind} {path}"
        statuses[kind] = answer.status_code
    assert statuses["a part without a name"] == statuses["a part that is a file without a name"] == 400


REFUSALS = {
    "a full lobby": (LobbyFull(), 503),
    "no turn": (NoTurn(), 503),
    "a locked database": (OperationalError("", None, Exception("locked")), 503),
    "a full pool": (PoolTimeout(), 503),
    "counters that are away": (StorageError(Exception("away")), 503),
    "a lost session": (CSRFError("expired"), 400),
    "too many tries": (TooManyTries(), 429),
    "something unforeseen": (RuntimeError(), 500),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_the_page_of_a_refusal_is_shown_whatever_was_sent(world, refusal):
    """An error page that shows the typed answers reads the body again; an unreadable body must not break that page."""
    error, status = REFUSALS[refusal]
    for path in ("/en/register/ngo", "/en/r/change"):
        for kind, (body, content_type) in {**MULTIPARTS, **BODIES}.items():
            answer = world.browsers[VISITOR].post(
                path, data=body, content_type=content_type, environ_overrides={REFUSAL: error}
            )
            assert (answer.status_code, b"<h1" in answer.data) == (status, True), f"{kind} {path}"
