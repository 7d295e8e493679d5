"""Admins of an event manage its colleagues: inviting, giving and taking roles (S06, S09, S12)."""

import re
import threading

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts import colleagues, disabling, management, reach, rescuing, roster
from forum.accounts.enums import Role
from forum.accounts.errors import (
    AccountDisabled,
    DisabledAbove,
    LastAdmin,
    NotManager,
    OutOfReach,
    RoleTooWide,
)
from forum.accounts.models import Membership, OneTimeLink, SignIn, User
from forum.audit.models import AuditEntry
from forum.columns import digest
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.enums import Lane
from tests.accounts.reading import link_in, mails_to
from tests.factories.events import make_event
from tests.factories.registrations import write
from tools.organisers import OTHER_PASSWORD, give_password, make_user, sign_in, walk_in
from tools.pages import Pages

HERE = "/console/nf27/colleagues"
NEW = {"email": " Kim@Example.org", "name": "Kim Lind", "language": "sv", "role": "organiser"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def admin(database, event):
    return make_user(Role.ADMIN, event, name="Alva Admin")


@pytest.fixture
def pages(app, admin):
    browser = Pages(app)
    sign_in(browser, admin)
    return browser


def find(email: str) -> User | None:
    return db.session.scalars(select(User).where(User.email == email)).one_or_none()


def roles_of(user: User) -> set[tuple[Role, int | None]]:
    rows = select(Membership.role, Membership.event_id).where(Membership.user_id == user.id)
    return {tuple(row) for row in db.session.execute(rows)}


def recorded(user_id: int) -> list[tuple[str, str, dict]]:
    about = (AuditEntry.subject_type == "users") & (AuditEntry.subject_id == user_id)
    rows = db.session.scalars(select(AuditEntry).where(about).order_by(AuditEntry.id))
    return [(row.action, row.actor, row.details.payload) for row in rows]


def test_an_invited_colleague_sets_a_password_by_the_mailed_link(app, pages, admin, event, time, caplog):
    """The link works once; neither the audit trail nor the log has the link, the name or the address."""
    caplog.set_level("INFO")
    page = pages.post(f"{HERE}/new", NEW, expect=200, follow=True)
    assert page.flashes == ["The invitation is on its way."]
    kim = find("kim@example.org")
    assert (kim.name, kim.language, kim.password_hash) == ("Kim Lind", "sv", None)
    assert roles_of(kim) == {(Role.ORGANISER, event.id)}
    (mail,) = mails_to(kim)
    assert (mail.row.lane, mail.row.event_id) == (Lane.NOW, None)
    assert "Alva Admin bjuder in dig" in mail.text
    row = next(text for text in page.all("main tbody tr") if "Kim Lind" in text)
    assert "kim@example.org" in row
    assert "Invited" in row

    token = re.search(r"/account/welcome/([^?]+)\?lang=sv", mail.text)[1]
    trail = recorded(kim.id)
    assert [action for action, _actor, _details in trail] == [
        "account.created",
        "account.role_given",
        "account.invited",
    ]
    assert {actor for _action, actor, _details in trail} == {f"user:{admin.id}"}
    for secret in (token, "kim@example.org", "Kim Lind"):
        assert secret not in str(trail) + caplog.text

    guest, link = Pages(app, "sv"), link_in(mail)
    welcome = guest.get(link)
    assert welcome.submit({"new_password": OTHER_PASSWORD}, expect=303)
    assert guest.get(link, expect=410)
    assert find("kim@example.org").password_hash


def test_an_invitation_ends_and_is_sent_again(pages, event, time):
    pages.post(f"{HERE}/new", NEW)
    kim = find("kim@example.org")
    time.forward(days=3, minutes=1)
    sign_in(pages, find_admin())
    shown = pages.get(f"{HERE}/{kim.id}")
    assert "The link in the message no longer works." in shown.text
    first = db.session.scalars(select(OneTimeLink.digest).where(OneTimeLink.user_id == kim.id)).one()
    again = shown.submit({}, button="Send a new invitation", expect=200, follow=True)
    assert "The link in the message works until" in again.text
    second, third = mails_to(kim)[-1], select(OneTimeLink).where(OneTimeLink.user_id == kim.id)
    token = re.search(r"/account/welcome/([^?]+)\?", second.text)[1]
    assert db.session.scalars(third).one().digest == digest(token) != first

    write(setattr, kim, "password_hash", "chosen meanwhile")
    refused = shown.submit({}, button="Send a new invitation", expect=200, follow=True)
    assert refused.flashes == ["The invitation has been accepted meanwhile."]
    assert len(mails_to(kim)) == 2


def find_admin() -> User:
    return db.session.scalars(select(User).where(User.name == "Alva Admin")).one()


def test_somebody_who_has_an_account_gets_the_role_and_is_told(app, pages, admin, event, archive, time):
    """The account keeps its name, its password and its sign-ins; its roles for other events are not shown."""
    known = make_user(Role.ORGANISER, archive, email="kim@example.org", name="Kim Berg")
    browser = Pages(app)
    sign_in(browser, known)
    page = pages.post(f"{HERE}/new", NEW, expect=200, follow=True)
    assert page.flashes == ["The invitation is on its way."]
    assert (known.name, roles_of(known)) == (
        "Kim Berg",
        {(Role.ORGANISER, archive.id), (Role.ORGANISER, event.id)},
    )
    (mail,) = mails_to(known)
    assert "Alva Admin has added you" in mail.text
    assert "/account/welcome" not in mail.text
    assert browser.get("/account/").status == 200
    assert "2016" not in page.text
    refused = pages.post(f"{HERE}/new", NEW, expect=409)
    assert refused.errors == {"email": "This colleague has this role already"}


def test_roles_are_given_and_taken_with_a_mail(app, pages, admin, event, time):
    kim = make_user(Role.ORGANISER, event, name="Kim Lind")
    browser = Pages(app)
    sign_in(browser, kim)
    form = pages.get(f"{HERE}/{kim.id}/roles")
    outdated = pages.get(f"{HERE}/{kim.id}/roles")
    assert form.submit({"here": ["admin"]}, expect=303)
    assert roles_of(kim) == {(Role.ADMIN, event.id)}
    assert recorded(kim.id)[-2:] == [
        ("account.role_given", f"user:{admin.id}", {"role": "admin", "event": event.id}),
        ("account.role_taken", f"user:{admin.id}", {"role": "organiser", "event": event.id}),
    ]
    assert browser.get("/account/", expect=303).location.startswith("/account/sign-in")
    assert outdated.submit({"here": ["organiser"]}, expect=409)
    assert pages.post(f"{HERE}/{kim.id}/removal", expect=200, follow=True).flashes == [
        "The colleague no longer has a role for this event alone."
    ]
    assert roles_of(kim) == set()
    changed, removed = mails_to(kim)
    assert "your account page says what you may do" in changed.text
    assert "can no longer open the pages of" in removed.text
    assert pages.get(f"{HERE}/{kim.id}", expect=404)


def test_whoever_never_accepted_is_forgotten_when_removed(pages, event, time):
    """The account is deleted; its address, perhaps a wrong one, stays in the outbox alone and gets no second mail."""
    pages.post(f"{HERE}/new", NEW)
    kim = find("kim@example.org")
    number, mails = kim.id, len(mails_to(kim))
    pages.post(f"{HERE}/{number}/removal", expect=200, follow=True)
    assert find("kim@example.org") is None
    assert recorded(number)[-1][0] == "account.removed"
    assert mails == 1


@pytest.mark.parametrize("role", [Role.ORGANISER, Role.CARE, Role.PROTECTED_HANDLER])
def test_only_admins_of_the_event_find_the_pages(app, event, archive, time, role):
    other = make_user(Role.ADMIN, archive)
    for user in (make_user(role, event), other):
        browser = Pages(app)
        sign_in(browser, user)
        for path in ("", "/new", f"/{other.id}", f"/{other.id}/roles", f"/{other.id}/removal"):
            assert browser.get(f"{HERE}{path}", expect=404)
    browser = Pages(app)
    sign_in(browser, make_user(Role.ADMIN, event))
    for path in ("", "/roles", "/removal"):  # pages about a colleague of another event are 404s
        assert browser.get(f"{HERE}/{other.id}{path}", expect=404)


def test_nobody_gives_a_role_wider_than_their_own(pages, admin, event, time):
    """Admins give roles of their event only, care or protected_handler only if they have it, none to themselves."""
    kim = make_user(Role.ORGANISER, event)
    form = pages.get(f"{HERE}/{kim.id}/roles")
    assert [each["value"] for each in form.soup.select("main input[name=here]")] == [
        *("admin", "organiser", "registrar", "reviewer", "viewer", "editor", "mailer", "door")
    ]
    start_write(db.session)
    for here, everywhere in (
        ({Role.ORGANISER, Role.CARE}, None),
        ({Role.PROTECTED_HANDLER}, None),
        ({Role.ORGANISER}, {Role.ORGANISER}),
    ):
        with pytest.raises(RoleTooWide):
            colleagues.change_roles(kim, event, here=here, everywhere=everywhere, by=admin, now=clock.now())
    own, invited = {Role.ADMIN, Role.ORGANISER}, {**NEW, "email": admin.email, "role": Role.ORGANISER}
    with pytest.raises(RoleTooWide):
        colleagues.change_roles(admin, event, here=own, by=admin, now=clock.now())
    with pytest.raises(RoleTooWide):
        colleagues.invite(event, **invited, by=admin, now=clock.now())
    db.session.add(Membership(user_id=admin.id, event_id=event.id, role=Role.CARE))
    db.session.flush()
    assert colleagues.change_roles(kim, event, here={Role.CARE}, by=admin, now=clock.now())
    assert roles_of(kim) == {(Role.CARE, event.id)}


def test_what_an_admin_may_not_do_to_a_colleague_is_refused(admin, event, time, monkeypatch):
    by = {"by": admin, "now": clock.now()}
    disabled, kim = make_user(Role.ORGANISER, event, active=False), make_user(Role.ORGANISER)
    start_write(db.session)
    with pytest.raises(AccountDisabled):
        colleagues.invite_again(disabled, event, **by)
    with pytest.raises(RoleTooWide):
        colleagues.change_roles(kim, event, here=set(), everywhere=set(), **by)
    # An admin of another event invites the same person while this invitation waits.
    found, known = iter([None]), colleagues.queries.find_by_email
    monkeypatch.setattr(colleagues.queries, "find_by_email", lambda email: next(found, db) and known(email))
    invited = {**NEW, "email": kim.email, "role": Role.ORGANISER}
    assert colleagues.invite(event, **invited, **by).id == kim.id
    assert roles_of(kim) == {(Role.ORGANISER, None), (Role.ORGANISER, event.id)}
    db.session.rollback()


def test_a_name_that_the_header_of_a_mail_cannot_hold_is_refused(pages, event, time):
    refused = pages.get(f"{HERE}/new").submit({**NEW, "name": "=?x?="}, expect=422)
    assert refused.errors == {"name": "Enter the name without =? and ?="}


def test_admins_of_all_events_give_roles_for_all_of_them(pages, event, time):
    chief, kim = make_user(Role.ADMIN, name="Chief"), make_user(Role.ORGANISER, event)
    sign_in(pages, chief)
    form = pages.get(f"{HERE}/{kim.id}/roles")
    form.submit({"here": [], "everywhere": ["organiser"]}, expect=303)
    assert roles_of(kim) == {(Role.ORGANISER, None)}
    assert "for all events" in mails_to(kim)[-1].text
    make_event(slug="later", is_current=False)
    assert "Alva Lindqvist" in pages.get("/console/later/colleagues").text


def test_the_last_admin_stays(pages, admin, event, time):
    """Invited and disabled admins do not count as admins who stay, for they cannot sign in."""
    pages.post(f"{HERE}/new", {**NEW, "role": "admin"})
    make_user(Role.ADMIN, event, active=False)
    refused = pages.post(f"{HERE}/{admin.id}/removal", expect=409)
    assert "Make somebody else an administrator first" in refused.text
    assert roles_of(admin) == {(Role.ADMIN, event.id)}
    chief = make_user(Role.ADMIN)
    start_write(db.session)
    with pytest.raises(LastAdmin):
        colleagues.change_roles(chief, event, here=set(), everywhere=set(), by=chief, now=clock.now())
    db.session.rollback()
    left = pages.post(f"{HERE}/{admin.id}/removal", expect=303)
    assert roles_of(admin) == set()
    assert pages.get(left.location, expect=303).location.startswith("/account/sign-in")


def test_the_organiser_of_a_demo_stays_though_without_a_password(pages, admin, event, time):
    write(setattr, admin, "password_hash", None)
    assert (
        next(text for text in pages.get(HERE).all("main tbody tr") if "Alva Admin" in text).count("Active")
        == 1
    )
    start_write(db.session)
    with pytest.raises(LastAdmin):
        colleagues.change_roles(admin, event, here=set(), by=admin, now=clock.now())


def test_whoever_ceased_to_be_admin_meanwhile_changes_nothing(pages, admin, event, time):
    other, kim = make_user(Role.ADMIN, event), make_user(Role.ORGANISER, event)
    start_write(db.session)
    colleagues.change_roles(admin, event, here={Role.ORGANISER}, by=other, now=clock.now())
    with pytest.raises(NotManager):
        colleagues.change_roles(kim, event, here=set(), by=admin, now=clock.now())


def act_on_each_other(app, database, event, act) -> int:
    """Let two admins do `act(user, event, by)` to each other at once, in threads; return how many were refused."""
    numbers, event_id = [make_user(Role.ADMIN, event).id for _ in range(2)], event.id
    together, refusals = threading.Barrier(2), []
    database.rollback()

    def run(number: int, by: int) -> None:
        with app.app_context():
            together.wait(60)
            start_write(db.session)
            user, admin = (db.session.get_one(User, each) for each in (number, by))
            try:
                act(user, db.session.get_one(Event, event_id), admin)
                db.session.commit()
            except NotManager as refusal:
                db.session.rollback()
                refusals.append(refusal)

    threads = [threading.Thread(target=run, args=pair) for pair in (numbers, numbers[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return len(refusals)


def test_two_admins_who_remove_each_other_at_once_leave_one(app, database, event):
    """These two threads may run one after the other; tests/accounts/test_locking.py makes one wait for the other."""

    def remove(user: User, here: Event, by: User) -> None:
        colleagues.change_roles(user, here, here=set(), by=by, now=clock.now())

    assert act_on_each_other(app, database, event, remove) == 1
    assert len(database.scalars(select(Membership)).all()) == 1


def test_a_colleague_is_disabled_and_enabled(app, pages, admin, event, time):
    """Sign-ins and links end at once and the roles stay; asking for either act twice changes nothing more."""
    kim, browser = make_user(Role.ORGANISER, event, name="Kim Lind"), Pages(app)
    sign_in(browser, kim)
    asked = pages.get(f"{HERE}/{kim.id}").links["Disable the account …"]
    form = pages.open(asked)
    for page in (form, *(pages.get(f"{HERE}/{kim.id}/{way}") for way in ("removal", "second-factor"))):
        assert page.links["Leave it as it is"] == f"{HERE}/{kim.id}", page.path
    assert "The colleague is told by e-mail." in form.text
    done = form.submit(expect=200, follow=True)
    assert done.flashes == ["The account is disabled, and the colleague is signed out everywhere."]
    assert browser.get("/account/", expect=303).location.startswith("/account/sign-in")
    assert give_password(Pages(app), kim, expect=422)
    assert form.submit(expect=200, follow=True).flashes == ["Nothing was different, so nothing was changed."]
    assert "Disable the account …" not in done.links
    asked = pages.open(done.links["Enable the account …"])
    assert "The colleague is told by e-mail." in asked.text
    back = asked.submit(expect=200, follow=True)
    assert back.flashes == ["The colleague can sign in again."]
    assert roles_of(kim) == {(Role.ORGANISER, event.id)}
    assert walk_in(Pages(app), kim).status == 303
    by = f"user:{admin.id}"
    assert [each for each in recorded(kim.id) if each[0] in {"account.disabled", "account.enabled"}] == [
        ("account.disabled", by, {}),
        ("account.enabled", by, {}),
    ]


def test_nobody_disables_a_wider_account_their_own_or_the_last_admin(pages, admin, event, archive, time):
    """An event's admin disables no admin of all events, with password or not; a disabled admin disables nobody."""
    wide, demo = make_user(Role.ORGANISER, event), make_user(Role.ADMIN, password_hash=None)
    write(db.session.add, Membership(user_id=wide.id, event_id=archive.id, role=Role.ORGANISER))
    for user in (admin, wide, demo):
        for rule in (disabling.disable, disabling.enable):
            with pytest.raises(OutOfReach):
                write(rule, user, event, by=admin, now=clock.now())
            db.session.rollback()
        assert "Disable the account …" not in pages.get(f"{HERE}/{user.id}").links
        assert "You cannot disable this account" in pages.get(f"{HERE}/{user.id}/disabling").text
    other = make_user(Role.ADMIN, event)
    write(disabling.disable, other, event, by=admin, now=clock.now())
    with pytest.raises(NotManager):
        write(disabling.disable, admin, event, by=other, now=clock.now())


def test_two_admins_who_disable_each_other_at_once_leave_one(app, database, event):
    def disable(user: User, here: Event, by: User) -> None:
        disabling.disable(user, here, by=by, now=clock.now())

    assert act_on_each_other(app, database, event, disable) == 1
    assert [user.active for user in database.scalars(select(User))].count(True) == 1


def test_what_the_site_or_an_admin_of_all_events_has_disabled_stays_so(pages, admin, event, time):
    """No admin undoes `forum disable-organiser`, and no event's admin what an admin of all events has disabled."""
    kim, chief, now = make_user(Role.ORGANISER, event, name="Kim Lind"), make_user(Role.ADMIN), clock.now()
    write(management.disable, kim, actor="command", now=now)
    asked = pages.get(f"{HERE}/{kim.id}/enabling")
    assert "This account was not disabled by an administrator of this event." in asked.text
    assert asked.soup.select("main form") == []
    for one in (admin, chief):
        with pytest.raises(DisabledAbove):
            write(disabling.enable, kim, event, by=one, now=now)
        db.session.rollback()
    write(management.enable, kim, actor="command", now=now)
    write(disabling.disable, kim, event, by=chief, now=now)
    with pytest.raises(DisabledAbove):
        write(disabling.enable, kim, event, by=admin, now=now)
    db.session.rollback()
    assert write(disabling.enable, kim, event, by=chief, now=now)
    assert [mail.subject for mail in mails_to(kim)] == [
        "Your account has been disabled",
        "You can sign in again",
    ]


def test_what_an_admin_of_all_events_has_disabled_stays_so_when_that_role_is_taken(admin, event, time):
    kim, chief, now = make_user(Role.ORGANISER, event), make_user(Role.ADMIN), clock.now()
    write(disabling.disable, kim, event, by=chief, now=now)
    write(management.take_role, chief, Role.ADMIN, event_id=None, actor="command", now=now)
    with pytest.raises(DisabledAbove):
        write(disabling.enable, kim, event, by=admin, now=now)


def test_the_list_takes_as_many_statements_for_three_as_for_one(pages, event, time):
    pages.get(HERE)
    few = pages.get(HERE)
    for number in range(2):
        make_user(Role.ORGANISER, event, name=f"Ång{number}", totp_secret=None)
    many = pages.get(HERE)
    assert len(many.all("main tbody tr")) == 3
    assert len(many.statements) == len(few.statements)
    assert "No authenticator app yet" in many.text
    start_write(db.session)
    db.session.execute(SignIn.__table__.delete())
    (known,) = (each for each in roster.list_colleagues(event.id, now=clock.now()) if each.seen_at)
    assert known.user.name == "Alva Admin"


def test_an_admin_ends_the_sign_ins_of_a_colleague(app, pages, admin, event, time):
    kim, browsers = make_user(Role.ORGANISER, event, name="Kim Lind"), [Pages(app) for _ in range(3)]
    for browser in browsers:
        sign_in(browser, kim)
    shown = pages.get(f"{HERE}/{kim.id}")
    assert shown.all("main h3") == ["Firefox, Linux"] * 3
    newest = max(db.session.scalars(select(SignIn.id).where(SignIn.user_id == kim.id)))
    path = f"{HERE}/{kim.id}/sign-ins/{newest}/end"
    token = shown.soup.find("input", {"name": "csrf_token"})["value"]
    pages.open(path, method="POST", data={"csrf_token": token}, expect=303)
    assert pages.get(f"{HERE}/{kim.id}").all("main h3") == ["Firefox, Linux"] * 2
    for browser, status in zip(browsers, (200, 200, 303), strict=True):
        assert browser.get("/account/", expect=status)
    mine = db.session.scalars(select(SignIn.id).where(SignIn.user_id == admin.id)).one()
    pages.open(f"{HERE}/{kim.id}/sign-ins/{mine}/end", method="POST", data={"csrf_token": token}, expect=303)
    # The admin is still signed in: the page of a colleague ends only sign-ins of that colleague.
    assert pages.get("/account/").status == 200
    pages.open(f"{HERE}/{kim.id}/sign-ins/end", method="POST", data={"csrf_token": token}, expect=303)
    for browser in browsers:
        assert browser.get("/account/", expect=303)
    assert recorded(kim.id)[-2:] == [
        ("account.signed_out", f"user:{admin.id}", {"sign_in": newest}),
        ("account.signed_out_everywhere", f"user:{admin.id}", {}),
    ]


def test_a_second_admin_resets_a_second_factor_and_all_are_told(app, pages, admin, event, time):
    """The colleague sets up a new app after the password; other admins get a notice, the acting admin none."""
    kim = make_user(Role.ORGANISER, event, name="Kim Lind")
    chief = make_user(Role.ADMIN)
    invited = make_user(Role.ADMIN, event, password_hash=None)
    browser = Pages(app)
    sign_in(browser, kim)
    asked = pages.get(f"{HERE}/{kim.id}/second-factor")
    assert asked.submit(expect=200, follow=True).flashes == [
        "The second factor is reset. The colleague and the other administrators are told by e-mail."
    ]
    assert browser.get("/account/", expect=303).location.startswith("/account/sign-in")
    assert kim.totp_secret is None
    assert give_password(Pages(app), kim).location == "/account/set-up"
    assert recorded(kim.id)[-1] == ("account.second_factor_forgotten", f"user:{admin.id}", {})
    (told,), (notice,) = mails_to(kim), mails_to(chief)
    assert "Alva Admin has reset the second factor of your account" in told.text
    assert "Alva Admin has reset the second factor of Kim Lind" in notice.text
    assert (mails_to(admin), mails_to(invited)) == ([], [])
    assert asked.submit(expect=200, follow=True).flashes == [
        "This colleague has no second factor that could be reset."
    ]


def test_nobody_resets_their_own_or_a_wider_account(app, pages, admin, event, archive, time):
    """An admin resets neither their own second factor nor that of an account with events beyond the admin's."""
    wide = make_user(Role.ORGANISER, event)
    write(db.session.add, Membership(user_id=wide.id, event_id=archive.id, role=Role.ORGANISER))
    sign_in(Pages(app), wide)
    start_write(db.session)
    for user in (admin, wide, make_user(Role.ADMIN)):
        with pytest.raises(OutOfReach):
            rescuing.reset_second_factor(user, event, by=admin, now=clock.now())
        with pytest.raises(OutOfReach):
            rescuing.end_all_sign_ins(user, event, by=admin, now=clock.now())
        db.session.rollback()
        shown = pages.get(f"{HERE}/{user.id}")
        assert shown.all("main h3") == []
        assert "Reset the second factor …" not in shown.links
        assert "You cannot reset this" in pages.get(f"{HERE}/{user.id}/second-factor").text
    chief = make_user(Role.ADMIN)
    assert reach.is_within_reach(wide, by=chief)
