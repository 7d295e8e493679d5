"""Signing in needs two factors, reveals no account, and redirects within the forum only (S03, S08, S10, S24, S38)."""

from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from argon2 import extract_parameters
from sqlalchemy import func, select

from forum.accounts import actions, passwords, sign_ins
from forum.accounts.access import AUDIENCES, Roles
from forum.accounts.errors import SignInRefused
from forum.accounts.models import SignIn
from forum.database import start_write
from forum.extensions import db
from tools.organisers import PASSWORD, code_of, give_password, make_user, sign_in, walk_in
from tools.pages import counted_statements


def sign_in_count() -> int:
    return db.session.scalars(select(func.count()).select_from(SignIn)).one()


def address(app, rule, **known: str) -> str:
    """Return a path that matches the route's rule, with "1" for each parameter that is not in `known`."""
    values = {name: known.get(name, "1") for name in rule.arguments}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, values)


def test_two_factors_open_the_console(pages, user):
    page = give_password(pages, user)
    assert (page.location, sign_in_count()) == ("/account/second-factor", 0)
    page = pages.get("/account/second-factor").submit({"code": code_of(user)}, expect=303)
    assert (page.location, sign_in_count()) == ("/console/", 1)
    assert pages.get("own_account.show").h1 == "Your account"


def test_the_password_alone_opens_no_page_of_the_console_or_the_account(app, pages, user):
    give_password(pages, user)
    guarded = [
        address(app, rule, event="nf27")
        for rule in app.url_map.iter_rules()
        if isinstance(AUDIENCES[rule.endpoint], Roles) and "GET" in rule.methods
    ]
    assert len(guarded) > 10
    for path in guarded:
        page = pages.get(path, expect=303)
        assert page.location.startswith("/account/sign-in"), path


@pytest.mark.parametrize(
    ("seconds_ago", "right"), [(0, True), (29, True), (-30, True), (60, False), (90, False), (-90, False)]
)
def test_a_code_holds_for_its_half_minute_and_its_neighbours(pages, user, seconds_ago, right):
    give_password(pages, user)
    page = pages.get("/account/second-factor")
    page.submit({"code": code_of(user, seconds_ago=seconds_ago)}, expect=303 if right else 422)


def test_a_code_may_be_written_with_a_blank(pages, user):
    give_password(pages, user)
    code = code_of(user)
    pages.get("/account/second-factor").submit({"code": f" {code[:3]} {code[3:]} "}, expect=303)


def test_the_second_step_waits_ten_minutes(pages, user, time):
    give_password(pages, user)
    time.forward(minutes=10)
    assert pages.get("/account/second-factor", expect=303).location == "/account/sign-in"


def test_the_second_step_without_the_first_leads_to_it(pages, user):
    assert pages.get("/account/second-factor", expect=303).location == "/account/sign-in"
    assert pages.get("/account/set-up", expect=303).location == "/account/sign-in"


@pytest.mark.parametrize("what", ["unknown address", "wrong password", "disabled", "without password"])
def test_a_refused_sign_in_says_the_same_whatever_is_wrong(app, pages, user, what):
    if what == "disabled":
        start_write(db.session)
        user.active = False
        db.session.commit()
    if what == "without password":
        user = make_user(password_hash=None)
    email = "nobody@example.org" if what == "unknown address" else user.email
    password = "another than the right one" if what == "wrong password" else PASSWORD
    page = pages.post("accounts.sign_in", {"email": email, "password": password}, lang="en", expect=422)
    assert page.errors == {"": "The address or the password is wrong"}
    assert page.soup.find(id="password").get("value", "") == ""


def test_a_refused_sign_in_takes_the_same_work_whether_the_address_is_known(app, user, monkeypatch):
    costs = []
    matches = passwords.HASHER.verify

    def verify(stored: str, password: str) -> bool:
        costs.append(extract_parameters(stored))
        return matches(stored, password)

    monkeypatch.setattr(passwords, "HASHER", SimpleNamespace(verify=verify, hash=passwords.HASHER.hash))
    counts = [refused_statements(app, email) for email in (user.email, "nobody@example.org")]
    assert (counts[0], len(costs), costs[0]) == (counts[1], 2, costs[1])


def refused_statements(app, email: str) -> int:
    db.session.rollback()
    with counted_statements(app) as statements, pytest.raises(SignInRefused):
        actions.check_password(email, "not the right password")
    return len(statements)


def test_an_address_may_be_written_in_capitals(pages, user):
    data = {"email": f"  {user.email.upper()} ", "password": PASSWORD}
    assert pages.post("accounts.sign_in", data).location == "/account/second-factor"


