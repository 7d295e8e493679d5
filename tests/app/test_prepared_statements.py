"""PostgreSQL keeps the statements of pages prepared over the rollback with which each reading page ends."""

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import NotSupportedError, OperationalError, ProgrammingError

from forum.accounts.enums import Role
from forum.extensions import db
from tests.factories.events import make_event
from tests.factories.organisers import sign_in_somebody
from tests.factories.registrations import confirmed

pytestmark = [pytest.mark.postgresql, pytest.mark.usefixtures("frozen")]
# psycopg prepares a statement after it has been executed this many times on a connection.
THRESHOLD = 5
READ = text("SELECT key FROM sectors WHERE id = 0")


@pytest.fixture
def app(make_app, postgres_url):
    return make_app(postgres_url)


@pytest.fixture
def organiser(app, database):
    event = make_event()
    confirmed(event, given_name="Zebra")
    return sign_in_somebody(app, Role.ORGANISER, event)


def look(organiser, times: int = 1):
    """Open the attendee list so many times; return the last page."""
    for _time in range(times - 1):
        organiser.get("attendees.index", event="nf27")
    return organiser.get("attendees.index", event="nf27")


def prepared() -> list[str]:
    """Return the statements that are prepared on the connection of the pages, which is the process's only one."""
    names = db.session.scalars(text("SELECT name FROM pg_prepared_statements ORDER BY name")).all()
    db.session.rollback()
    return list(names)


def is_planned_anew(statement: str) -> bool:
    return " LIKE " in statement or " LIMIT " in statement


def test_statements_of_a_page_are_prepared_once_and_kept(organiser):
    look(organiser, THRESHOLD)
    few = prepared()
    page = look(organiser, 2)
    names = prepared()
    kept = {statement for statement in page.statements if not is_planned_anew(statement)}
    assert 5 <= len(kept) <= len(names) - len(few)
    look(organiser, 3)
    assert prepared() == names


def test_statement_whose_plan_depends_on_its_values_is_not_prepared(organiser):
    """A search has a pattern, and a page of a list a LIMIT: PostgreSQL plans both for the values of each request."""
    for _time in range(THRESHOLD + 2):
        page = organiser.get("attendees.index", event="nf27", q="zebra", sort="-organisation")
    assert any(map(is_planned_anew, page.statements))
    texts = db.session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    assert [one for one in texts if is_planned_anew(one)] == []


def test_failed_statement_lets_the_server_forget_all(organiser):
    """A statement may have failed because its tables have changed: after an error each is prepared anew."""
    look(organiser, THRESHOLD + 2)
    assert prepared() != []
    with pytest.raises(ProgrammingError):
        db.session.execute(text("SELECT nothing FROM registrations"))
    db.session.rollback()
    assert prepared() == []
    look(organiser, THRESHOLD + 2)
    assert prepared() != []


def test_page_whose_columns_a_migration_changes_is_the_busy_page_once(
    organiser, postgres_server, postgres_url
):
    look(organiser, THRESHOLD + 2)
    with postgres_server.connect(make_url(postgres_url).database) as migration:
        migration.execute("ALTER TABLE sectors ALTER COLUMN key TYPE varchar(999)")
    refused = organiser.get("attendees.index", event="nf27", expect=503)
    assert (refused.h1, refused.headers["Retry-After"]) == ("The service is busy at the moment", "10")
    assert "Zebra" in look(organiser, THRESHOLD + 2).text


def test_statement_that_postgresql_never_supports_is_no_busy_database(database):
    """PostgreSQL gives a mistake in a query the code of an outdated prepared statement, but trying again is no help."""
    with pytest.raises(NotSupportedError):
        database.execute(text("SELECT count(*) FROM events FOR UPDATE"))


@pytest.mark.parametrize(
    ("path", "status"),
    [("/console/nf27/attendees", 200), ("/console/nf27/nowhere", 404)],
    ids=["page", "error page"],
)
def test_statement_that_a_pooler_loses_is_the_busy_page_once(organiser, path, status):
    """A pooler may give a connection another of the server's processes, which lacks the prepared statements."""
    client = organiser.client
    for _time in range(THRESHOLD + 2):
        client.get(path)
    raw = db.session.connection().connection.driver_connection
    db.session.rollback()
    # Send DEALLOCATE by the connection of PostgreSQL's own library, so that psycopg does not learn of it.
    raw.pgconn.exec_(b"DEALLOCATE ALL")
    answers = [client.get(path) for _time in range(THRESHOLD)]
    (refused,) = [answer for answer in answers if answer.status_code != status]
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")


def test_statement_that_is_lost_within_a_savepoint_is_prepared_anew(database):
    """Undoing the savepoint does not end the transaction, whose end makes a connection forget its statements."""
    # Undo a savepoint before anything is prepared: then psycopg forgets nothing when the next savepoint is undone.
    database.rollback()
    db.engine.dispose()
    with pytest.raises(ProgrammingError), database.begin_nested():
        database.execute(text("SELECT nothing FROM registrations"))
    for _time in range(THRESHOLD + 2):
        database.execute(READ)
    raw = database.connection().connection.driver_connection
    database.rollback()
    raw.pgconn.exec_(b"DEALLOCATE ALL")
    database.connection()
    with pytest.raises(OperationalError), database.begin_nested():
        database.execute(READ)
    database.rollback()
    assert database.execute(READ).all() == []


def test_no_two_connections_give_a_prepared_statement_the_same_name(app):
    """A pooler may exchange the processes of two connections: a name must not stand for another's statement there."""
    names = []
    with app.app_context(), db.engine.connect() as first, db.engine.connect() as second:
        for connection in (first, second):
            for number in range(3):
                raw = connection.connection.driver_connection
                raw.execute(f"SELECT {number}", prepare=True)
            names += connection.scalars(text("SELECT name FROM pg_prepared_statements")).all()
    assert len(names) == len(set(names)) >= 6


def test_column_that_a_migration_adds_disturbs_no_prepared_statement(
    organiser, postgres_server, postgres_url
):
    look(organiser, THRESHOLD + 2)
    names = prepared()
    with postgres_server.connect(make_url(postgres_url).database) as migration:
        migration.execute("ALTER TABLE registrations ADD COLUMN newer text")
    assert "Zebra" in look(organiser).text
    assert prepared() == names
