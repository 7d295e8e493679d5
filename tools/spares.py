"""PostgreSQL databases that are emptied and reused, because creating one takes longer than most tests."""

from typing import NamedTuple

from psycopg import Connection, sql

from tools.servers import PostgresServer

# Alembic's table. Its only row names the last migration that has run, so it counts as a part of the structure.
REVISION = "alembic_version"
TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
USED_TABLES = f"{TABLES} AND pg_relation_size(oid) > 0"
# Returns a digest that differs once the structure has changed: every change writes rows of the system's catalogs, and
# `xmin` is the transaction that wrote a row. Copies of a database keep it. Objects that are not PostgreSQL's own have
# numbers from 16384 on.
STRUCTURE = """
SELECT md5(string_agg(part, ',' ORDER BY part COLLATE "C")) FROM (
    SELECT format('relation %s %s', oid, xmin) FROM pg_class WHERE oid >= 16384
    UNION ALL SELECT format('column %s %s %s', attrelid, attnum, xmin) FROM pg_attribute WHERE attrelid >= 16384
    UNION ALL SELECT format('default %s %s', oid, xmin) FROM pg_attrdef
    UNION ALL SELECT format('constraint %s %s', oid, xmin) FROM pg_constraint WHERE oid >= 16384
    UNION ALL SELECT format('index %s %s', indexrelid, xmin) FROM pg_index WHERE indexrelid >= 16384
    UNION ALL SELECT format('trigger %s %s', oid, xmin) FROM pg_trigger
    UNION ALL SELECT format('function %s %s', oid, xmin) FROM pg_proc WHERE oid >= 16384
    UNION ALL SELECT format('type %s %s', oid, xmin) FROM pg_type WHERE oid >= 16384
    UNION ALL SELECT format('schema %s %s', oid, xmin) FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_'
    UNION ALL SELECT format('revision %s', version_num) FROM alembic_version
) AS parts (part)
"""
# By its second argument pg_terminate_backend waits, for at most a minute, until the other connection has ended.
END_OTHERS = """
SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
END_BUSY = f"{END_OTHERS} AND state IS DISTINCT FROM 'idle'"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
START_ANEW = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""


class Content(NamedTuple):
    """What is in a database: the rows of each table that has some, as COPY writes them, and the sequences' numbers."""

    rows: dict[str, bytes]
    numbers: list[tuple[str, int]]


class SpareDatabases:
    """Lends copies of a migrated database to tests, and drops a copy whose structure was changed."""

    def __init__(self, server: PostgresServer, template: str):
        self._server, self._template = server, template
        self._idle: list[str] = []
        name = server.create(template)
        with server.connect(name) as connection:
            self._structure = self._read_structure(connection)
            self._first = _read(connection)
        self._idle.append(name)

    def lend(self) -> str:
        """Return the name of a database in the state in which the migrations leave it."""
        return self._idle.pop() if self._idle else self._server.create(self._template)

    def take_back(self, name: str) -> None:
        """Empty the database for the next test, ending its connections; drop it if its structure was changed.

        The rows that the migrations have inserted are put back.
        """
        with self._server.connect(name) as connection:
            connection.execute(END_OTHERS)
            known = self._read_structure(connection) == self._structure
            if known:
                _put(connection, self._first)
        if known:
            self._idle.append(name)
        else:
            self._server.drop(name)

    def empty(self, name: str) -> None:
        """Empty a lent database, and end only those connections to it that are at work: idle ones stay open."""
        with self._server.connect(name) as connection:
            connection.execute(END_BUSY)
            _put(connection, self._first)

    def read(self, name: str) -> Content:
        """Return what is in a database, for `fill`."""
        with self._server.connect(name) as connection:
            return _read(connection)

    def fill(self, name: str, content: Content) -> None:
        """Put the content of another copy into a database that was lent, in place of its own."""
        with self._server.connect(name) as connection:
            _put(connection, content)

    def _read_structure(self, connection: Connection) -> str | None:
        row = connection.execute(STRUCTURE).fetchone() if self._has_revision(connection) else None
        return row[0] if row else None

    def _has_revision(self, connection: Connection) -> bool:
        row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", [REVISION]).fetchone()
        return bool(row and row[0])


def _read(connection: Connection) -> Content:
    rows = {}
    for table in _used_tables(connection):
        with connection.cursor().copy(_on(table, "COPY {} TO STDOUT")) as copy:
            rows[table] = b"".join(map(bytes, copy))
    numbers = connection.execute(SEQUENCES).fetchall()
    return Content({table: lines for table, lines in rows.items() if lines}, numbers)


def _put(connection: Connection, content: Content) -> None:
    """Delete all rows, insert those of the content, and set the sequences to its numbers."""
    # Turn off the triggers that forbid deleting, and those that follow foreign keys.
    connection.execute("SET session_replication_role = replica")
    used = _used_tables(connection)
    for table in used:
        connection.execute(_on(table, "DELETE FROM {}"))
    # Remove the deleted rows from the files, or the rows of the next test would lie between them in any order.
    connection.execute(_on_all(used, "VACUUM (INDEX_CLEANUP ON) {}"))
    for table, lines in content.rows.items():
        with connection.cursor().copy(_on(table, "COPY {} FROM STDIN")) as copy:
            copy.write(lines)
    connection.execute(START_ANEW)
    for sequence, number in content.numbers:
        connection.execute("SELECT setval(quote_ident(%s)::regclass, %s)", [sequence, number])


def _used_tables(connection: Connection) -> list[str]:
    """Return the tables that have rows, or had some since they were last emptied."""
    return [table for (table,) in connection.execute(USED_TABLES)]


def _on(table: str, statement: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))


def _on_all(tables: list[str], statement: str) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, tables))
    return sql.SQL(statement).format(names)
