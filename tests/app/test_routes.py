"""Guards over every route; what is not listed fails."""

import pytest
from werkzeug.routing.converters import IntegerConverter

from forum.web.access import AUDIENCES, Face, Roles
from forum.web.headers import SECURITY_HEADERS
from tests.factories.events import make_event

VALUES = {"lang": "en", "year": 2016, "month": 11, "day": 25}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
EXEMPT_FROM_CSRF: set[str] = set()  # RFC 8058 unsubscribing will be the only one


@pytest.fixture
def event(database):
    return make_event()


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def address(app, rule) -> str:
    """An address that the rule matches; the values lead nowhere."""
    numbers = {name for name, kind in rule._converters.items() if isinstance(kind, IntegerConverter)}
    values = {name: VALUES.get(name, 2 if name in numbers else "x") for name in rule.arguments}
    with app.test_request_context("/"):
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_every_route_has_an_audience(app):
    assert {rule.endpoint for rule in rules(app)} - set(AUDIENCES) == set()


def test_every_audience_belongs_to_a_route(app):
    assert set(AUDIENCES) - {rule.endpoint for rule in app.url_map.iter_rules()} - {"static"} == set()


def test_a_route_without_an_audience_is_refused(make_app, sqlite_url, caplog):
    app = make_app(sqlite_url)
    app.add_url_rule("/unlisted", "unlisted", lambda: "secret")
    answer = app.test_client().get("/unlisted")
    assert (answer.status_code, b"secret" in answer.data) == (404, False)
    assert "route without an audience: unlisted" in caplog.text


def test_every_unsafe_method_needs_a_csrf_token(app, event):
    client = app.test_client()
    for rule in rules(app):
        for method in rule.methods & UNSAFE:
            if rule.endpoint in EXEMPT_FROM_CSRF:
                continue
            answer = client.open(address(app, rule), method=method, data={})
            signed_out = isinstance(AUDIENCES[rule.endpoint], Roles) and answer.status_code in {303, 404}
            assert answer.status_code == 400 or signed_out, f"{method} {rule}: {answer.status_code}"


def test_a_cross_site_request_is_refused_before_anything_else(app, event):
    client = app.test_client()
    for rule in rules(app):
        for method in rule.methods & UNSAFE:
            answer = client.open(address(app, rule), method=method, headers={"Sec-Fetch-Site": "cross-site"})
            assert answer.status_code == 403, f"{method} {rule}: {answer.status_code}"


def test_every_response_has_the_security_headers(app, event):
    client = app.test_client()
    addresses = [address(app, rule) for rule in rules(app) if "GET" in rule.methods]
    for path in [*addresses, "/nowhere", "/en/nowhere"]:
        headers = client.get(path).headers
        assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS, path


def test_strict_transport_security_where_the_site_is_https(make_app, sqlite_url):
    app = make_app(sqlite_url, BASE_URL="https://forum.example")
    answer = app.test_client().get("/healthz", base_url="https://forum.example")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_public_pages_set_no_cookie_and_personal_ones_are_not_stored(app, event):
    for rule in rules(app):
        if "GET" not in rule.methods:
            continue
        answer = app.test_client().get(address(app, rule))
        if AUDIENCES[rule.endpoint] in {Face.PUBLIC, Face.MACHINE}:
            assert "Set-Cookie" not in answer.headers, rule
        else:
            assert (answer.headers["Cache-Control"], "Cookie" in answer.headers["Vary"]) == (
                "no-store",
                True,
            ), rule


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
