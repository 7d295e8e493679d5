"""PostgreSQL connections: every wait has a time limit, and a thread that waits for long lets other threads compute."""

import math
import secrets
import select
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.waiting import READY_NONE
from sqlalchemy import event
from sqlalchemy.engine import URL, Dialect, Engine, ExceptionContext
from sqlalchemy.exc import DisconnectionError, InvalidRequestError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection, QueuePool
from sqlalchemy.util.queue import Empty, Queue

from forum.turns import processor

LOCK_SECONDS = 20
# What each connection asks of PostgreSQL, as its SHOW writes the values: time limits for a lock and for a statement.
# `jit` is off, because compiling a page's query takes ten times as long as running it: 228 ms for a list filtered by an
# answer.
ASKED = {"lock_timeout": f"{LOCK_SECONDS}s", "statement_timeout": "1min", "jit": "off"}
# Time limits for PostgreSQL: for a connection, a lock, an answer, and a lost server.
WAITS = {
    "connect_timeout": 5,  # the time limit for a connection, in seconds
    "options": " ".join(f"-c {name}={value}" for name, value in ASKED.items()),
    "tcp_user_timeout": 20_000,  # in milliseconds: how long a lost server may stay unnoticed
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
ANSWER_SECONDS = 61.0  # a little more than PostgreSQL's own limit for one statement
# How many seconds a thread that waits for an answer keeps its turn to compute, so that no other thread computes. A
# thread that gave up its turn at every answer would queue for a turn after each statement, while others wait for the
# rows that the thread has locked.
AT_ONCE = 0.005
# The function of PostgreSQL that finds out whether a prepared statement still returns the same columns (plancache.c).
LOOKS_AT_PLAN = "RevalidateCachedQuery"
# Errors that show that a connection pooler has exchanged the server's process: the new one has not prepared the
# statement, or has prepared another one under its name.
UNPREPARED = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
_patience: ContextVar[float | None] = ContextVar("patience")


def libpq_arguments(url: URL) -> dict[str, Any]:
    """Return what PostgreSQL's library and programs need for a connection, by libpq's own names (host, password, …)."""
    _, named = url.get_dialect()().create_connect_args(url)
    return dict(named)


def engine_options() -> dict[str, Any]:
    """Return the options for create_engine: the number of connections, and the time limits of waiting."""
    # A process has at most 15 connections. Ten stay open when idle. The pool closes any of the other five as soon as a
    # thread gives the connection back, so under load these are opened and closed all the time.
    pool = {"poolclass": WaitingPool, "pool_use_lifo": True, "pool_size": 10, "max_overflow": 5}
    return {**pool, "pool_timeout": 10, "connect_args": {**WAITS, "cursor_factory": PostgresCursor}}


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Limit to `seconds` how long this thread waits for each answer of PostgreSQL, and for a free connection.

    Without a call of this function, the limits are ANSWER_SECONDS and the pool's own. With None, the wait for an answer
    has no limit.
    """
    before = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(before)


class PostgresCursor(psycopg.Cursor[Any]):
    """A cursor that prepares no statement whose best plan depends on its values: one with a pattern or a LIMIT.

    PostgreSQL soon plans a prepared statement once for all values. Then it can only guess how many rows have a value,
    or a pattern. With a wrong guess, counting people with two frequent words took six times as long (62 ms instead of
    10), and reading the first people of a rare country half as long again.
    """

    def execute(self, query: Any, params: Any = None, *, prepare: bool | None = None, **options: Any) -> Any:
        """Execute a statement; psycopg prepares it when it has been executed several times."""
        if isinstance(query, str) and (" LIKE " in query or " LIMIT " in query):
            prepare = False
        return super().execute(query, params, prepare=prepare, **options)


class PostgresConnection(psycopg.Connection):
    """A connection that lets other threads compute during a long wait, and is closed if the server is silent.

    The server's own timeouts end a statement that takes too long. A server that does not respond applies none of them.
    """

    def __init__(self, *arguments: Any, **options: Any):
        """Number the prepared statements from a random number on, so that no other connection uses the same names.

        psycopg begins at 0 (`_pg3_0`). Behind a pooler that exchanges the server's processes between connections
        (PgBouncer's transaction pooling), another connection's statement of that name would be executed, unnoticed.
        """
        super().__init__(*arguments, **options)
        self._prepared._prepared_idx = secrets.randbits(62)

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait for the server's answer."""
        try:
            return super().wait(gen, *arguments, **{**options, "timeout": AT_ONCE})
        except psycopg.errors._WaitTimeout:
            with processor.lent():
                return self._wait_for_long(_resumed(gen), *arguments, **options)

    def rollback(self) -> None:
        """End the transaction; unless it has failed, the server keeps the statements that psycopg has prepared.

        psycopg lets the server forget them at each rollback, because a table that they read may have gone with it. But
        every page that only reads ends by a rollback, so that the server would plan each of its statements anew.
        PostgreSQL itself notices a changed table and plans again. After a failed transaction all are forgotten: one of
        them may have failed because a migration has changed the type of a column (`_tell_outdated`).
        """
        if self.pgconn.transaction_status != TransactionStatus.INTRANS:
            super().rollback()
            return
        with self.lock:
            self.wait(self._exec_command(b"ROLLBACK"))

    def _wait_for_long(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super().wait(gen, *arguments, **{"timeout": _patience.get(ANSWER_SECONDS), **options})
        except psycopg.errors._WaitTimeout as problem:
            self.close()
            raise psycopg.OperationalError("the server says nothing") from problem


def _resumed(gen: Any) -> Any:
    """Continue a generator of psycopg that has already begun: psycopg's own `wait` would begin it again, and fail."""
    ready = READY_NONE
    while True:
        try:
            ready = yield gen.send(ready)
        except StopIteration as end:
            return end.value


class LendingQueue(Queue[ConnectionPoolEntry]):
    """The free connections of a pool; a thread that has to wait for a connection lets other threads compute."""

    def get(self, block: bool = True, timeout: float | None = None) -> ConnectionPoolEntry:
        """Return a connection. Raises Empty after `timeout` seconds, or sooner when `patience` ends."""
        try:
            return super().get(block=False)
        except Empty:
            if not block:
                raise
        limits = [seconds for seconds in (timeout, _patience.get(None)) if seconds is not None]
        with processor.lent():
            return super().get(block, min(limits, default=None))


class WaitingPool(QueuePool):
    """A pool of connections. Threads that wait for one let others compute, so that these can give one back."""

    _queue_class = LendingQueue

    def connect(self) -> PoolProxiedConnection:
        """Return a connection. Raises psycopg's OperationalError if the server closes new ones at once (R16).

        A server that shuts down may end connections that it has only just accepted. SQLAlchemy tries twice and then
        raises the InvalidRequestError of a programming mistake, which would be an error page instead of the busy page.
        """
        try:
            return super().connect()
        except InvalidRequestError as problem:
            raise psycopg.OperationalError("the server ends each connection at once") from problem


def prepare_engine(engine: Engine) -> None:
    """Set how long an engine waits, and make it notice lost connections."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "checkout", _replace_if_gone)
    event.listen(engine, "handle_error", _tell_outdated)
    _let_lost_transactions_end(engine.dialect)


def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> psycopg.Connection:
    seconds = _patience.get(None)
    if seconds is not None:
        options = {**options, "connect_timeout": min(options["connect_timeout"], math.ceil(seconds))}
    with processor.lent():
        return PostgresConnection.connect(*arguments, **options)


def _replace_if_gone(raw: Any, _record: Any, _fairy: Any) -> None:
    """Let the pool replace a connection that the server has closed, which shows as unread data on its socket (R16).

    Looking at the socket takes no time; a ping would be one more statement for each transaction.
    """
    if raw.closed:
        raise DisconnectionError
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError


def _tell_outdated(context: ExceptionContext) -> None:
    """Raise the error of a busy database for a prepared statement that is outdated or lost (R16).

    PostgreSQL refuses a statement that returns a column whose type has changed since. All prepared statements of the
    connection are forgotten here, so that the next try prepares them anew: where only a savepoint is undone, the
    transaction goes on, and psycopg would keep them. Other refusals of PostgreSQL have the same code, and a message in
    the server's language: only the function of PostgreSQL that found the changed column tells them apart.
    """
    problem = context.original_exception
    is_outdated = (
        isinstance(problem, psycopg.errors.FeatureNotSupported)
        and problem.diag.source_function == LOOKS_AT_PLAN
    )
    if is_outdated or isinstance(problem, UNPREPARED):
        raw: Any = context.connection and context.connection.connection.driver_connection
        if raw:
            raw._prepared.clear()
        raise OperationalError(context.statement, None, problem)


def _let_lost_transactions_end(dialect: Dialect) -> None:
    """Treat a rollback on a lost connection as done: the server has undone the transaction by then (R16).

    Otherwise closing the session would turn a page that is already rendered into an error.
    """
    rollback = dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        try:
            rollback(connection)
        except dialect.loaded_dbapi.OperationalError:
            if not connection.closed:
                raise

    dialect.do_rollback = do_rollback  # type: ignore[assignment, method-assign]  # no SQLAlchemy hook catches errors
