"""`forum create-organiser` adds an account, `forum disable-organiser` closes it (S05, S06)."""

import re

import pytest

from forum import clock
from forum.accounts import management
from forum.accounts.errors import OrganiserExists
from forum.accounts.models import OneTimeLink, User
from forum.audit import actions as audit
from forum.commands.organisers import create_organiser, disable_organiser
from forum.extensions import db
from tools.organisers import OTHER_PASSWORD, code_for, make_user, sign_in
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("time")
NEW = ["ny@example.org", "--name", "Åsa Þórsdóttir"]


@pytest.fixture
def run(app, event):
    def run(command, *arguments: str):
        return app.test_cli_runner().invoke(command, arguments)

    return run


def link_of(result) -> str:
    assert result.exit_code == 0, result.output
    return re.search(r"(/account/welcome/\S+)", result.output)[1]


def held(email: str) -> list[tuple[str, int | None]]:
    db.session.rollback()
    user = db.session.query(User).filter_by(email=email).one()
    return sorted((str(membership.role), membership.event_id) for membership in user.memberships)


def test_the_whole_way_from_the_command_to_the_console(run, app, event):
    pages = Pages(app)
    page = pages.open(link_of(run(create_organiser, *NEW, "--role", "admin", "--language", "en")))
    assert (page.h1, page.all(".lead")) == ("Choose a password", ["For the account ny@example.org."])
    page = page.submit({"new_password": OTHER_PASSWORD}, expect=303)
    page = pages.open(page.location)
    assert page.h1 == "Sign in"
    page = page.submit({"email": "ny@example.org", "password": OTHER_PASSWORD}, expect=303)
    page = pages.open(page.location)
    assert page.h1 == "Set up your authenticator app"
    secret = db.session.query(User).one().totp_proposed
    page = page.submit({"code": code_for(secret)}, expect=200)
    assert len(page.all(".codes code")) == 10
    page = pages.open(page.links["I have saved the codes"], expect=303)
    assert pages.open(page.location).status == 200
    assert audit.verify() is None


def test_a_new_account_has_the_role_and_no_password(run):
    run(create_organiser, *NEW, "--role", "mailer", "--event", "nf27")
    user = db.session.query(User).one()
    assert (user.email, user.name, user.language, user.password_hash) == (
        "ny@example.org",
        "Åsa Þórsdóttir",
        "sv",
        None,
    )
    assert [role for role, _event in held("ny@example.org")] == ["mailer"]
    assert held("ny@example.org")[0][1] is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ny@example.org"], "--name is needed"),
        (["not an address", "--name", "Ny"], "EMAIL"),
        (["n" * 65 + "@example.org", "--name", "Ny"], "has more than 64 characters before the @"),
        (["=?utf-8?q?ny?=@example.org", "--name", "Ny"], "holds an encoded word"),
        (["ny\u200b@example.org", "--name", "Ny"], "holds a control character or one that cannot be seen"),
        (["åse@example.org", "--name", "Ny"], "our mail server cannot write to"),
        (["ny@example.org", "--name", "\u200d\u202e"], "A name has 1 to 200 characters that can be seen"),
        (["ny@example.org", "--name", "=?utf-8?q?Ny?="], "A name has 1 to 200 characters that can be seen"),
        ([*NEW, "--role", "king"], "king"),
        ([*NEW, "--event", "nf99"], "There is no event"),
        ([*NEW, "--language", "xx"], "xx"),
    ],
)
def test_a_refused_command_says_why_and_makes_nothing(run, arguments, message):
    result = run(create_organiser, *arguments)
    assert result.exit_code != 0
    assert message in result.output
    assert (db.session.query(User).count(), db.session.query(OneTimeLink).count()) == (0, 0)


def test_an_address_that_has_an_account_needs_again(run):
    first = link_of(run(create_organiser, *NEW))
    result = run(create_organiser, *NEW)
    assert (result.exit_code, "--again" in result.output) == (1, True)
    assert db.session.query(OneTimeLink).count() == 1
    assert first


def test_again_prints_a_fresh_link_and_the_older_dies(run, app):
    older = link_of(run(create_organiser, *NEW))
    newer = link_of(run(create_organiser, "NY@example.org", "--again"))
    Pages(app).open(older, expect=410)
    Pages(app).open(newer)
    assert held("ny@example.org") == [("organiser", None)]


def test_again_gives_a_further_role(run):
    run(create_organiser, *NEW)
    run(create_organiser, *NEW, "--again", "--role", "care")
    assert held("ny@example.org") == [("care", None), ("organiser", None)]


def test_the_link_holds_for_a_day_and_works_once(run, app, time):
    link = link_of(run(create_organiser, *NEW))
    time.forward(hours=23, minutes=59)
    Pages(app).open(link)
    time.forward(minutes=1)
    Pages(app).open(link, expect=410)


def test_a_forgotten_second_factor_is_set_up_anew(run, app):
    user = make_user()
    run(create_organiser, user.email, "--again", "--new-second-factor")
    db.session.refresh(user)
    assert (user.totp_secret, user.last_totp_counter) == (None, None)


def test_disabling_shuts_out_and_again_lets_in(run, app):
    user, pages = make_user(), Pages(app)
    sign_in(pages, user)
    result = run(disable_organiser, user.email)
    assert (result.exit_code, user.email in result.output) == (0, True)
    pages.get("own_account.show", expect=303)
    link = link_of(run(create_organiser, user.email, "--again"))
    Pages(app).open(link)


def test_disabling_nobody_says_so(run):
    result = run(disable_organiser, "nobody@example.org")
    assert (result.exit_code, result.output) == (1, "Error: There is no account for nobody@example.org.\n")


def test_an_address_has_one_account_in_any_spelling(app, event):
    user = make_user()
    with pytest.raises(OrganiserExists):
        management.create_organiser(
            user.email.upper(), name="Another", language="en", actor="command", now=clock.now()
        )
