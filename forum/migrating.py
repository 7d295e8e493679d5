"""Safe migrations: no lost rows or triggers, limited waiting for locks, detecting tables of a newer version (R23).

SQLite can change little about a table, so Alembic's batch mode copies it, drops it and renames the copy. With foreign
keys on, the drop would delete the rows that refer to the table; and it deletes the table's triggers. So foreign keys
are off during a migration and checked before each commit, and the triggers are created again. Every table made by a
migration uses each id only once.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from alembic import op
from alembic.ddl.sqlite import SQLiteImpl
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Column, Integer, MetaData, Table, event, inspect
from sqlalchemy.engine import Connection
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import OperationalError

from forum.extensions import migrate
from forum.postgres import patience

# A migration waits for a table's lock for this long only: meanwhile all later requests for that table wait, too.
LOCK_TIMEOUT = "10s"
SETTINGS = {
    "sqlite": ("PRAGMA foreign_keys=OFF", "PRAGMA foreign_keys=ON"),
    "postgresql": (
        # No statement timeout: a migration of a large table may take longer than a statement of a request is allowed
        # to.
        "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', '0', false)",
        "RESET lock_timeout; RESET statement_timeout",
    ),
}
TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, relname, pg_get_triggerdef(pg_trigger.oid)"
    " FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE NOT tgisinternal",
}
OWN_STATEMENT = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
OWN_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?"
# The database's own search indexes and counts, which no model maps; SQLite keeps each index in several tables
# (migrations 0023, 0074, 0076 and 0082).
INDEX = re.compile(r"(search|people)_index(_[a-z]+)?|people_counts")
WORD = re.compile(r"\w+")
# Finds, in a CREATE TABLE, the names of the table's own constraints: a comma stands before such a constraint, and none
# before a constraint that belongs to a column.
BESIDE_COLUMNS = re.compile(r',\s*CONSTRAINT\s+"?(\w+)')
DROPPED = re.compile(r'\s*DROP\s+TRIGGER\s+(?:IF\s+EXISTS\s+)?"?(\w+)', re.IGNORECASE)
# Matches the renaming of a column: SQLite then writes the new name into the triggers, so triggers may change.
COLUMN_RENAMED = re.compile(r"\s*ALTER\s+TABLE\s+\S+\s+RENAME\s+(?!TO\b)", re.IGNORECASE)


class OrphanedRows(CommandError):
    """A migration has left rows that refer, by a foreign key, to a row that does not exist."""


class LostTriggers(CommandError):
    """A migration has lost or changed triggers that it did not drop by name."""


class TableInUse(CommandError):
    """On PostgreSQL, a table was in use for longer than a migration waits, or the wait was ended as a deadlock."""


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Configure the connection for migrations, and afterwards reset it for the pool. Raises TableInUse."""
    before, after = SETTINGS[connection.dialect.name]
    _run_outside_transaction(connection, before, *([LOCK_TIMEOUT] if "%s" in before else []))
    try:
        with patience(None):
            yield
    except OperationalError as problem:
        if isinstance(problem.orig, (LockNotAvailable, DeadlockDetected)):
            raise TableInUse(
                f"A table was in use for longer than {LOCK_TIMEOUT}, or by somebody who waited for this step."
                " The step has changed nothing; try again, with the forum stopped if need be."
            ) from problem
        raise
    finally:
        connection.rollback()
        if not connection.invalidated:
            _run_outside_transaction(connection, after)


def find_unknown_revision(connection: Connection) -> str | None:
    """Return the tables' revision if this version lacks its migration: a newer version made them. Else return None."""
    present, known = MigrationContext.configure(connection).get_current_heads(), known_revisions()
    return next((revision for revision in present if revision not in known), None)


def known_revisions() -> set[str]:
    """Return the revisions of this version's migrations; needs an app context."""
    return {script.revision for script in ScriptDirectory.from_config(migrate.get_config()).walk_revisions()}


def find_lacking(connection: Connection, metadata: MetaData) -> list[str]:
    """Return as sentences why this version cannot use the database.

    Either tables or columns are missing, or there are mandatory columns that this version does not know and would
    leave empty.
    """
    seen = inspect(connection)
    present = set(seen.get_table_names())
    lacking = [f"there is no table {name}" for name in metadata.tables if name not in present]
    for table in metadata.tables.values():
        if table.name in present:
            lacking += _find_differing_columns(table, seen.get_columns(table.name))
    return lacking


def _find_differing_columns(table: Table, present: Sequence[ReflectedColumn]) -> Iterator[str]:
    names = {column["name"] for column in present}
    missing = [column.name for column in table.columns if column.name not in names]
    yield from (f"there is no column {table.name}.{name}" for name in missing)
    for column in present:
        if column["name"] not in table.columns and not column["nullable"] and column["default"] is None:
            yield f"the column {table.name}.{column['name']} has to be filled"


def is_index(name: str | None) -> bool:
    """Return whether the name is that of a search index or count, which the database fills and no model maps."""
    return name is not None and INDEX.fullmatch(name) is not None


def numbers_its_rows(table: Table) -> bool:
    """Return whether the database numbers the rows of this table: its primary key is one number and no foreign key."""
    key = list(table.primary_key.columns)
    return len(key) == 1 and isinstance(key[0].type, Integer) and not key[0].foreign_keys


