"""Changing one's password and second factor, and confirming with both factors (S06, S09)."""

import pytest

from forum import clock
from forum.accounts import actions, passwords, queries, recovery_codes, sign_ins
from forum.accounts.models import User
from forum.database import start_write
from forum.extensions import db
from tests.accounts.reading import mails_to
from tools.organisers import OTHER_PASSWORD, PASSWORD, SECRET, code_for, code_of, sign_in
from tools.pages import Pages


@pytest.fixture
def signed_in(pages, user) -> Pages:
    sign_in(pages, user)
    return pages


def test_the_account_page_says_what_there_is(signed_in, user):
    page = signed_in.get("own_account.show")
    assert user.email in page.text
    assert "0 unused" in page.text
    assert "In 1 browser" in page.text


def test_a_changed_password_is_told_by_mail(signed_in, user):
    signed_in.post("own_account.password", {"password": PASSWORD, "new_password": OTHER_PASSWORD})
    db.session.refresh(user)
    assert passwords.matches(user.password_hash, OTHER_PASSWORD)
    assert [mail.subject for mail in mails_to(user)] == ["Your password has been changed"]
    assert OTHER_PASSWORD not in mails_to(user)[0].text


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"password": "not the present one"}, "password", "This is not your present password"),
        ({"password": ""}, "password", "Enter your password"),
        ({"new_password": "short"}, "new_password", "Use at least 12 characters"),
        ({"new_password": ""}, "new_password", "Enter a new password"),
        (
            {"new_password": "Alva-Lindqvist!"},
            "new_password",
            "Choose a password that is not made of your name, your address or words about the forum",
        ),
        (
            {"new_password": "password1234"},
            "new_password",
            "This password is easy to guess. Choose another, such as four words that do not belong together.",
        ),
    ],
)
def test_a_refused_change_says_why_and_changes_nothing(signed_in, user, given, field, message):
    data = {"password": PASSWORD, "new_password": OTHER_PASSWORD, **given}
    page = signed_in.post("own_account.password", data, expect=422)
    assert page.errors == {field: message}
    db.session.refresh(user)
    assert passwords.matches(user.password_hash, PASSWORD)
    assert mails_to(user) == []
    signed_in.get("own_account.show")


@pytest.mark.parametrize("endpoint", ["own_account.recovery_codes", "own_account.authenticator"])
def test_after_five_minutes_both_factors_are_asked_for_again(signed_in, user, time, endpoint):
    signed_in.get(endpoint)
    time.forward(minutes=5, seconds=1)
    page = signed_in.get(endpoint, expect=303)
    page = signed_in.open(page.location)
    assert page.h1 == "Confirm that it is you"
    page = page.submit({"password": PASSWORD, "code": code_of(user)}, expect=303)
    assert page.location == signed_in.url(endpoint)
    signed_in.get(endpoint)


@pytest.mark.parametrize(
    "wrong", [{"password": "not the right one"}, {"code": "000000"}, {"code": "", "password": PASSWORD}]
)
def test_confirming_takes_both_factors(signed_in, user, time, wrong):
    time.forward(minutes=6)
    data = {"password": PASSWORD, "code": code_of(user), **wrong}
    signed_in.post("own_account.confirm", data, expect=422)
    signed_in.get("own_account.recovery_codes", expect=303)


def test_a_post_is_asked_to_confirm_as_well(signed_in, user, time):
    page = signed_in.get("own_account.recovery_codes")
    time.forward(minutes=6)
    assert page.submit(expect=303).location.startswith("/account/confirm")
    assert queries.count_recovery_codes(user) == 0


def test_new_recovery_codes_take_the_place_of_the_old(signed_in, user):
    start_write(db.session)
    old = actions.renew_recovery_codes(user, now=clock.now())
    db.session.commit()
    page = signed_in.get("own_account.recovery_codes").submit(expect=200)
    codes = page.all(".codes code")
    assert (len(codes), set(codes) & set(old)) == (10, set())
    assert queries.count_recovery_codes(user) == 10
    assert [mail.subject for mail in mails_to(user)][-1] == "Your second factor has been changed"


def test_loading_the_page_of_new_codes_again_makes_no_others(signed_in, user):
    asking = signed_in.get("own_account.recovery_codes")
    codes = asking.submit(expect=200).all(".codes code")
    again = asking.submit(expect=303)
    assert "No more codes were made" in signed_in.open(again.location).text
    assert recovery_codes.are_in_use(user, codes)
    assert len(mails_to(user)) == 1
    assert len(signed_in.get("own_account.recovery_codes").submit(expect=200).all(".codes code")) == 10


def test_another_authenticator_takes_over_with_its_first_code(app, signed_in, user):
    other = Pages(app)
    sign_in(other, user)
    signed_in.post("own_account.authenticator")
    db.session.refresh(user)
    proposed = user.totp_proposed
    assert user.totp_secret == SECRET
    signed_in.get("own_account.authenticator").submit({"code": code_for(SECRET)}, expect=422)
    page = signed_in.get("own_account.authenticator").submit({"code": code_for(proposed)}, expect=200)
    assert len(page.all(".codes code")) == 10
    db.session.refresh(user)
    assert (user.totp_secret, user.totp_proposed) == (proposed, None)
    signed_in.get("own_account.show")
    other.get("own_account.show", expect=303)
    assert [mail.subject for mail in mails_to(user)] == ["Your second factor has been changed"]


ACTS = {
    "confirm": ("own_account.confirm", lambda user: {"password": PASSWORD, "code": code_of(user)}),
    "password": (
        "own_account.password",
        lambda _user: {"password": PASSWORD, "new_password": OTHER_PASSWORD},
    ),
    "codes": ("own_account.recovery_codes", lambda _user: {}),
    "authenticator": ("own_account.authenticator", lambda _user: {}),
    "others": ("/account/sessions/end-others", lambda _user: {}),
    "one": ("/account/sessions/1/end", lambda _user: {}),
    "sign out": ("/account/sign-out", lambda _user: {}),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_of_a_browser_that_was_just_signed_out_does_nothing(app, signed_in, user, monkeypatch, act):
    """A change is not written when the sign-in is ended after the access check and before the writing."""
    where, filled_in = ACTS[act]
    token = signed_in.get("own_account.show").form().data["csrf_token"][0]
    data = {**filled_in(user), "csrf_token": token}
    path = signed_in.url(where).replace("/authenticator", "/authenticator/new")
    begin = sign_ins.start_write

    def begin_after_the_end(session):
        begin(session)
        actions.end_sign_ins(db.session.get(User, user.id))
        session.commit()
        begin(session)

    monkeypatch.setattr(sign_ins, "start_write", begin_after_the_end)
    page = signed_in.open(path, method="POST", data=data, expect=303)
    db.session.refresh(user)
    assert page.location == ("/account/signed-out" if act == "sign out" else "/account/sign-in")
    assert passwords.matches(user.password_hash, PASSWORD)
    assert (user.totp_proposed, queries.count_recovery_codes(user), mails_to(user)) == (None, 0, [])


@pytest.mark.parametrize("act", ["confirm", "codes", "authenticator", "others"])
def test_the_same_act_of_a_browser_that_is_signed_in_is_done(signed_in, user, act):
    """Control: while the browser is signed in, its change is made."""
    where, filled_in = ACTS[act]
    token = signed_in.get("own_account.show").form().data["csrf_token"][0]
    path = signed_in.url(where).replace("/authenticator", "/authenticator/new")
    answer = signed_in.client.post(path, data={**filled_in(user), "csrf_token": token})
    assert (answer.status_code, answer.headers.get("Location")) != (303, "/account/sign-in")
