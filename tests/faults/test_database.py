"""A locked, full, read-only or lost database leads to a clear page and no half-stored registration.

Afterwards the forum works again by itself (R13–R16)."""

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from forum import database as engine_setup
from forum.extensions import db
from forum.registration.models import Registration
from forum.web import errors
from tests.factories.events import make_event
from tests.faults.broken_databases import full, locked, read_only
from tests.registration.filling import ANSWERS
from tools.pages import Pages

pytestmark = pytest.mark.usefixtures("frozen")
BUSY_PAGE = "The service is busy at the moment"


@pytest.fixture
def app(make_app, sqlite_url, monkeypatch):
    monkeypatch.setattr(engine_setup, "BUSY_SECONDS", 0.2)
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


def checked(pages):
    return pages.post("registration.details", ANSWERS, sector="justice", follow=True, expect=200)


def registered() -> int:
    db.session.rollback()
    return db.session.query(Registration).count()


def test_a_locked_database_says_come_back_and_then_registers_once(app, pages, event, sqlite_url):
    check = checked(pages)
    with locked(app, sqlite_url):
        busy = check.submit(button="Register", expect=503)
        reading = pages.get("registration.received")
    assert (busy.h1, busy.headers["Retry-After"], reading.h1) == (BUSY_PAGE, "10", "Check your e-mail")
    assert registered() == 0
    check.submit(button="Register")
    assert registered() == 1


def test_a_full_disk_leaves_nothing_half_done(app, pages, event, sqlite_url):
    check = checked(pages)
    with full(app, sqlite_url):
        refused = check.submit(button="Register", expect=503)
    assert (refused.h1, registered()) == (BUSY_PAGE, 0)
    check.submit(button="Register")
    assert registered() == 1


def test_a_read_only_database_still_shows_pages(app, pages, event, sqlite_url):
    check = checked(pages)
    with read_only(app, sqlite_url):
        refused = check.submit(button="Register", expect=503)
        assert pages.get("registration.choose").h1 == "Which sector are you taking part for?"
    assert (refused.h1, registered()) == (BUSY_PAGE, 0)


def test_what_was_typed_is_kept_and_sent_again_by_a_button(app, pages, event, sqlite_url):
    check = checked(pages)
    with locked(app, sqlite_url):
        busy = check.submit(button="Register", expect=503)
        again = busy.submit(button="Try again", expect=503)
    assert {name: again.form().data[name] for name in ANSWERS} == {n: [value] for n, value in ANSWERS.items()}
    assert again.submit(button="Try again", follow=True).h1 == "Check your e-mail"
    assert registered() == 1


@pytest.mark.parametrize(("path", "is_kept"), [("/en/register/justice", True), ("/account/sign-in", False)])
def test_only_forms_without_a_password_are_shown_again(app, path, is_kept):
    with app.test_request_context(path, method="POST", data={"typed": "what-was-typed"}):
        page = errors.show_busy(RuntimeError()).get_data(as_text=True)
    assert ("what-was-typed" in page, "<form" in page) == (is_kept, is_kept)


def test_the_error_page_shows_no_insides(app, pages, event, sqlite_url):
    check = checked(pages)
    with locked(app, sqlite_url):
        busy = check.submit(button="Register", expect=503)
    page = busy.data.decode()
    assert [word for word in ("sqlite", "Traceback", "INSERT", "OperationalError") if word in page] == []


@pytest.mark.postgresql
def test_killed_connections_are_replaced_without_a_word(make_app, postgres_url):
    app = make_app(postgres_url, FORM_MIN_SECONDS=0)
    with app.app_context():
        make_event()
    pages = Pages(app)
    check = checked(pages)
    with app.app_context(), db.engine.connect() as connection:
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))  # noqa: S608
    page = check.submit(button="Register", follow=True)
    with app.app_context():
        assert (page.h1, registered()) == ("Check your e-mail", 1)


@pytest.mark.postgresql
def test_a_session_whose_connection_is_gone_is_closed_without_a_word(make_app, postgres_url, postgres_server):
    """Closing a session whose connection is lost must not turn a rendered page into an error page."""
    app = make_app(postgres_url)
    with app.app_context():
        db.session.execute(text("SELECT 1"))
        assert postgres_server.end_connections(make_url(postgres_url).database) == 1
        db.session.remove()
        assert db.session.execute(text("SELECT 1")).scalar() == 1


@pytest.mark.postgresql
def test_more_people_than_connections_are_asked_to_come_back(make_app, postgres_url, monkeypatch):
    one = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.2}
    monkeypatch.setattr(engine_setup, "engine_options", lambda url: one)
    app = make_app(postgres_url, FORM_MIN_SECONDS=0)
    with app.app_context():
        make_event()
    pages = Pages(app)
    check = checked(pages)
    with app.app_context(), db.engine.connect():
        busy = check.submit(button="Register", expect=503)
    assert (busy.h1, busy.submit(button="Try again", follow=True).h1) == (BUSY_PAGE, "Check your e-mail")


def test_a_change_without_the_write_lock_is_refused(event):
    """A transaction that reads first and then writes fails under load on SQLite, whatever the timeout (F1)."""
    db.session.rollback()
    event.capacity += 1
    with pytest.raises(engine_setup.WriteOutsideTransaction):
        db.session.flush()
    db.session.rollback()
    engine_setup.start_write(db.session)
    event.capacity += 1
    db.session.commit()
