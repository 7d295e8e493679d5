"""Every route has an audience, and each that changes something needs a CSRF token and refuses other sites."""

import pytest
from werkzeug.routing.converters import IntegerConverter

from forum.accounts.access import AUDIENCES, LISTS, Face, Roles
from forum.extensions import csrf
from forum.web import requests
from tests.factories.events import make_event

VALUES = {"lang": "en", "year": 2016, "month": 11, "day": 25}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# Forms that need no CSRF token: mail programs send them by themselves to unsubscribe (RFC 8058), and the token in their
# URL allows nothing else.
EXEMPT_FROM_CSRF = {"refusing.show", "followers.leave"}


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(app, rule) -> str:
    """Return a URL that the rule matches, with values that do not exist."""
    numbers = {name for name, kind in rule._converters.items() if isinstance(kind, IntegerConverter)}
    values = {name: VALUES.get(name, 2 if name in numbers else "x") for name in rule.arguments}
    with app.test_request_context("/"):
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_every_route_has_an_audience(app):
    assert {rule.endpoint for rule in rules(app)} - set(AUDIENCES) == set()


def test_every_audience_belongs_to_a_route(app):
    assert set(AUDIENCES) - {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"} == set()


def test_no_route_stands_in_two_lists():
    assert sum(len(listed.AUDIENCES) for listed in LISTS) == len(AUDIENCES)


def test_a_route_without_an_audience_is_refused(make_app, sqlite_url, caplog):
    app = make_app(sqlite_url)
    app.add_url_rule("/unlisted", "unlisted", lambda: "secret")
    answer = app.test_client().get("/unlisted")
    assert (answer.status_code, b"secret" in answer.data) == (404, False)
    assert "route without an audience: unlisted" in caplog.text


def unguarded(app) -> list[str]:
    """Return methods and rules that work without a CSRF token or from another site."""
    client, found = app.test_client(), []
    for rule in rules(app):
        for method in rule.methods & UNSAFE:
            plain = client.open(address(app, rule), method=method, data={}).status_code
            signed_out = isinstance(AUDIENCES[rule.endpoint], Roles) and plain in {303, 404}
            if plain != 400 and not signed_out and rule.endpoint not in EXEMPT_FROM_CSRF:
                found.append(f"{method} {rule} without a token: {plain}")
            headers = {"Sec-Fetch-Site": "cross-site"}
            foreign = client.open(address(app, rule), method=method, headers=headers).status_code
            if foreign != 403:
                found.append(f"{method} {rule} from another site: {foreign}")
    return found


def test_every_unsafe_method_needs_a_csrf_token_and_comes_from_our_own_site(app, event):
    """A visitor's POST needs a CSRF token and this site as origin; for organisers see test_access_matrix.py (S10)."""
    assert unguarded(app) == []


def test_a_route_without_csrf_protection_is_found(app, event, monkeypatch):
    """Control: a route without CSRF protection, and one that accepts other sites, are found."""
    app.add_url_rule("/probe", "probe", csrf.exempt(lambda: "done"), methods=["DELETE"])
    monkeypatch.setitem(AUDIENCES, "probe", Face.PUBLIC)
    assert unguarded(app) == ["DELETE /probe without a token: 200"]
    monkeypatch.setattr(requests, "SAFE_METHODS", {"GET", "DELETE"})
    assert unguarded(app) == ["DELETE /probe without a token: 200", "DELETE /probe from another site: 200"]


def test_the_session_cookie_is_locked_down(make_app, sqlite_url, database):
    make_event()
    app = make_app(sqlite_url, BASE_URL="https://forum.example")
    answer = app.test_client().get("/en/register/justice", base_url="https://forum.example")
    name, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert name.startswith("__Host-forum=")
    assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/sv/", "/en/register/justice", "/account/sign-in", "/console/", "/x"]
)
def test_an_unknown_host_is_refused(make_app, sqlite_url, database, path):
    app = make_app(sqlite_url, BASE_URL="https://forum.example")

    answer = app.test_client().get(path, base_url="https://evil.example")

    assert (answer.status_code, b"evil.example" in answer.data, "Set-Cookie" in answer.headers) == (
        400,
        False,
        False,
    )


def test_forwarded_headers_count_only_from_configured_proxies(make_app, sqlite_url, database):
    make_event()
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
    }
    page = make_app(sqlite_url).test_client().get("/en/register/received", headers=forged)
    assert b"evil.example" not in page.data


@pytest.mark.parametrize(
    "path",
    [
        "/en/register?a=1&a=2",
        "/en/register?a[]=1",
        "/en/register?%00=%ff",
        "/en/%F0%28%8C%28",
        "/en/register/%00",
    ],
)
def test_odd_addresses_are_never_our_fault(app, event, path):
    assert app.test_client().get(path).status_code < 500
