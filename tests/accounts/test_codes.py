"""Each code of a second factor works once, on both databases (S03)."""

from base64 import b32encode

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts import actions
from forum.accounts.errors import CodeRefused, LinkRefused
from forum.accounts.models import RecoveryCode, User
from forum.database import start_write
from forum.extensions import db
from tools.organisers import code_for, code_of, give_password, make_user
from tools.pages import Pages


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def test_a_first_sign_in_sets_up_an_authenticator_and_shows_the_recovery_codes_once(pages, event):
    user = make_user(totp_secret=None)
    page = give_password(pages, user)
    assert page.location == "/account/set-up"
    assert pages.get("/account/second-factor", expect=303).location == "/account/set-up"
    page = pages.get("/account/set-up")
    db.session.refresh(user)
    proposed = user.totp_proposed
    key = "".join(page.soup.select_one("code.key").text.split())
    assert key == b32encode(proposed).decode()
    assert page.soup.select_one("img.qr")["src"].startswith("data:image/svg+xml")
    page = page.submit({"code": code_for(proposed)}, expect=200)
    codes = page.all(".codes code")
    assert (page.h1, len(set(codes)), page.links["I have saved the codes"]) == (
        "Your recovery codes",
        10,
        "/console/",
    )
    db.session.refresh(user)
    assert (user.totp_secret, user.totp_proposed) == (proposed, None)
    assert pages.get("own_account.show").status == 200
    assert codes[0] not in pages.get("own_account.recovery_codes").text


def test_the_database_holds_no_secret_or_code_in_plain(pages, event, app):
    user = make_user(totp_secret=None)
    give_password(pages, user)
    page = pages.get("/account/set-up")
    db.session.refresh(user)
    secret = user.totp_proposed
    codes = page.submit({"code": code_for(secret)}, expect=200).all(".codes code")
    raw = db.session.connection().exec_driver_sql("SELECT totp_secret FROM users").scalar()
    digests = db.session.scalars(select(RecoveryCode.digest)).all()
    assert secret not in bytes(raw)
    assert len(digests) == 10
    assert not any(code in digest or code.replace("-", "") in digest for code in codes for digest in digests)


def test_the_same_code_twice_is_refused_the_second_time(app, user):
    code = code_of(user)
    first, second = Pages(app), Pages(app)
    for pages in (first, second):
        # only the user's latest sign-in can continue from the password to the code
        give_password(pages, user)
    second.get("/account/second-factor").submit({"code": code}, expect=303)
    give_password(first, user)
    page = first.get("/account/second-factor").submit({"code": code}, expect=422)
    assert page.errors == {"code": "The code is wrong or used. Wait for the next one and try again."}


def test_an_older_code_than_the_last_is_refused(user, time):
    old = code_of(user)
    time.forward(seconds=30)
    start_write(db.session)
    actions.check_code(user, code_of_now := code_for(user.totp_secret), now=clock.now())
    assert code_of_now != old
    with pytest.raises(CodeRefused):
        actions.check_code(user, old, now=clock.now())
    db.session.rollback()


def test_a_recovery_code_works_once_in_any_spelling(pages, user, app):
    start_write(db.session)
    codes = actions.renew_recovery_codes(user, now=clock.now())
    db.session.commit()
    give_password(pages, user)
    page = pages.get("/account/second-factor").submit(
        {"code": codes[0].upper().replace("-", " ")}, expect=303
    )
    assert page.location == "/console/"
    again = Pages(app)
    give_password(again, user)
    again.get("/account/second-factor").submit({"code": codes[0]}, expect=422)
    again.get("/account/second-factor").submit({"code": codes[1]}, expect=303)


def test_a_recovery_code_of_somebody_else_is_refused(pages, user):
    other = make_user()
    start_write(db.session)
    codes = actions.renew_recovery_codes(other, now=clock.now())
    db.session.commit()
    give_password(pages, user)
    pages.get("/account/second-factor").submit({"code": codes[0]}, expect=422)


def test_a_copy_of_the_first_steps_cookie_is_worth_nothing_after_signing_in(app, user):
    pages, thief = Pages(app), Pages(app)
    give_password(pages, user)
    copied = pages.client.get_cookie("forum").value
    pages.get("/account/second-factor").submit({"code": code_of(user)}, expect=303)
    thief.client.set_cookie("forum", copied)
    assert thief.get("/account/second-factor", expect=303).location == "/account/sign-in"


def test_one_of_two_simultaneous_sign_ins_with_the_same_code_fails(make_app, database_url, user):
    """A conditional UPDATE marks the code as used; the second sign-in's UPDATE changes no row."""
    code = code_of(user)
    start_write(db.session)
    actions.check_code(user, code, now=clock.now())
    with pytest.raises(CodeRefused):
        actions.check_code(user, code, now=clock.now())
    db.session.commit()
    assert db.session.get(User, user.id).last_totp_counter == int(clock.now().timestamp()) // 30


def test_a_user_without_an_authenticator_has_no_valid_code(event):
    user = make_user(totp_secret=None)
    with pytest.raises(CodeRefused):
        actions.check_code(user, "000000", now=clock.now())


def test_setting_up_is_over_once_there_is_an_authenticator(user):
    """A form to set up an authenticator, still open in a second browser, is refused once the account has one."""
    start_write(db.session)
    waiting = actions.links.issue(user, actions.LinkPurpose.SECOND_FACTOR, now=clock.now())
    with pytest.raises(LinkRefused):
        actions.finish_set_up(waiting, code_of(user), browser="", now=clock.now())
    db.session.rollback()


def test_a_wrong_first_code_shows_the_same_key_again(pages, event):
    user = make_user(totp_secret=None)
    give_password(pages, user)
    page = pages.get("/account/set-up")
    again = page.submit({"code": "000000"}, expect=422)
    assert again.soup.select_one("code.key").text == page.soup.select_one("code.key").text
    assert again.errors == {"code": "The code is wrong or used. Wait for the next one and try again."}
    pages.get("own_account.show", expect=303)
