"""The link that signs in to the demo's console works once, only from this machine, and never in production."""

import pytest

from forum import clock
from forum.accounts import demo
from forum.accounts.enums import Role
from forum.accounts.models import SignIn, User
from forum.database import start_write
from forum.extensions import db
from tools.organisers import sign_in
from tools.pages import Pages

PRODUCTION = {
    "ENV": "production",
    "BASE_URL": "https://forum.example",
    "MAIL_SERVER": "127.0.0.1",
    "MAIL_DEFAULT_SENDER": "forum@forum.example",
    "TESTING": False,
    "LIMITS_ENABLED": True,
}


def new_link(**options) -> str:
    start_write(db.session)
    link = demo.new_link(now=clock.now(), **options)
    db.session.commit()
    return link


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def test_the_link_opens_the_console_with_one_press(pages, event):
    page = pages.open(path_of(new_link()), headers={"Accept-Language": "en"})
    assert (page.h1, page.all("main button")) == ("The organisers’ console", ["Open the console"])
    page = page.submit(expect=303)
    assert page.location == "/console/"
    page = pages.get("console.overview", event=event.slug)
    assert page.status == 200


def test_the_link_is_under_the_address_it_is_given(event):
    assert new_link().startswith("http://127.0.0.1:8000/account/demo/")
    assert new_link(base_url="http://127.0.0.1:9000").startswith("http://127.0.0.1:9000/account/demo/")


def test_opening_the_link_signs_nobody_in(pages, event):
    path = path_of(new_link())
    for _ in range(3):
        pages.open(path)
    assert db.session.query(SignIn).count() == 0
    pages.open(path).submit(expect=303)


def test_the_link_works_once(app, pages, event):
    path = path_of(new_link())
    pages.open(path).submit(expect=303)
    Pages(app).open(path, expect=410)


def test_a_new_start_kills_the_older_link_and_keeps_the_organiser(pages, event):
    older, newer = path_of(new_link()), path_of(new_link())
    pages.open(older, expect=410)
    pages.open(newer)
    (user,) = db.session.query(User).all()
    assert (user.email, user.password_hash, user.totp_secret) == ("demo@example.org", None, None)
    held = {(each.role, each.event_id) for each in user.memberships}
    assert held == {(Role.ADMIN, None), (Role.PROTECTED_HANDLER, None), (Role.CARE, None)}


@pytest.mark.parametrize(
    "address", ["203.0.113.5", "10.0.0.4", "192.168.1.2", "::ffff:203.0.113.5", "fe80::1", ""]
)
def test_the_link_is_404_from_another_machine(pages, event, address):
    pages.client.environ_base["REMOTE_ADDR"] = address
    pages.open(path_of(new_link()), expect=404)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1"])
def test_the_link_works_from_every_address_of_this_machine(pages, event, address):
    pages.client.environ_base["REMOTE_ADDR"] = address
    pages.open(path_of(new_link()))


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_the_link_is_404_through_a_proxy(pages, event, name):
    pages.open(path_of(new_link()), headers={name: "127.0.0.1"}, expect=404)


def test_production_makes_and_accepts_no_link(make_app, sqlite_url, app, event):
    path = path_of(new_link())
    production = make_app(sqlite_url, **PRODUCTION)
    answer = production.test_client().get(path, base_url="https://forum.example")
    assert answer.status_code == 404
    with production.app_context(), pytest.raises(demo.NoDemo):
        demo.new_link(now=clock.now())


def test_a_forum_that_is_no_demo_makes_no_link(make_app, sqlite_url, event):
    app = make_app(sqlite_url, DEMO=False)
    with app.app_context(), pytest.raises(demo.NoDemo):
        demo.new_link(now=clock.now())


def test_the_demos_organiser_need_not_confirm_with_factors(app, pages, event, time):
    new_link()
    sign_in(pages, db.session.query(User).one())
    time.forward(minutes=20)
    pages.get("own_account.recovery_codes")
    page = pages.get("own_account.show")
    assert "Authenticator app" not in page.text


def test_a_password_does_not_open_its_account(pages, event):
    new_link()
    data = {"email": demo.EMAIL, "password": "anything at all"}
    pages.post("accounts.sign_in", data, expect=422)
