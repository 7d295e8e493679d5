"""Sign-ins are rows in the database; signing out ends the row, not only the browser's cookie (S06, S07, S42, F5)."""

from contextvars import Context
from datetime import timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.exc import OperationalError

from forum import clock
from forum.accounts import actions, management, sign_ins
from forum.accounts.enums import Role
from forum.accounts.models import SignIn
from forum.database import start_write
from forum.extensions import db
from tests.factories.events import make_archive
from tools.organisers import OTHER_PASSWORD, PASSWORD, code_of, give_password, make_user, sign_in, walk_in
from tools.pages import Pages

ACCOUNT, SIGN_IN = "/account/", "/account/sign-in"


def is_signed_in(pages: Pages) -> bool:
    status = Context().run(pages.client.get, ACCOUNT).status_code
    assert status in {200, 303}
    return status == 200


def copy_of(pages: Pages) -> Pages:
    """Return another browser with the same cookies, as a thief would have."""
    thief = Pages(pages.app)
    thief.client.set_cookie("forum", pages.client.get_cookie("forum").value)
    return thief


def test_signing_out_works_from_a_page_of_an_earlier_sign_in(pages, database):
    """An old CSRF token signs out only with the Sec-Fetch-Site header: no other site can sign anybody out (S10)."""
    user = make_user(None)
    sign_in(pages, user)
    stale = pages.open(ACCOUNT).form("form[action$=sign-out]")
    pages.client.delete_cookie("forum")
    sign_in(pages, user)
    for headers in ({}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"}):
        pages.open(stale.action, method="POST", data=stale.data, headers=headers, expect=400)
    assert is_signed_in(pages)
    ours = {"Sec-Fetch-Site": "same-origin"}
    pages.open(stale.action, method="POST", data=stale.data, headers=ours, expect=303)
    assert (is_signed_in(pages), database.query(SignIn).count()) == (False, 1)


def write(act, *args, **kwargs):
    start_write(db.session)
    act(*args, **kwargs)
    db.session.commit()


def test_a_copied_cookie_is_signed_out_with_the_browser(pages, user):
    walk_in(pages, user)
    thief = copy_of(pages)
    assert is_signed_in(thief)
    page = pages.open(ACCOUNT).submit(expect=303)
    assert page.location == "/account/signed-out"
    assert page.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert (is_signed_in(thief), is_signed_in(pages)) == (False, False)


def test_a_copied_cookie_ends_with_a_changed_password_and_the_browser_goes_on(pages, user):
    walk_in(pages, user)
    thief, other = copy_of(pages), Pages(pages.app)
    sign_in(other, user)
    pages.post("own_account.password", {"password": PASSWORD, "new_password": OTHER_PASSWORD})
    assert [is_signed_in(browser) for browser in (thief, other, pages)] == [False, False, True]


@pytest.mark.parametrize(
    "act",
    [
        lambda user: management.disable(user, actor="command", now=clock.now()),
        lambda user: management.forget_second_factor(user, actor="command", now=clock.now()),
        lambda user: management.give_role(user, Role.ADMIN, event_id=None, actor="command", now=clock.now()),
        lambda user: actions.reset_password(reset_token(user), OTHER_PASSWORD, now=clock.now()),
    ],
    ids=["disable", "forget second factor", "give role", "reset password"],
)
def test_every_sign_in_ends_when(pages, user, act):
    walk_in(pages, user)
    write(act, user)
    assert not is_signed_in(pages)


def reset_token(user) -> str:
    return actions.links.issue(user, actions.LinkPurpose.RESET, now=clock.now())


def test_a_role_that_is_held_already_ends_nothing(pages, user):
    sign_in(pages, user)
    write(management.give_role, user, Role.ORGANISER, event_id=None, actor="command", now=clock.now())
    assert is_signed_in(pages)


def test_signing_in_makes_a_new_session_and_drops_what_was_in_the_old_one(pages, user):
    with pages.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    first = sign_in(pages, user)
    pages.open(ACCOUNT).submit(expect=303)
    walk_in(pages, user)
    with pages.client.session_transaction() as session:
        assert "planted" not in session
        assert session[sign_ins.TOKEN] != first


def test_half_an_hour_without_use_ends_it(pages, user, time):
    sign_in(pages, user)
    time.forward(minutes=29)
    assert is_signed_in(pages)
    time.forward(minutes=29)
    assert is_signed_in(pages)
    time.forward(minutes=30)
    assert not is_signed_in(pages)


def test_twelve_hours_end_it_however_busy(pages, user, time):
    sign_in(pages, user)
    for _ in range(35):
        time.forward(minutes=20)
        assert is_signed_in(pages)
    time.forward(minutes=20)
    assert not is_signed_in(pages)


def test_the_last_use_is_written_once_a_minute_and_nothing_else_is(pages, user, time):
    sign_in(pages, user)
    start = clock.now()
    time.forward(seconds=59)
    assert writes(pages.open(ACCOUNT)) == []
    time.forward(seconds=1)
    (only,) = writes(pages.open(ACCOUNT))
    assert only.startswith("UPDATE sign_ins SET last_seen_at")
    assert writes(pages.open(ACCOUNT)) == []
    assert db.session.query(SignIn).one().last_seen_at == start + timedelta(minutes=1)


def writes(page) -> list[str]:
    return [statement for statement in page.statements if not statement.lstrip().startswith("SELECT")]


def test_a_database_that_cannot_be_written_still_lets_read(pages, user, time, app):
    sign_in(pages, user)
    time.forward(minutes=2)

    def refuse(connection, cursor, statement, *_):
        if statement.startswith("UPDATE sign_ins"):
            raise OperationalError(statement, {}, Exception("attempt to write a readonly database"))

    sqlalchemy_event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        assert is_signed_in(pages)
    finally:
        sqlalchemy_event.remove(db.engine, "before_cursor_execute", refuse)


def test_a_made_up_token_is_nobody(pages, user):
    sign_in(pages, user)
    with pages.client.session_transaction() as session:
        session[sign_ins.TOKEN] = "x" * 43
    assert not is_signed_in(pages)


def test_the_sessions_page_names_the_browsers_and_ends_one(pages, user, time):
    other = Pages(pages.app)
    sign_in(other, user)
    time.forward(minutes=3)
    sign_in(pages, user)
    page = pages.get("own_account.sessions")
    assert page.all(".sessions h2") == ["Firefox, Linux this one", "Firefox, Linux"]
    assert "Signed in 3 minutes ago" in page.text
    page.form(".sessions form").submit(expect=303)
    assert (is_signed_in(other), is_signed_in(pages)) == (False, True)


def test_the_sessions_page_ends_all_others(pages, user):
    others = [Pages(pages.app), Pages(pages.app)]
    for browser in (*others, pages):
        sign_in(browser, user)
    page = pages.get("own_account.sessions")
    page.form("form[action$=end-others]").submit(expect=303)
    assert [is_signed_in(browser) for browser in (*others, pages)] == [False, False, True]


def test_somebody_elses_session_is_not_there(pages, user):
    stranger = Pages(pages.app)
    sign_in(stranger, make_user())
    sign_in(pages, user)
    theirs = db.session.query(SignIn).filter(SignIn.user_id != user.id).one()
    token = pages.open(ACCOUNT).form().data["csrf_token"][0]
    pages.open(f"/account/sessions/{theirs.id}/end", method="POST", data={"csrf_token": token}, expect=404)
    assert is_signed_in(stranger)


def test_a_session_of_no_possible_number_is_not_there(pages, user):
    sign_in(pages, user)
    token = pages.open(ACCOUNT).form().data["csrf_token"][0]
    pages.open(f"/account/sessions/{2**63}/end", method="POST", data={"csrf_token": token}, expect=404)


def test_expired_links_and_old_sign_ins_are_deleted(pages, user, time):
    sign_in(pages, user)
    give_password(Pages(pages.app), user)
    time.forward(hours=11, minutes=59)
    sign_in(pages, user)
    write(actions.forget_expired, now=clock.now())
    # Rows of ended sign-ins are kept for some hours: a form that is sent later still finds its owner (A11).
    assert db.session.query(SignIn).count() == 2
    time.forward(minutes=1)
    write(actions.forget_expired, now=clock.now())
    assert db.session.query(SignIn).count() == 1
    assert db.session.query(actions.OneTimeLink).count() == 0


def test_a_role_for_one_event_opens_only_that_one(pages, event):
    earlier = make_archive()
    user = make_user(Role.ORGANISER, event)
    sign_in(pages, user)
    pages.get("console.overview", event=event.slug)
    pages.get("console.overview", event=earlier.slug, expect=404)
    pages.get("console.overview", event="nf99", expect=404)


def test_another_role_opens_nothing_of_the_organisers(pages, event):
    sign_in(pages, make_user(Role.DOOR))
    pages.get("console.overview", event=event.slug, expect=404)


def test_an_admin_may_everything(pages, event):
    sign_in(pages, make_user(Role.ADMIN))
    pages.get("console.overview", event=event.slug)


def test_a_user_without_a_role_reaches_only_the_own_account(pages, event):
    sign_in(pages, make_user(None))
    pages.get("own_account.show")
    pages.get("console.first", expect=404)


def test_roles_for_an_event_and_anywhere(app, event):
    earlier = make_archive()
    user = make_user(Role.DOOR, earlier)
    token = sign_in(Pages(app), user)
    with app.test_request_context():
        sign_ins.session[sign_ins.TOKEN] = token
        assert (sign_ins.roles_for(event), sign_ins.roles_for(earlier)) == (frozenset(), {Role.DOOR})
        assert (sign_ins.may(Role.DOOR), sign_ins.may("organiser", earlier)) == (True, False)
        assert sign_ins.current_actor() == f"user:{user.id}"


def test_public_pages_do_not_look_at_who_is_there(pages, user, event):
    sign_in(pages, user)
    page = pages.get("home.front", event=None)
    assert "Cookie" not in page.headers.get("Vary", "")
    assert not any("sign_ins" in statement for statement in page.statements)


def test_a_code_that_confirmed_cannot_sign_in_again(app, pages, user, time):
    walk_in(pages, user)
    time.forward(minutes=6)
    code = code_of(user)
    pages.post("own_account.confirm", {"password": PASSWORD, "code": code})
    other = Pages(app)
    give_password(other, user)
    other.get("/account/second-factor").submit({"code": code}, expect=422)


def test_signing_out_without_being_signed_in_is_harmless(pages, event):
    token = pages.get("accounts.sign_in", lang="en").form().data["csrf_token"][0]
    page = pages.open("/account/sign-out", method="POST", data={"csrf_token": token}, expect=303)
    assert pages.open(page.location).h1
    assert db.session.query(SignIn).count() == 0
