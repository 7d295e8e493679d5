"""Forged Host and X-Forwarded-* headers change neither links nor the client that a limit counts (S26, S39)."""

import json
import logging
import re
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select

from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from forum.web.limits import subscriber
from tests.factories.events import make_event
from tests.guards.addresses import readable
from tests.guards.world import ADMIN, HERE, PERSON, VISITOR

EVIL = "evil.example"
FORGED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "ftp",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": f"/{EVIL}",
    "X-Forwarded-For": "203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "Forwarded": f"for=203.0.113.9;host={EVIL};proto=ftp",
    "X-Original-URL": f"//{EVIL}/",
    "X-Host": EVIL,
}
BASE = "http://127.0.0.1:8000"
OWN_ADDRESSES = re.compile(rf"{re.escape(BASE)}(/|$|\?)")


def token_in(page: str) -> str:
    return re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]


@pytest.mark.slow
def test_no_answer_repeats_a_forged_host(world):
    for audience in (VISITOR, PERSON, ADMIN):
        for address in readable(world):
            answer = world.browsers[audience].get(address.path, headers=FORGED)
            text = answer.get_data().decode(errors="replace") + str(answer.headers)
            assert [word for word in (EVIL, "203.0.113.9", "ftp:") if word in text] == [], address.path


@pytest.mark.parametrize(
    "host",
    [
        *(EVIL, f"127.0.0.1@{EVIL}", f"127.0.0.1.{EVIL}", f"{EVIL}:80", "", "a b", "127.0.0.1/x"),
        # Two Host lines in one request: the server joins their values with a comma.
        *(f"127.0.0.1:8000,{EVIL}", f"127.0.0.1,{EVIL}", f"{EVIL},127.0.0.1:8000", "127.0.0.1,127.0.0.1"),
        *("127.0.0.1:x", "127.0.0.1:8000:8000"),
    ],
)
def test_another_host_is_refused_before_anything_is_shown(world, host):
    """A request with a foreign Host gets 400 on each page, cached ones included; Flask alone accepts any Host (F6)."""
    world.browsers[VISITOR].get("/en/")
    for path in ("/healthz", "/en/", "/en/register/ngo", "/console/nf27/", "/sitemap.xml"):
        answer = world.browsers[ADMIN].get(path, headers={"Host": host})
        assert (answer.status_code, EVIL in str(answer.headers)) == (400, False), path
    assert not [key for key in world.app.extensions["page_cache"]._pages if EVIL in key]


@pytest.mark.parametrize("host", ["LOCALHOST:8000", "LocalHost", "localhost"])
def test_a_host_is_the_same_in_capitals(world, host):
    """Host names are case-insensitive (RFC 9110, 4.2.3), also when the cache answers, as it does the second request."""
    for path in ("/en/", "/en/", "/en/register/ngo", "/en/news/search?q=a", "/livez"):
        assert world.browsers[VISITOR].get(path, headers={"Host": host}).status_code == 200, path


def test_every_mail_that_a_request_causes_leads_to_our_own_address(fresh_world):
    """Requests with forged Host headers send mails whose links lead to the forum's own address."""
    world, visitor, admin = fresh_world, fresh_world.app.test_client(), fresh_world.browsers[ADMIN]
    before = _mail_ids(world)
    steps = [
        (
            visitor,
            "/en/register/ngo",
            {
                "given_name": "A",
                "organisation": "B",
                "email": "new@example.org",
                "country": "SE",
                "language": "en",
            },
        ),
        (visitor, "/en/register/link", {"email": _address_of(world, "twin")}),
        (visitor, f"/en/r/confirm/{world.tokens['pending']}", {}),
        (world.browsers[PERSON], "/en/r/cancel", {}),
        (admin, f"/console/{HERE}/registrations/{world.references['twin']}/resend", {}),
        (admin, f"/console/{HERE}/registrations/{world.references['waiting']}/cancel", {}),
        (visitor, "/account/forgot", {"email": _address_of_admin(world)}),
    ]
    for browser, path, data in steps:
        page = browser.get("/account/" if path.endswith("/resend") else path).text
        hidden = {
            name: re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)
            for name in ("key", "seen", "page_of")
        }
        sent = {**data, "csrf_token": token_in(page), **{name: of[1] for name, of in hidden.items() if of}}
        assert browser.post(path, data=sent, headers=FORGED).status_code == 303, path
    with world.app.app_context():
        rows = list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.id.not_in(before))))
        kinds = {row.kind for row in rows}
        texts = {row.kind: _whole(row.content) for row in rows}
    assert kinds >= {"received", "link", "confirmed", "cancelled", "account-reset"}
    for kind, text in texts.items():
        assert EVIL not in text, kind
        links = re.findall(r"https?://[^\s\"'<>]+", text)
        assert [link for link in links if "/r/" in link and not OWN_ADDRESSES.match(link)] == [], kind


