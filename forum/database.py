"""The database engine: serial writes, durable commits and bounded waits on SQLite and PostgreSQL (F1, F8, R15–R17)."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import FromClause, MetaData, Select, event, inspect
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session
from sqlalchemy.orm.attributes import set_committed_value

from forum import postgres
from forum.turns import Line, NoTurn, processor

BUSY_SECONDS = postgres.LOCK_SECONDS
# How many threads of a process may be in a writing transaction. SQLite has one writer at a time. PostgreSQL's writers
# wait for the lock of an event's row: with two of them, the second is already waiting when the first releases it.
WRITERS = {"sqlite": 1, "postgresql": 2}
TURN_SECONDS = 0.001  # seconds between two tries to get SQLite's lock while another process writes
# How many seconds a thread that has SQLite's lock waits for its turn to compute (`turns`), at most.
LOCKED_SECONDS = 0.005
SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The parent of every model; each constraint has a name, so that migrations can change it.

    Public pages show the models with `is_public_content`: a change of one makes every cached page outdated. A change of
    its `live_columns` does not: the pages that show these columns are cached for one second only.
    """

    is_public_content: ClassVar[bool] = False
    live_columns: ClassVar[frozenset[str]] = frozenset()
    metadata = MetaData(naming_convention=NAMES)


class WritersBusy(NoTurn, PoolTimeout):
    """A thread waited BUSY_SECONDS for other writers of its process. Handlers of SQLAlchemy's TimeoutError catch it."""


class WriteOutsideTransaction(RuntimeError):
    """Rows were written in a transaction that `start_write` did not begin: on SQLite that may fail under load."""


class SqliteCompiler(SQLiteCompiler):
    """Writes hints for SQLite, which SQLAlchemy leaves out: NOT INDEXED makes SQLite read rows by their key alone."""

    def get_from_hint_text(self, table: FromClause, text: str | None) -> str | None:
        """Return the text of a hint, which SQLAlchemy then writes after the name of the table."""
        return text


def engine_options(url: str) -> dict[str, Any]:
    """Return create_engine's options for this database address."""
    if make_url(url).get_backend_name() == "sqlite":
        # The number of connections has no limit: waiting writers hold connections, and a reader must not wait until a
        # writer gives one back.
        return {"connect_args": {"timeout": BUSY_SECONDS}, "pool_use_lifo": True, "max_overflow": -1}
    return postgres.engine_options()


def prepare_engine(engine: Engine) -> None:
    """Set an engine up: queue its writers; on SQLite send BEGIN explicitly, on PostgreSQL notice lost connections."""
    engine.update_execution_options(writers=Line(WRITERS[engine.dialect.name]))
    event.listen(engine, "checkin", _leave_line)
    if engine.dialect.name == "sqlite":
        engine.dialect.statement_compiler = SqliteCompiler
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        postgres.prepare_engine(engine)


def start_write(session: Session | scoped_session) -> None:
    """Begin a writing transaction; call this before anything that the transaction reads or writes.

    On SQLite only one writer can be in such a transaction (BEGIN IMMEDIATE); the others wait up to BUSY_SECONDS. On
    PostgreSQL the functions that write lock rows: WRITERS threads of a process wait for these locks, and the other
    writers wait before they take a connection. Objects that the session had loaded are read again. Raises WritersBusy.
    """
    session.rollback()
    engine = session.get_bind()
    if engine.dialect.name == "sqlite":
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        return
    line = engine.get_execution_options()["writers"]
    if not line.enter(0):
        with processor.lent():
            if not line.enter(BUSY_SECONDS):
                raise WritersBusy
    try:
        session.connection().info["line"] = line
    except BaseException:
        line.leave()
        raise


def read_locked(query: Select) -> Select:
    """Return the query as one that locks the rows that it reads, and reads them as they are after waiting for the lock.

    PostgreSQL locks them until the transaction ends, but lets other transactions write rows that refer to them; on
    SQLite the writer holds the lock on the whole database already. Objects that the session had loaded before get the
    values that are read now.
    """
    return query.with_for_update(key_share=True).execution_options(populate_existing=True)


