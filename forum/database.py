"""The engine: SQLite and PostgreSQL made to keep their promises (F1, F8, R15–R17)."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from sqlalchemy import MetaData, Select, event, inspect
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, scoped_session
from sqlalchemy.orm.attributes import set_committed_value

from forum import postgres
from forum.turns import Line, NoTurn, processor

BUSY_SECONDS = postgres.LOCK_SECONDS
# SQLite has one writer at a time. PostgreSQL's writers meet at the lock of an event's row; one more than can have it
# is there, so that it is never free while somebody waits.
WRITERS = {"sqlite": 1, "postgresql": 2}
TURN_SECONDS = 0.001  # seconds between two tries to get SQLite's lock while another process writes
LOCKED_SECONDS = 0.005  # how long a writer that has SQLite's lock waits for its turn
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

    Public pages show `is_public_content` models: a change of one has every kept page rendered anew, except for its
    `live_columns`, which only pages that are kept for a second show.
    """

    is_public_content: ClassVar[bool] = False
    live_columns: ClassVar[frozenset[str]] = frozenset()
    metadata = MetaData(naming_convention=NAMES)


class WritersBusy(NoTurn, PoolTimeout):
    """Other writers of this process took longer than one may wait for them; also caught as an error of SQLAlchemy."""


class WriteOutsideTransaction(RuntimeError):
    """A flush came before `start_write`: on SQLite it could fail under load whatever the timeout."""


def engine_options(url: str) -> dict[str, Any]:
    """Return create_engine's options for this database address."""
    if make_url(url).get_backend_name() == "sqlite":
        # Writers wait with a connection in hand, and a reader must not wait for one of them: as many as are asked for.
        return {"connect_args": {"timeout": BUSY_SECONDS}, "pool_use_lifo": True, "max_overflow": -1}
    return postgres.engine_options()


def prepare_engine(engine: Engine) -> None:
    """Teach a SQLite engine to begin its transactions itself, and a PostgreSQL engine to notice lost connections."""
    engine.update_execution_options(writers=Line(WRITERS[engine.dialect.name]))
    event.listen(engine, "checkin", _leave_line)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        postgres.prepare_engine(engine)


def start_write(session: Session | scoped_session) -> None:
    """Begin a writing transaction; call it before the rule that writes, as the first thing in it.

    On SQLite only one writer can be in such a transaction (BEGIN IMMEDIATE); others wait their turn
    up to BUSY_SECONDS. On PostgreSQL rows are locked by the rules; a few writers of a process at a time wait for them,
    the others have no connection yet. What the session had loaded is read again. Raises WritersBusy.
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
    """Return the query as one that locks the rows that it reads, and reads them as they are after the wait.

    PostgreSQL locks them until the transaction ends, but not for rows that only refer to them; on SQLite the writer's
    lock is held already. What the session had loaded of the rows is read anew.
    """
    return query.with_for_update(key_share=True).execution_options(populate_existing=True)


@contextmanager
def rehearsed(
    session: Session | scoped_session, *, when: bool, keeping: Sequence[Base] = ()
) -> Iterator[None]:
    """Do the work of this block, and undo it at its end `when` it is only a rehearsal.

    Nobody may learn by the clock or by counting statements whether an address is known (S24). So the page of a form
    does the same work for every address, in a savepoint, and keeps it or not. `keeping` names rows that are loaded and
    that the work changes: after a rehearsal they are what they were, without a statement that reads them again.
    """
    # Copy the rows for known and unknown addresses alike, or the time would tell them apart.
    known = [(row, dict(inspect(row).dict)) for row in keeping]
    with session.begin_nested() as savepoint:
        yield
        session.flush()
        if when:
            savepoint.rollback()
    if when:
        for row, values in known:
            # Only what the savepoint has changed is expired.
            for name in inspect(row).expired_attributes & values.keys():
                set_committed_value(row, name, values[name])


def guard_writes(session: scoped_session) -> None:
    """Refuse every flush in a transaction that `start_write` did not begin (SQLite)."""
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
    raw.isolation_level = None  # SQLAlchemy's "begin" event says BEGIN, the driver never does
    cursor = raw.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Begin a transaction: a reader at once; a writer when it is its turn, at the latest after BUSY_SECONDS.

    SQLite has no line: who finds it busy sleeps for longer and longer, and may be passed by whoever comes later. So
    only one thread of a process asks at a time, and asks often.
    """
    if connection.get_execution_options().get("sqlite_begin") != "IMMEDIATE":
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA busy_timeout=0")  # SQLite's own waiting sleeps up to a tenth of a second
    try:
        # A connection that has committed and begins again still has its position in the queue.
        is_first = "line" in connection.info or _join_line(connection, 0)
        if is_first and _ask(raw) == sqlite3.SQLITE_OK:
            return
        with processor.lent(for_return=LOCKED_SECONDS):
            _begin_when_free(connection, raw, is_first=is_first)
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")


def _begin_when_free(connection: Connection, raw: Any, *, is_first: bool) -> None:
    """Begin to write as soon as nobody else does, or when the time is over fail as SQLAlchemy's errors do."""
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
    """Ask SQLite for its writer's lock; return its code, SQLITE_OK or why not."""
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as problem:
        return problem.sqlite_errorcode & 0xFF
    return sqlite3.SQLITE_OK


def _leave_line(_raw: Any, record: Any) -> None:
    """Let the next writer go on when the connection goes back to the pool."""
    if line := record.info.pop("line", None):
        line.leave()