@pytest.mark.parametrize(("proxies", "statuses"), [(0, {429}), (1, {422, 303})])
def test_only_a_configured_proxy_says_whose_tries_are_counted(
    make_app, sqlite_url, caplog, proxies, statuses
):
    """Each attempt claims another client address, which counts only when a trusted proxy is configured."""
    caplog.set_level(logging.INFO, "forum.requests")
    app = make_app(sqlite_url, TRUSTED_PROXIES=proxies, REGISTRATIONS_PER_ADDRESS="20 per hour")
    with app.app_context():
        make_event()
    browser = app.test_client()
    token = token_in(browser.get("/en/register/link").text)
    for number in range(21):
        answer = browser.post(
            "/en/register/link",
            data={"email": "a@example.org", "csrf_token": token},
            headers={"X-Forwarded-For": f"198.51.100.{number}", "X-Real-IP": f"198.51.100.{number}"},
        )
    assert answer.status_code in statuses
    assert "198.51.100" not in "\n".join(
        json.dumps(record.msg, default=str) + record.getMessage() for record in caplog.records
    )


def _mail_ids(world) -> set[int]:
    with world.app.app_context():
        return set(db.session.scalars(select(OutboxMessage.id)))


def _address_of(world, name: str) -> str:
    """Return a person's `email_canonical`; in the test data it is another address than `email`."""
    query = select(Registration.email_canonical).where(Registration.reference == world.references[name])
    with world.app.app_context():
        return db.session.scalars(query).one()


def _address_of_admin(world) -> str:
    return re.search(r"zq\d+x@example\.org", world.browsers[ADMIN].get("/account/").text)[0]


def _whole(content: bytes) -> str:
    message = message_from_bytes(content, policy=policy.default)
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return str(dict(message.items())) + "\n".join(
        part if isinstance(part, str) else part.decode() for part in parts
    )


@pytest.mark.parametrize("shape", ["{}:4711", "{}", "[{}]:4711", "[{}]"])
@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_a_client_is_one_client_from_every_port(address, shape):
    """A client counts by its address without the port, which some proxies add: each port would be another client."""
    assert (
        subscriber(shape.format(address)) == {"192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::"}[address]
    )


def test_the_port_that_a_proxy_adds_makes_no_other_client(make_app, sqlite_url):
    """Each attempt comes from another port of one address, and the limit counts all attempts together."""
    app = make_app(sqlite_url, TRUSTED_PROXIES=1, REGISTRATIONS_PER_ADDRESS="20 per hour")
    with app.app_context():
        make_event()
    browser = app.test_client()
    sent = {"email": "a@example.org", "csrf_token": token_in(browser.get("/en/register/link").text)}
    for port in range(4711, 4711 + 21):
        answer = browser.post(
            "/en/register/link", data=sent, headers={"X-Forwarded-For": f"198.51.100.1:{port}"}
        )
    assert answer.status_code == 429


@pytest.mark.parametrize("name", ["CONTENT_LENGTH", "CONTENT_TYPE"])
def test_a_header_with_an_underscore_is_refused_where_the_server_shows_it(world, name):
    """Header names with an underscore are refused: to WSGI they are the names with a dash, which they could forge."""
    for path in ("/en/register/ngo", "/console/nf27/"):
        answer = world.browsers[ADMIN].get(path, environ_overrides={f"HTTP_{name}": "5"})
        assert answer.status_code == 400, path