@contextmanager
def rehearsed(
    session: Session | scoped_session, *, when: bool, keeping: Sequence[Base] = ()
) -> Iterator[None]:
    """Run the block in a savepoint and, if `when` is true, undo its work at the end.

    The time and the statements of a request must not reveal whether a mail address is known (S24). So a view does the
    same work for every address, and undoes the work where it may have no effect. `keeping` are loaded rows that the
    work changes: after the work is undone they have their old values, without a statement that reads them again.
    """
    # Copy the rows even if nothing will be undone: the time must not reveal whether an address is known.
    known = [(row, dict(inspect(row).dict)) for row in keeping]
    with session.begin_nested() as savepoint:
        yield
        session.flush()
        if when:
            savepoint.rollback()
    if when:
        for row, values in known:
            # Restore only the attributes that the block changed: the rollback has expired exactly these.
            for name in inspect(row).expired_attributes & values.keys():
                set_committed_value(row, name, values[name])


@contextmanager
def rehearsed_rows(connection: Connection, *, when: bool) -> Iterator[None]:
    """Run statements in a savepoint and, if `when` is true, undo them: `rehearsed` for rows that no session holds.

    Without the session's own bookkeeping for a savepoint, two rows take a third of the CPU time.
    """
    with connection.begin_nested() as savepoint:
        yield
        if when:
            savepoint.rollback()


def guard_writes(session: scoped_session) -> None:
    """On SQLite, refuse every flush in a transaction that `start_write` did not begin."""
    if not event.contains(session, "before_flush", _refuse_late_write):
        event.listen(session, "before_flush", _refuse_late_write)


def _refuse_late_write(session: Session, *_) -> None:
    if not (session.new or session.dirty or session.deleted):
        return
    connection = session.connection()
    if (
        connection.dialect.name == "sqlite"
        and connection.get_execution_options().get("sqlite_begin") != "IMMEDIATE"
    ):
        raise WriteOutsideTransaction


def _set_pragmas(raw, _record) -> None:
    # The driver must not begin transactions: `_begin` sends BEGIN on SQLAlchemy's "begin" event.
    raw.isolation_level = None
    cursor = raw.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin a transaction on SQLite.

    A transaction that reads begins at once; one that writes waits for the transactions of earlier writers.

    Raises SQLAlchemy's OperationalError when a writer has waited for BUSY_SECONDS.

    SQLite has no queue: a connection that finds the database locked sleeps for longer and longer, and a later one may
    get the lock first. So only one thread of a process asks for the lock at a time, and asks often.
    """
    if connection.get_execution_options().get("sqlite_begin") != "IMMEDIATE":
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    raw: Any = connection.connection.driver_connection
    # Do not let SQLite itself wait for the lock: it sleeps up to a tenth of a second between two tries.
    raw.execute("PRAGMA busy_timeout=0")
    try:
        # A connection that has committed and begins again keeps its turn to write: the turn ends when the connection
        # goes back to the pool.
        is_first = "line" in connection.info or _join_line(connection, 0)
        if is_first and _ask(raw) == sqlite3.SQLITE_OK:
            return
        with processor.lent(for_return=LOCKED_SECONDS):
            _begin_when_free(connection, raw, is_first=is_first)
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


def _begin_when_free(connection: Connection, raw: Any, *, is_first: bool) -> None:
    """Begin to write when SQLite's lock is free; raise SQLAlchemy's OperationalError after BUSY_SECONDS."""
    until = time.monotonic() + BUSY_SECONDS
    if not is_first:
        _join_line(connection, BUSY_SECONDS)
    while (said := _ask(raw)) == sqlite3.SQLITE_BUSY and time.monotonic() < until:
        time.sleep(TURN_SECONDS)
    if said != sqlite3.SQLITE_OK:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _join_line(connection: Connection, seconds: float) -> bool:
    line = connection.get_execution_options()["writers"]
    if came := line.enter(seconds):
        connection.info["line"] = line
    return came


def _ask(raw: Any) -> int:
    """Ask SQLite once for its write lock; return its result code, such as SQLITE_OK or SQLITE_BUSY."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as problem:
        return problem.sqlite_errorcode & 0xFF
    return sqlite3.SQLITE_OK


def _leave_line(_raw: Any, record: Any) -> None:
    """Let the next waiting writer through when a writer's connection goes back to the pool."""
    if line := record.info.pop("line", None):
        line.leave()
