"""A reused PostgreSQL database is as the migrations leave it, whatever the previous test has changed."""

import psycopg
import pytest

from tools.spares import SpareDatabases

pytestmark = pytest.mark.postgresql
FILL = "INSERT INTO categories (key, position, name, slug) VALUES ('own', 1, '{}', '{}')"
DATA = [
    FILL,
    "INSERT INTO categories (key, position, name, slug)"
    " SELECT 'c' || n, n, '{}', '{}' FROM generate_series(1, 50) AS n",
]
CHANGES = {
    "a column": "ALTER TABLE categories ADD COLUMN more text",
    "a default": "ALTER TABLE categories ALTER COLUMN position SET DEFAULT 7",
    "no table": "DROP TABLE categories CASCADE",
    "a table": "CREATE TABLE more (id integer)",
    "no index": "DROP INDEX {index}",
    "no trigger": "DROP TRIGGER {trigger} ON audit_entries",
    "a sleeping trigger": "ALTER TABLE audit_entries DISABLE TRIGGER USER",
    "a trigger that does something else": "CREATE OR REPLACE FUNCTION {function}() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "a function": "CREATE FUNCTION more() RETURNS integer LANGUAGE sql RETURN 1",
    "another revision": "UPDATE alembic_version SET version_num = 'other'",
    "no revision": "DELETE FROM alembic_version",
}
NAMES = {
    "function": "SELECT min(proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "index": "SELECT min(indexname) FROM pg_indexes WHERE schemaname = 'public' AND indexname LIKE 'ix_%'",
    "trigger": "SELECT min(tgname) FROM pg_trigger WHERE tgrelid = 'audit_entries'::regclass AND NOT tgisinternal",
}


@pytest.fixture
def spares(postgres_server, postgres_template):
    return SpareDatabases(postgres_server, postgres_template)


def run(server, name, statement):
    with server.connect(name) as connection:
        names = {word: connection.execute(question).fetchone()[0] for word, question in NAMES.items()}
        for word, found in names.items():
            statement = statement.replace(f"{{{word}}}", found)
        connection.execute(statement)


def count(server, name) -> int:
    with server.connect(name) as connection:
        return connection.execute("SELECT count(*) FROM categories").fetchone()[0]


FIRST_ROWS = [
    "TABLE alembic_version",
    "TABLE content_version",
    "TABLE mail_relay",
    "SELECT * FROM glossary_terms ORDER BY id",
    "SELECT last_value, is_called FROM glossary_terms_id_seq",
]


def first_rows(server, name) -> list:
    """Return the rows of the tables that migrations fill, and the number of the last glossary term."""
    with server.connect(name) as connection:
        return [connection.execute(statement).fetchall() for statement in FIRST_ROWS]


@pytest.mark.parametrize("statement", DATA)
def test_rows_are_gone_and_the_database_is_lent_again(spares, postgres_server, statement):
    name = spares.lend()
    run(postgres_server, name, statement)
    spares.take_back(name)
    assert (spares.lend(), count(postgres_server, name)) == (name, 0)
    postgres_server.drop(name)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE content_version SET version = version + 1",
        "DELETE FROM mail_relay",
        "DELETE FROM glossary_terms WHERE id = 1",
        "SELECT nextval('glossary_terms_id_seq')",
    ],
)
def test_rows_that_the_migrations_leave_are_put_back(spares, postgres_server, statement):
    name = spares.lend()
    before = first_rows(postgres_server, name)
    run(postgres_server, name, statement)
    spares.take_back(name)
    assert (spares.lend(), first_rows(postgres_server, name)) == (name, before)
    postgres_server.drop(name)


def test_numbers_begin_anew(spares, postgres_server):
    name, ids = spares.lend(), []
    for _ in range(2):
        with postgres_server.connect(name) as connection:
            ids.append(connection.execute(f"{FILL} RETURNING id").fetchone()[0])
        spares.take_back(name)
        assert spares.lend() == name
    assert ids == [1, 1]
    postgres_server.drop(name)


def test_content_of_one_database_is_put_into_another(spares, postgres_server):
    """The rows and the numbers that sequences have reached are those of the database that was read."""
    one, other = spares.lend(), spares.lend()
    run(postgres_server, one, DATA[1])
    run(postgres_server, one, "DELETE FROM glossary_terms WHERE id = 1")
    run(postgres_server, other, FILL)
    spares.fill(other, spares.read(one))
    assert count(postgres_server, other) == 50
    assert first_rows(postgres_server, other) == first_rows(postgres_server, one)
    with postgres_server.connect(other) as connection:
        assert connection.execute(f"{FILL} RETURNING id").fetchone()[0] == 51
    for name in (one, other):
        postgres_server.drop(name)


def test_an_open_transaction_does_not_keep_it(spares, postgres_server):
    name = spares.lend()
    left_open = postgres_server.connect(name)
    left_open.autocommit = False
    left_open.execute(FILL)
    spares.take_back(name)
    assert spares.lend() == name
    left_open.close()
    postgres_server.drop(name)


def test_an_emptied_database_keeps_idle_connections_and_no_open_transaction(spares, postgres_server):
    """The test's rows are gone, the rows of the migrations are back, and the database is still lent."""
    name = spares.lend()
    before = first_rows(postgres_server, name)
    idle, at_work = postgres_server.connect(name), postgres_server.connect(name)
    idle.execute(FILL)
    run(postgres_server, name, "DELETE FROM mail_relay")
    at_work.autocommit = False
    at_work.execute(FILL.replace("own", "other").replace("1", "2"))
    spares.empty(name)
    assert (count(postgres_server, name), first_rows(postgres_server, name)) == (0, before)
    assert idle.execute(f"{FILL} RETURNING id").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        at_work.execute("SELECT 1")
    other = spares.lend()
    assert other != name
    for connection in (idle, at_work):
        connection.close()
    for each in (name, other):
        postgres_server.drop(each)


@pytest.mark.parametrize("change", CHANGES)
def test_another_database_than_it_was_is_not_lent_again(spares, postgres_server, change):
    name = spares.lend()
    run(postgres_server, name, CHANGES[change])
    spares.take_back(name)
    other = spares.lend()
    assert other != name
    assert count(postgres_server, other) == 0
    postgres_server.drop(other)
