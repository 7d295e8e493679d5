"""PostgreSQL ends the connection at any moment of a registration: the person is asked once to try again (R16)."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy.engine import make_url

from forum.extensions import db
from forum.registration.models import Registration
from tests.factories.events import make_event
from tests.registration.filling import ANSWERS
from tools.pages import Pages

pytestmark = [pytest.mark.postgresql, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def app(make_app, postgres_url):
    return make_app(postgres_url, FORM_MIN_SECONDS=0)


@pytest.fixture
def check(app):
    """Give the check page of a registration, ready to be sent."""
    with app.app_context():
        make_event()
    return Pages(app).post("registration.details", ANSWERS, sector="justice", follow=True, expect=200)


@contextmanager
def cut_before(app, number: int, cut) -> Iterator[list[str]]:
    """Collect the SQL statements of the block; call `cut` before the statement with this number, counted from 1."""
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_others):
        statements.append(statement)
        if len(statements) == number:
            cut()

    with app.app_context():
        engine = db.engine
    sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    yield statements
    sqlalchemy_event.remove(engine, "before_cursor_execute", note)


def sent(check) -> int:
    """Press "Register" on the check page and return the status of the answer, whatever it is."""
    form = check.form()
    target, values = form.target("Register"), form.values(button="Register")
    return check.client.post(target, data=values, buffered=True).status_code


def wait_until_gone(raw) -> None:
    """Wait until this side of the connection's socket has received the end of the connection."""
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    assert poll.poll(5000)


def registered(app) -> int:
    with app.app_context():
        return db.session.query(Registration).count()


@pytest.mark.slow
def test_a_connection_cut_before_any_statement_asks_to_come_back(
    app, pages, check, postgres_url, postgres_server
):
    number, wrong = 0, []
    while True:
        number += 1
        cut = partial(postgres_server.end_connections, make_url(postgres_url).database)
        with cut_before(app, number, cut) as statements:
            status = sent(check)
        if len(statements) < number:
            break
        if status != 503:
            wrong.append((number, status, statements[number - 1]))
    assert number > 10
    assert (wrong, status, registered(app)) == ([], 303, 1)


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_new_connections_that_are_cut_at_once_ask_to_come_back(
    app, pages, check, postgres_url, postgres_server, cut
):
    """If PostgreSQL, shutting down, ends each new connection at once, a form gets the busy page until they last."""
    left = [cut]

    def end(raw, _record):
        if left[0]:
            left[0] -= 1
            postgres_server.end_connections(make_url(postgres_url).database)
            wait_until_gone(raw)

    with app.app_context():
        engine = db.engine
    engine.dispose()
    sqlalchemy_event.listen(engine, "connect", end)
    statuses = [sent(check) for _ in range(cut + 1)]
    assert set(statuses) <= {303, 503}
    assert (left, statuses[-1], registered(app)) == ([0], 303, 1)
