"""PostgreSQL databases that are emptied and reused, because creating one takes longer than most tests."""

from typing import Any

from psycopg import Connection, sql

from tools.servers import PostgresServer

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SHAPE = """
SELECT md5(string_agg(part, E'\n' ORDER BY part COLLATE "C")) FROM (
    SELECT format('column %s %s %s %s', relname, attname, atttypid::regtype, attnotnull)
        || COALESCE(pg_get_expr(adbin, adrelid), '')
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
    UNION ALL SELECT format('relation %s %s %s', relname, relkind, reloptions) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('trigger %s %s', tgenabled, pg_get_triggerdef(pg_trigger.oid)) FROM pg_trigger
    JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
    UNION ALL SELECT format('function %s %s', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT format('type %s %s', typname, typtype) FROM pg_type WHERE typnamespace = 'public'::regnamespace
) AS parts (part)
"""


class SpareDatabases:
    """Lends copies of a migrated database to tests, and drops a copy whose structure or initial rows changed."""

    def __init__(self, server: PostgresServer, template: str):
        self._server, self._template = server, template
        self._idle: list[str] = []
        name = server.create(template)
        with server.connect(name) as connection:
            self._tables = [table for (table,) in connection.execute(TABLES)]
            self._filled = [table for table in self._tables if self._has_rows(connection, table)]
            self._print = self._fingerprint(connection)
        self._idle.append(name)

    def lend(self) -> str:
        """Return the name of a database in the state in which the migrations leave it."""
        return self._idle.pop() if self._idle else self._server.create(self._template)

    def take_back(self, name: str) -> None:
        """Empty the database for the next test, ending its connections; drop it if its structure was changed."""
        self._server.end_connections(name)
        with self._server.connect(name) as connection:
            known = self._fingerprint(connection) == self._print
            if known:
                self._empty(connection)
        if known:
            self._idle.append(name)
        else:
            self._server.drop(name)

    def _has_rows(self, connection: Connection, table: str) -> bool:
        question = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table))
        return _first(connection, question)

    def _fingerprint(self, connection: Connection) -> list[str]:
        first_rows = [
            sql.SQL("SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} AS t").format(
                sql.Identifier(table)
            )
            for table in self._filled
        ]
        questions: list[sql.SQL | sql.Composed] = [sql.SQL(SHAPE), *first_rows]
        return [_first(connection, question) for question in questions]

    def _empty(self, connection: Connection) -> None:
        # Turn off the triggers that forbid deleting.
        connection.execute("SET session_replication_role = replica")
        named = sql.SQL(", ").join(sql.Identifier(name) for name in self._tables if name not in self._filled)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(named))


def _first(connection: Connection, question: sql.SQL | sql.Composed) -> Any:
    """Run a query that returns a single value, and return this value."""
    row = connection.execute(question).fetchone()
    return row[0] if row else None
