"""Every answer has the required headers, whatever kind of answer it is (S08, S41, S42, F4, P17).

Pages, redirects, files, answers to forms and errors are requested as a visitor, a person and an admin, over https. The
expected headers are written here word for word, not taken from the forum's code.
"""

import re
from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from forum.accounts.access import AUDIENCES, OPEN_FACES, Face, Roles
from forum.web.static import load_manifest
from tests.guards.addresses import addresses, readable
from tests.guards.conftest import opened
from tests.guards.test_mass_assignment import FORMS, SIGNING_OUT, hidden_fields
from tests.guards.world import ADMIN, HANDLER, HERE, PERSON, VISITOR, World

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Strict-Transport-Security": "max-age=31536000",
}
POLICY = {  # the least that the Content Security Policy must have; no inline code, no other sites
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
}
TOO_WIDE = re.compile(r"unsafe-|\*|https?:|data:")
ATTRIBUTES = {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}
# The attributes of a Set-Cookie header that deletes the cookie.
TAKEN_BACK = {
    "Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "Max-Age=0",
}
ANSWERS = (
    # A cookie with encrypted answers of a visitor's form, or the deletion of that cookie.
    re.compile(
        # The cookie "asked" holds an e-mail address only, so it is shorter than the cookies with answers.
        r"__Secure-(?:(?:kept|sent)=[A-Za-z0-9_-]{80,}=*|asked=[A-Za-z0-9_-]{60,}=*"
        r"|kept=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0);"
        r" Secure; HttpOnly; Path=/(sv|en)/register(/link)?; SameSite=Lax"
    )
)
# A cookie that carries a new private link, encrypted, to the console page that shows it once; or its deletion.
SHOWN_ONCE = re.compile(
    r"__Secure-preview_link=(?:[A-Za-z0-9_-]{80,}=*|; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0);"
    r" Secure; HttpOnly; Path=/console/[a-z0-9-]+/preview-links; SameSite=Lax"
)
# A cookie that carries a new calendar address, encrypted, to the person's page that shows it once; or its deletion.
CALENDAR_ADDRESS = re.compile(
    r"__Secure-calendar_address=(?:[A-Za-z0-9_-]{80,}=*|; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0);"
    r" Secure; HttpOnly; Path=/(sv|en)/r/calendar; SameSite=Lax"
)
SITE = {"base_url": "https://localhost"}


@pytest.fixture(scope="module")
def site(settings, built_world, tmp_path_factory) -> Iterator[World]:
    """Give the test data (world.py) as a site with an https URL, which tests only read."""
    folder = tmp_path_factory.mktemp("https")
    yield from opened(settings, built_world, folder, BASE_URL="https://localhost")


@pytest.fixture
def fresh_site(settings, built_world, tmp_path) -> Iterator[World]:
    """Give a site with an https URL and test data of its own, to which a test may send forms."""
    yield from opened(settings, built_world, tmp_path, BASE_URL="https://localhost")


def problems(answer: TestResponse, face: object) -> list[str]:
    """Return the faults in a response's headers; `face` is the audience of its route, or None without a route."""
    headers, found = answer.headers, []
    found += [name for name, value in EVERYWHERE.items() if headers.get(name) != value]
    rules = headers.get("Content-Security-Policy", "").split("; ")
    found += [f"policy: {rule}" for rule in sorted(POLICY - set(rules))]
    found += [f"policy: {rule}" for rule in rules if TOO_WIDE.search(rule) and rule != "img-src 'self' data:"]
    for cookie in headers.getlist("Set-Cookie"):
        if face in OPEN_FACES or not (
            _is_session(cookie)
            or (face == Face.FORM and ANSWERS.fullmatch(cookie))
            or (isinstance(face, Roles) and SHOWN_ONCE.fullmatch(cookie))
            or (face == Face.LINK and CALENDAR_ADDRESS.fullmatch(cookie))
        ):
            found.append(f"cookie: {re.sub('=[^;]*', '', cookie, count=1)}")
    if face not in OPEN_FACES:
        stored = (headers.get("Cache-Control"), "Cookie" in headers.get("Vary", ""))
        # A calendar program may keep the feed to which a person has subscribed.
        allowed = "private, no-cache" if _is_calendar_feed(answer) else "no-store"
        found += [] if stored == (allowed, True) else [f"kept: {stored}"]
    elif answer.status_code >= 400 and headers.get("Cache-Control") != "no-store":
        found.append("an error that is kept")
    return found


def _is_calendar_feed(answer: TestResponse) -> bool:
    return answer.request.path.startswith("/en/r/calendar/") and answer.mimetype == "text/calendar"


def _is_session(cookie: str) -> bool:
    name, *attributes = cookie.split("; ")
    return name.startswith("__Host-forum=") and set(attributes) in (ATTRIBUTES, ATTRIBUTES | TAKEN_BACK)


def test_every_page_and_redirect_has_its_headers(site):
    """Pages behind a link are stored by no cache, and their policy allows no other site (S22)."""
    for audience in (VISITOR, PERSON, ADMIN):
        for address in readable(site):
            answer = site.browsers[audience].get(address.path, **SITE)
            found = problems(answer, AUDIENCES[address.endpoint])
            assert found == [], f"{audience}: {address.path}"