class StepCheck:
    """Checks the database after each migration, before its commit; Alembic calls it (`on_version_apply`)."""

    def __init__(self, connection: Connection):
        self._connection = connection
        self._before = self._triggers()
        self._dropped: set[str] = set()
        self._has_renamed_column = False
        # End the open transaction: inside it, Alembic would not begin a transaction for each migration.
        connection.rollback()
        event.listen(connection, "before_cursor_execute", self._note_statement)

    def __call__(self, **_step: Any) -> None:
        """Check the database. Raises OrphanedRows or LostTriggers."""
        if self._connection.dialect.name == "sqlite":
            self._refuse_orphans()
        after = self._triggers()
        self._refuse_lost_triggers(after)
        self._before, self._dropped, self._has_renamed_column = after, set(), False

    def _refuse_lost_triggers(self, after: set[tuple[str, str, str]]) -> None:
        tables = set(inspect(self._connection).get_table_names())
        names, places = {name for name, _, _ in after}, {(name, table) for name, table, _ in after}
        gone = {one for one in self._before - after if one[1] in tables and one[0] not in self._dropped}
        lost = {name for name, _, _ in gone if name not in names}
        changed = {
            name for name, table, _ in gone if (name, table) in places and not self._has_renamed_column
        }
        for what, names_of in (("lost", lost), ("changed", changed)):
            if names_of:
                told = (
                    f"The migration {what} triggers: {', '.join(sorted(names_of))}. It has changed nothing."
                )
                raise LostTriggers(told)

    def _refuse_orphans(self) -> None:
        orphans = self._connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            between = sorted({f"{table} to {parent}" for table, _row, parent, _key in orphans})
            raise OrphanedRows(
                f"{len(orphans)} rows refer to nothing after the migration ({', '.join(between)})."
                " It has changed nothing."
            )

    def _triggers(self) -> set[tuple[str, str, str]]:
        rows = self._connection.exec_driver_sql(TRIGGERS[self._connection.dialect.name])
        return {(name, table, text) for name, table, text in rows}

    def _note_statement(self, _connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if dropped := DROPPED.match(statement):
            self._dropped.add(dropped[1])
        self._has_renamed_column = self._has_renamed_column or COLUMN_RENAMED.match(statement) is not None


class ForumSQLite(SQLiteImpl):
    """Alembic's tool for SQLite, changed: a copied table keeps triggers and ids; a dropped column takes its checks."""

    __dialect__ = "sqlite"  # the attribute by which Alembic uses this class for SQLite instead of its own

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._triggers: dict[str, list[Any]] = {}

    def create_table(self, table: Table, **options: Any) -> None:
        """Create a table that numbers its rows with AUTOINCREMENT.

        Without it SQLite reuses the id of a deleted last row: a console page opened earlier would then change another
        row than the one it shows.
        """
        table.dialect_options["sqlite"]["autoincrement"] = numbers_its_rows(table)
        super().create_table(table, **options)

    def drop_table(self, table: Table, **options: Any) -> None:
        """Drop a table and remember its triggers, for the copy that gets its name."""
        self._triggers[table.name] = self._query(OWN_TRIGGERS, table.name)
        super().drop_table(table, **options)

    def rename_table(self, old_table_name: str, new_table_name: Any, schema: Any = None) -> None:
        """Rename a table; if its new name is that of a dropped table, create the dropped table's triggers on it."""
        if new_table_name not in self._triggers:
            super().rename_table(old_table_name, new_table_name, schema)
            return
        # Without this setting SQLite refuses to rename the table if another table's trigger mentions the dropped table.
        self._query("PRAGMA legacy_alter_table=ON")
        super().rename_table(old_table_name, new_table_name, schema)
        self._query("PRAGMA legacy_alter_table=OFF")
        for _name, statement in self._triggers.pop(new_table_name):
            self._query(statement)

    def drop_column(self, table_name: str, column: Column[Any], **options: Any) -> None:
        """Drop a column; if checks that stand beside the columns name it, copy the table without them and it.

        A check that a migration adds with its column stands within that column until the table is copied; then it
        stands beside all columns, and SQLite refuses to drop a column that such a check names.
        """
        checks = self._list_checks_beside(table_name, column.name)
        if not checks:
            super().drop_column(table_name, column, **options)
            return
        with op.batch_alter_table(table_name, recreate="always") as batch:
            for name in checks:
                batch.drop_constraint(op.f(name), type_="check")
            batch.drop_column(column.name)

    def _list_checks_beside(self, table_name: str, column: str) -> list[str]:
        """Return the names of the table's checks that stand beside its columns and name this column."""
        ((made,),) = self._query(OWN_STATEMENT, table_name)
        known = inspect(self.connection).get_check_constraints(table_name)
        naming = [str(one["name"]) for one in known if column in WORD.findall(one["sqltext"])]
        beside = set(BESIDE_COLUMNS.findall(made))
        return [name for name in naming if name in beside]

    def _query(self, statement: str, *parameters: str) -> list[Any]:
        answer = self.connection.exec_driver_sql(  # type: ignore[union-attr]  # None only in Alembic's --sql mode
            statement, parameters
        )
        return list(answer) if answer.returns_rows else []


def _run_outside_transaction(connection: Connection, statement: str, *values: str) -> None:
    raw: Any = connection.connection.driver_connection
    raw.execute(statement, values)
    raw.commit()
