"""The link for a forgotten password works once and briefly, and replaces no second factor (S04, S20, S24)."""

import re
from contextvars import Context

import pytest

from forum import clock
from forum.accounts import actions, links, passwords
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import LinkRefused
from forum.accounts.models import OneTimeLink
from forum.database import start_write
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from tests.accounts.reading import link_in, mails_to
from tools.organisers import OTHER_PASSWORD, PASSWORD, give_password, make_user, sign_in, walk_in
from tools.pages import Pages


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def ask(pages: Pages, email: str):
    return pages.post("accounts.forgot", {"email": email}, lang="en")


def asked_link(pages: Pages, user) -> str:
    ask(pages, user.email)
    return link_in(mails_to(user)[-1])


def test_the_mailed_link_sets_a_password_and_signs_nobody_in(app, pages, user):
    other = Pages(app)
    sign_in(other, user)
    page = pages.open(asked_link(pages, user))
    assert page.h1 == "Choose a new password"
    page = page.submit({"new_password": OTHER_PASSWORD}, expect=303)
    assert page.location == "/account/sign-in"
    assert pages.open(page.location).flashes == ["The password is set. Sign in with it."]
    pages.get("own_account.show", expect=303)
    other.get("own_account.show", expect=303)
    assert [mail.subject for mail in mails_to(user)] == [
        "Set a new password",
        "Your password has been changed",
    ]


def test_the_mailed_link_leads_to_the_sites_own_port(make_app, sqlite_url):
    app = make_app(sqlite_url, BASE_URL="http://127.0.0.1:8123")
    with app.app_context():
        user = make_user()
        ask(Pages(app), user.email)
        assert "http://127.0.0.1:8123/account/reset/" in mails_to(user)[-1].text


def test_the_second_factor_is_still_asked_for(pages, user):
    pages.open(asked_link(pages, user)).submit({"new_password": OTHER_PASSWORD}, expect=303)
    assert give_password(pages, user, PASSWORD, expect=422).errors
    assert give_password(pages, user, OTHER_PASSWORD).location == "/account/second-factor"
    pages.get("own_account.show", expect=303)


def test_a_used_link_explains_itself(pages, user):
    link = asked_link(pages, user)
    pages.open(link).submit({"new_password": OTHER_PASSWORD}, expect=303)
    page = pages.open(link, expect=410)
    assert (page.h1, page.links["Send a new link"]) == ("This link no longer works", "/account/forgot")


def test_opening_the_link_does_not_use_it_up(pages, user):
    link = asked_link(pages, user)
    for _ in range(3):
        pages.open(link)
    assert Context().run(pages.client.head, link).status_code == 200
    pages.open(link).submit({"new_password": OTHER_PASSWORD}, expect=303)


def test_a_refused_password_does_not_use_it_up(pages, user):
    link = asked_link(pages, user)
    page = pages.open(link).submit({"new_password": "short"}, expect=422)
    assert page.errors == {"new_password": "Use at least 12 characters"}
    pages.open(link).submit({"new_password": OTHER_PASSWORD}, expect=303)


def test_the_link_holds_for_half_an_hour(pages, user, time):
    link = asked_link(pages, user)
    time.forward(minutes=29, seconds=59)
    pages.open(link)
    time.forward(seconds=1)
    pages.open(link, expect=410)


def test_a_newer_link_kills_the_older(pages, user, time):
    older = asked_link(pages, user)
    time.forward(minutes=20)
    newer = asked_link(pages, user)
    pages.open(older, expect=410)
    pages.open(newer)


def test_a_stranger_who_asks_again_ends_no_young_link(app, pages, user, time):
    link = asked_link(pages, user)
    for minutes in (0, 10, 9):
        time.forward(minutes=minutes)
        ask(Pages(app), user.email)
    assert len(mails_to(user)) == 1
    pages.open(link).submit({"new_password": OTHER_PASSWORD}, expect=303)


def test_whoever_keeps_asking_sends_three_mails_an_hour_and_one_link_always_works(app, user, time):
    """A stranger asks for links every four minutes for two hours; the owner has a working link all the time (S25)."""
    for minute in range(0, 120, 4):
        ask(stranger := Pages(app), user.email)
        stranger.open(link_in(mails_to(user)[-1]))
        assert len(mails_to(user)) == 1 + minute // 20
        time.forward(minutes=4)


def test_a_used_link_can_be_followed_by_another_at_once(pages, user):
    pages.open(asked_link(pages, user)).submit({"new_password": OTHER_PASSWORD}, expect=303)
    pages.open(asked_link(pages, user))
    assert len([mail for mail in mails_to(user) if mail.subject == "Set a new password"]) == 2


