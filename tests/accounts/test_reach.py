"""What an admin of an event may not do to accounts whose roles reach beyond that event (S06, S09, P06, P21)."""

import pytest

from forum import clock
from forum.accounts import colleagues, limits, links, management, queries, reach, rescuing
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.errors import HasRole, OutOfReach
from forum.accounts.models import Membership, User
from forum.database import start_write
from forum.extensions import db
from forum.web.languages import short_moment_text
from tests.accounts.reading import mails_to
from tests.factories.registrations import write
from tools.organisers import make_user, sign_in
from tools.pages import Pages

HERE = "/console/nf27/colleagues"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def admin(database, event):
    return make_user(Role.ADMIN, event, name="Alva Admin")


@pytest.fixture
def pages(app, admin):
    browser = Pages(app)
    sign_in(browser, admin)
    return browser


def typed(email: str, role: Role = Role.ORGANISER) -> dict[str, str]:
    return {"email": email, "name": "Typed Name", "language": "sv", "role": role.value}


def pending(role: Role = Role.ADMIN, event=None) -> User:
    return make_user(role, event, name="Pending Boss", password_hash=None, totp_secret=None)


def test_the_first_password_of_a_wider_account_is_not_sent_by_an_events_admin(pages, admin, event, time):
    """An invitation by an event's admin has no password link, and the link printed by the command line stays valid."""
    boss = pending()
    token = write(management.invite, boss, actor="command", now=clock.now())
    pages.post(f"{HERE}/new", typed(boss.email), expect=303)
    assert links.look(token, LinkPurpose.WELCOME, now=clock.now()) == boss
    (told,) = mails_to(boss)
    assert "/account/welcome" not in told.text
    assert "Send a new invitation" not in pages.get(f"{HERE}/{boss.id}").text
    start_write(db.session)
    again = {"by": admin, "now": clock.now()}
    with pytest.raises(OutOfReach):
        colleagues.invite_again(boss, event, **again)
    with pytest.raises(HasRole):
        colleagues.invite(event, **typed(boss.email), **again)


@pytest.mark.parametrize("role", reach.SECRET)
def test_whoever_lacks_a_secret_role_does_not_reach_its_holders(pages, admin, event, time, role):
    holder, chief = make_user(role, event), make_user(Role.ADMIN)
    assert not reach.is_within_reach(holder, by=admin)
    assert not reach.is_within_reach(holder, by=chief)
    assert "You cannot reset this" in pages.get(f"{HERE}/{holder.id}/second-factor").text
    start_write(db.session)
    with pytest.raises(OutOfReach):
        rescuing.reset_second_factor(holder, event, by=admin, now=clock.now())
    db.session.rollback()
    write(db.session.add, Membership(user_id=admin.id, event_id=event.id, role=role))
    assert reach.is_within_reach(holder, by=admin)
    assert not reach.is_within_reach(pending(role), by=admin)


def test_removing_the_last_handler_says_what_nobody_can_do_then(pages, event, time):
    """Disabled accounts, and those without a password, do not count as handlers who could look up an identity."""
    handler = make_user(Role.PROTECTED_HANDLER, event)
    make_user(Role.PROTECTED_HANDLER, event, active=False)
    pending(Role.PROTECTED_HANDLER, event)
    warning = "nobody can look up protected identities any more"
    for path in ("removal", "roles"):
        assert warning in pages.get(f"{HERE}/{handler.id}/{path}").text
    make_user(Role.PROTECTED_HANDLER)
    assert warning not in pages.get(f"{HERE}/{handler.id}/removal").text