@pytest.mark.slow
def test_every_forms_answer_has_its_headers(fresh_site):
    """Each form's answers, to a form without CSRF token, an empty and a proper one, have the required headers."""
    statuses, listed = set(), [found for found in addresses(fresh_site, (HERE,)) if found.endpoint in FORMS]
    hidden = {name: hidden_fields(fresh_site, name, "") for name in (VISITOR, PERSON, ADMIN, HANDLER)}
    for address in sorted(listed, key=lambda found: found.endpoint in SIGNING_OUT):
        audience, data, *_ = FORMS[address.endpoint]
        for sent in ({}, hidden[audience], {**hidden[audience], **data}):
            browser = fresh_site.browsers[audience]
            answer = browser.post(address.path, data=sent, headers=FROM_HERE, buffered=True, **SITE)
            assert problems(answer, AUDIENCES[address.endpoint]) == [], address.path
            statuses.add(answer.status_code)
    assert statuses >= {200, 303, 400, 404, 410, 422}


FROM_HERE = {"Referer": "https://localhost/"}
ERRORS = {  # the requests that lead to each error status
    404: ("GET", "/en/nowhere", {}),
    405: ("DELETE", "/en/", {}),
    400: ("GET", "/en/", {"headers": {"Host": "elsewhere.example"}}),
    403: ("POST", "/en/register/ngo", {"headers": {"Sec-Fetch-Site": "cross-site"}}),
    413: ("POST", "/en/register/ngo", {"data": {"email": "a" * 300_000}, "headers": FROM_HERE}),
    410: ("GET", f"/account/reset/{'x' * 43}", {}),
    500: ("GET", "/en/news/", {}),
}


@pytest.mark.parametrize("status", ERRORS)
def test_every_error_has_its_headers(site, monkeypatch, status):
    """Each kind of error has the required headers, the refusal of a form of 300,000 bytes included (F6)."""
    method, path, more = ERRORS[status]
    if status == 500:
        monkeypatch.setitem(site.app.view_functions, "news.index", lambda **_values: 1 / 0)
        site.app.extensions["page_cache"].clear()
    answer = site.app.test_client().open(path, method=method, **more, **SITE)
    face = AUDIENCES["news.index"] if status == 500 else None
    assert (answer.status_code, problems(answer, face)) == (status, [])


def test_every_kind_of_file_has_its_headers(site):
    names = load_manifest(site.app.config["STATIC"]).names
    for kind in (".css", ".js", ".svg", ".woff2"):
        path = next(hashed for name, hashed in names.items() if name.endswith(kind))
        answer = site.app.test_client().get(f"/static/{path}", **SITE)
        assert (answer.status_code, problems(answer, Face.PUBLIC)) == (200, []), path
    assert problems(site.app.test_client().get("/static/none.css", **SITE), None) == []


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"}, 304),
        ("GET", {"Range": "bytes=999999999-"}, 416),
        ("GET", {"Range": "bytes=0-9"}, 206),
        ("HEAD", {}, 200),
        ("POST", {}, 405),
        ("OPTIONS", {}, 405),
    ],
)
def test_every_answer_about_a_file_has_its_headers(site, method, headers, status):
    path = load_manifest(site.app.config["STATIC"]).url("css/app.css")
    answer = site.app.test_client().open(path, method=method, headers=headers, **SITE)
    assert (answer.status_code, problems(answer, Face.PUBLIC)) == (status, [])


CHANGES = {
    "a header is missing": ({"X-Frame-Options": None}, Face.PUBLIC, ["X-Frame-Options"]),
    "no Referrer at all (F4)": ({"Referrer-Policy": "no-referrer"}, Face.PUBLIC, ["Referrer-Policy"]),
    "no policy": (
        {"Content-Security-Policy": None},
        Face.PUBLIC,
        [f"policy: {rule}" for rule in sorted(POLICY)],
    ),
    "a cookie for a reader": (
        {"Set-Cookie": "__Host-forum=1; Secure; HttpOnly; Path=/; SameSite=Lax"},
        Face.PUBLIC,
        ["cookie: __Host-forum; Secure; HttpOnly; Path=/; SameSite=Lax"],
    ),
    "a cookie for scripts": (
        {
            "Set-Cookie": "__Host-forum=1; Secure; Path=/; SameSite=Lax",
            "Cache-Control": "no-store",
            "Vary": "Cookie",
        },
        Face.FORM,
        ["cookie: __Host-forum; Secure; Path=/; SameSite=Lax"],
    ),
    "answers that can be read": (
        {
            "Set-Cookie": "__Secure-kept=Eva; Secure; HttpOnly; Path=/sv/register; SameSite=Lax",
            "Cache-Control": "no-store",
            "Vary": "Cookie",
        },
        Face.FORM,
        ["cookie: __Secure-kept; Secure; HttpOnly; Path=/sv/register; SameSite=Lax"],
    ),
    "a personal page that is kept": ({"Cache-Control": "no-cache"}, Face.LINK, ["kept: ('no-cache', False)"]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_missing_header_is_found(site, change):
    """Control: removing or changing a header of a public page is noticed."""
    answer = site.app.test_client().get("/en/pages/practical", **SITE)
    assert problems(answer, Face.PUBLIC) == []
    changes, face, found = CHANGES[change]
    for name, value in changes.items():
        answer.headers.pop(name, None) if value is None else answer.headers.set(name, value)
    assert problems(answer, face) == found


@pytest.mark.parametrize("rule", ["script-src 'self' 'unsafe-inline'", "connect-src *", "img-src https:"])
def test_a_policy_that_is_too_wide_is_found(site, rule):
    """Control: a Content Security Policy with a rule that allows too much is found."""
    answer = site.app.test_client().get("/en/pages/practical", **SITE)
    answer.headers["Content-Security-Policy"] += f"; {rule}"
    assert problems(answer, Face.PUBLIC) == [f"policy: {rule}"]