def test_a_link_dies_with_another_password(pages, user):
    link = asked_link(pages, user)
    walk_in(pages, user)
    pages.post("own_account.password", {"password": PASSWORD, "new_password": OTHER_PASSWORD})
    pages.open(link, expect=410)


@pytest.mark.parametrize("purpose", sorted(set(LinkPurpose) - {LinkPurpose.RESET}))
def test_a_link_for_something_else_is_refused(pages, user, purpose):
    start_write(db.session)
    token = links.issue(user, purpose, now=clock.now())
    db.session.commit()
    pages.open(f"/account/reset/{token}", expect=410)


def test_of_two_uses_at_once_one_counts(user):
    start_write(db.session)
    token = links.issue(user, LinkPurpose.RESET, now=clock.now())
    links.use(token, LinkPurpose.RESET, now=clock.now())
    with pytest.raises(LinkRefused):
        links.use(token, LinkPurpose.RESET, now=clock.now())
    db.session.rollback()


def test_one_of_two_simultaneous_uses_of_a_link_fails(user, monkeypatch):
    """Two requests both read the link as unused; a conditional UPDATE lets only one of them use it."""
    start_write(db.session)
    token = links.issue(user, LinkPurpose.RESET, now=clock.now())
    monkeypatch.setattr(links, "look", lambda *_args, **_more: user)
    links.use(token, LinkPurpose.RESET, now=clock.now())
    with pytest.raises(LinkRefused):
        links.use(token, LinkPurpose.RESET, now=clock.now())
    db.session.rollback()


def test_a_link_of_somebody_who_was_shut_out_is_refused(pages, user):
    link = asked_link(pages, user)
    start_write(db.session)
    user.active = False
    db.session.commit()
    pages.open(link, expect=410)


@pytest.mark.parametrize("who", ["unknown", "disabled", "never welcomed", "asked a moment ago"])
def test_an_address_without_account_gets_the_same_page_and_no_mail(app, pages, user, who):
    differing = {"disabled": {"active": False}, "never welcomed": {"password_hash": None}}
    email = "nobody@example.org" if who == "unknown" else make_user(**differing.get(who, {})).email
    if who == "asked a moment ago":
        ask(Pages(app), email)
    before = len(all_mails())
    known, unknown = ask(pages, user.email), ask(Pages(app), email)
    assert (known.status, known.location, known.data) == (unknown.status, unknown.location, unknown.data)
    assert _plain(known.headers) == _plain(unknown.headers)
    assert _shapes(known.statements) == _shapes(unknown.statements)
    assert [mail.recipient for mail in all_mails()[before:]] == [user.email]


def all_mails() -> list[OutboxMessage]:
    return db.session.query(OutboxMessage).order_by(OutboxMessage.id).all()


def test_unknown_addresses_leave_one_row_however_many_ask(app, event):
    for number in range(3):
        ask(Pages(app), f"nobody-{number}@example.org")
    assert db.session.query(OneTimeLink).count() == 1


def test_no_token_of_a_mail_lies_in_the_database(pages, user):
    token = re.search(r"/reset/([^?]+)", asked_link(pages, user))[1]
    assert len(token) == 43
    assert db.session.query(OneTimeLink).filter(OneTimeLink.digest == token).count() == 0
    content = db.session.connection().exec_driver_sql("SELECT content FROM outbox_messages").scalar()
    assert token.encode() not in bytes(content)


def test_the_mail_speaks_the_language_of_the_account(pages, event):
    user = make_user(language="sv")
    link = asked_link(pages, user)
    assert link.endswith("?lang=sv")
    assert pages.open(link).soup.html["lang"] == "sv"


def test_a_stranger_cannot_choose_where_the_link_leads(app, user):
    pages = Pages(app)
    page = pages.get("accounts.forgot", lang="en")
    form = page.form()
    pages.open(
        "/account/forgot",
        method="POST",
        data={"csrf_token": form.data["csrf_token"][0], "email": user.email},
        headers={"X-Forwarded-Host": "evil.example"},
        expect=303,
    )
    assert "evil.example" not in mails_to(user)[0].text
    assert passwords.matches(user.password_hash, PASSWORD)
    assert actions.check_password(user.email, PASSWORD).id == user.id


def _plain(headers) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"Set-Cookie", "X-Request-ID"}}


def _shapes(statements: list[str]) -> list[str]:
    return [" ".join(statement.split()[:3]) for statement in statements]