def test_an_events_admin_signs_nobody_out_by_roles_who_is_beyond_reach(app, pages, event, time):
    """Accounts beyond reach stay signed in, but without the roles that were taken from them; each change is mailed."""
    boss, wide, near = make_user(Role.ADMIN), make_user(Role.CARE, event), make_user(Role.ORGANISER, event)
    browsers = [Pages(app) for _ in range(3)]
    for browser, user in zip(browsers, (boss, wide, near), strict=True):
        sign_in(browser, user)
    pages.post(f"{HERE}/new", typed(boss.email), expect=303)
    pages.get(f"{HERE}/{boss.id}/roles").submit({"here": []}, expect=303)
    pages.get(f"{HERE}/{wide.id}/roles").submit({"here": []}, expect=303)
    pages.get(f"{HERE}/{near.id}/roles").submit({"here": ["admin"]}, expect=303)
    for browser, status in zip(browsers, (200, 200, 303), strict=True):
        assert browser.get("/account/", expect=status)
    assert browsers[1].get("/console/nf27/counts", expect=404)
    assert [len(mails_to(user)) for user in (boss, wide, near)] == [2, 1, 1]
    assert "signed out" not in "".join(mail.text for mail in mails_to(boss) + mails_to(wide))


def test_the_answer_to_an_invitation_does_not_tell_what_account_an_address_has(pages, event, archive, time):
    known = make_user(Role.ORGANISER, archive, name="Secret Svensson")
    disabled = make_user(Role.ORGANISER, archive, name="Disabled Dahl", active=False)
    for email in (known.email, pending(Role.ORGANISER, archive).email, "nobody@example.org"):
        answer = pages.post(f"{HERE}/new", typed(email), expect=200, follow=True)
        assert answer.flashes == ["The invitation is on its way."]
    refused = pages.post(f"{HERE}/new", typed(disabled.email), expect=409)
    assert refused.errors == {"email": "This colleague cannot be invited. Ask whoever runs the forum."}
    assert "Dahl" not in refused.text


def test_invitations_are_limited_for_each_address_and_each_admin(pages, event, time, monkeypatch):
    """Inviting and inviting again count together for these limits; a refused form keeps what was typed."""
    pages.post(f"{HERE}/new", typed("victim@example.org"), expect=303)
    victim = queries.find_by_email("victim@example.org")
    shown = pages.get(f"{HERE}/{victim.id}")
    for _ in range(4):
        shown.submit({}, button="Send a new invitation", expect=303)
    refused = shown.submit({}, button="Send a new invitation", expect=200, follow=True)
    assert "Nothing was sent now: try again in an hour." in refused.flashes[-1]
    again = pages.post(f"{HERE}/new", typed(" Victim@example.org"), expect=409)
    assert "Too many invitations" in again.errors["email"]
    assert "Typed Name" in str(again.soup.select_one("input[name=name]"))
    assert len(mails_to(victim)) == 5
    monkeypatch.setattr(limits, "EACH_INVITER", "1 per hour")
    pages.post(f"{HERE}/new", typed("first@example.org"), expect=303)
    pages.post(f"{HERE}/new", typed("second@example.org"), expect=409)
    assert queries.find_by_email("second@example.org") is None


def test_an_events_admin_reads_the_day_of_a_visit_and_no_second_factor_beyond_reach(app, pages, event, time):
    """The exact time of a visit, beside that of a registration, would show who added a protected person by hand."""
    handler = make_user(Role.PROTECTED_HANDLER, event, name="Hanna Handler", totp_secret=None)
    sign_in(Pages(app), handler)
    sign_in(chief := Pages(app), make_user(Role.ADMIN))
    minute = short_moment_text(clock.now(), event.zone)
    for path in ("", f"/{handler.id}"):
        shown = pages.get(f"{HERE}{path}").text
        assert "Today" in shown
        assert minute not in shown
        assert "No authenticator app yet" not in shown
        assert "Not set up" not in shown
        assert minute in chief.get(f"{HERE}{path}").text
    time.forward(days=1)
    sign_in(pages, queries.list_holders(Role.ADMIN, event.id)[0])
    assert f"Last seen {minute[:-6]}" in pages.get(f"{HERE}/{handler.id}").text