def test_a_signed_in_user_is_redirected_from_the_sign_in_page(pages, user):
    sign_in(pages, user)
    assert pages.get("accounts.sign_in", expect=303).location == "/console/"


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https://evil.example/console/",
        "javascript:alert(1)",
        "/console/\tx",
        "/console/\r\nSet-Cookie: a=b",
        "/console//evil.example",
        "/console/../sv/",
        "/sv/",
        "console/",
        "/console/" + "a" * 1000,
        "",
    ],
)
def test_a_way_back_that_is_not_ours_leads_to_the_console(pages, user, target):
    assert sign_ins.own_page(target) == "/console/"
    # Leave an empty parameter out: the app redirects to the URL without it (web/test_own_addresses).
    named = {"next": target} if target else {}
    assert walk_in(pages, user, **named).location == "/console/"


@pytest.mark.parametrize(
    "target", ["/console/nf27/attendees?sector=justice&q=%C3%85sa", "/account/sessions", "/console/"]
)
def test_a_way_back_to_our_own_pages_is_kept(pages, user, target):
    assert walk_in(pages, user, next=target).location == target


def test_the_way_back_is_the_page_that_was_asked_for(pages, user):
    page = pages.get("/account/sessions?x=%C3%A5", expect=303)
    assert walk_in(pages, user, next=parse_qs(urlsplit(page.location).query)["next"][0]).location == (
        "/account/sessions?x=%C3%A5"
    )


def test_the_cookie_names_nobody(app, pages, user):
    walk_in(pages, user)
    with pages.client.session_transaction() as session:
        kept = dict(session)
    assert set(kept) <= {"sign_in", "language", "csrf_token"}
    assert user.email not in str(kept)
    assert len(kept["sign_in"]) == 43


def test_the_cookie_is_locked_down_on_every_account_page(make_app, sqlite_url, user):
    """Over https the session's cookie has the attributes that Flask does not set by default (F6)."""
    app = make_app(sqlite_url, BASE_URL="https://forum.example")
    for path in ("/account/sign-in", "/account/forgot", "/account/signed-out?lang=sv"):
        answer = app.test_client().get(path, base_url="https://forum.example")
        name, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert name.startswith("__Host-forum=")
        assert set(attributes) == {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"}


def test_every_post_needs_its_token_signed_in_or_not(app, pages, user):
    sign_in(pages, user)
    rules = [
        r for r in app.url_map.iter_rules() if r.endpoint.partition(".")[0] in {"accounts", "own_account"}
    ]
    posts = [rule for rule in rules if "POST" in rule.methods]
    assert len(posts) >= 15
    paths = [address(app, rule) for rule in posts]
    for path in paths:
        assert pages.client.post(path, data={}).status_code == 400, path
    assert sign_in_count() == 1


def test_the_fields_help_password_managers(pages, user):
    page = pages.get("accounts.sign_in")
    hints = {field["name"]: field.get("autocomplete") for field in page.soup.select("main .input")}
    assert hints == {"email": "username", "password": "current-password"}
    give_password(pages, user)
    assert pages.get("/account/second-factor").soup.find(id="code")["autocomplete"] == "one-time-code"


def test_the_pages_speak_the_browsers_language_and_another_on_demand(pages, user):
    page = pages.get("accounts.sign_in", headers={"Accept-Language": "en"})
    assert (page.h1, page.soup.html["lang"]) == ("Sign in", "en")
    page = pages.open(page.links["Svenska"], headers={"Accept-Language": "en"})
    assert page.soup.html["lang"] == "sv"
    assert pages.get("accounts.forgot", headers={"Accept-Language": "en"}).soup.html["lang"] == "sv"


def test_the_language_switch_keeps_the_way_back(pages):
    page = pages.get("/account/sign-in?next=/account/sessions", headers={"Accept-Language": "en"})
    assert "next=/account/sessions" in page.links["Svenska"].replace("%2F", "/")


@pytest.mark.parametrize(
    "odd", ["endpoint=x", "_external=1", "_anchor=x", "_scheme=javascript", "token=x", "lang=sv&lang=x"]
)
def test_the_language_switch_takes_nothing_else_over_from_the_address(app, database, odd):
    answer = app.test_client().get(f"/account/sign-in?{odd}")

    assert (answer.status_code, b'href="/account/sign-in?lang=' in answer.data) == (200, True)


def test_a_signed_in_user_reads_the_language_of_the_account(pages, event):
    sign_in(pages, make_user(language="sv"))
    page = pages.get("own_account.show", headers={"Accept-Language": "en"})
    assert page.soup.html["lang"] == "sv"
