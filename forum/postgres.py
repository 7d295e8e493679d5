"""PostgreSQL's connections: nothing of theirs is waited for without an end, nor for long with a turn at computing."""

import math
import select
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
from psycopg.waiting import READY_NONE
from sqlalchemy import event
from sqlalchemy.engine import URL, Dialect, Engine
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.util.queue import Empty, Queue

from forum.turns import processor

LOCK_SECONDS = 20
# How long PostgreSQL is waited for: to connect, for a lock, for an answer, for a machine that is gone.
WAITS = {
    "connect_timeout": 5,  # seconds
    "options": f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout=60s",
    "tcp_user_timeout": 20_000,  # milliseconds
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}
ANSWER_SECONDS = 61.0  # a little more than PostgreSQL itself would take for one statement
# Most answers come within this time. A thread that lent its turn for each of them would queue again after each
# statement, with rows locked for which others wait.
AT_ONCE = 0.005  # seconds
_patience: ContextVar[float | None] = ContextVar("patience")


def libpq_arguments(url: URL) -> dict[str, Any]:
    """Return what PostgreSQL's library and its programs need for a connection, by its own names (host, password, …)."""
    _, named = url.get_dialect()().create_connect_args(url)
    return dict(named)


def engine_options() -> dict[str, Any]:
    """Return create_engine's options: how many connections, and how long each wait is."""
    # A process has at most 15 connections. Ten stay open when idle: under load, those beyond the ten are opened and
    # closed all the time.
    pool = {"poolclass": WaitingPool, "pool_use_lifo": True, "pool_size": 10, "max_overflow": 5}
    return {**pool, "pool_timeout": 10, "connect_args": WAITS}


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Let this thread wait at most so long for each answer of PostgreSQL, and for a free connection.

    Without it these waits are ANSWER_SECONDS and the pool's own; None is without an end for answers.
    """
    before = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(before)


class PostgresConnection(psycopg.Connection):
    """Lends its thread's turn at computing while PostgreSQL works for long; is closed when that says nothing at all.

    The server's own limits end what it still works at; one that stands still keeps none of them.
    """

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait for the answer to whatever was sent."""
        try:
            return super().wait(gen, *arguments, **{**options, "timeout": AT_ONCE})
        except psycopg.errors._WaitTimeout:
            with processor.lent():
                return self._wait_for_long(_resumed(gen), *arguments, **options)

    def _wait_for_long(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return super().wait(gen, *arguments, **{"timeout": _patience.get(ANSWER_SECONDS), **options})
        except psycopg.errors._WaitTimeout as problem:
            self.close()
            raise psycopg.OperationalError("the server says nothing") from problem


def _resumed(gen: Any) -> Any:
    """Go on with what yields until an answer is here; psycopg would begin it, which can be done only once."""
    ready = READY_NONE
    while True:
        try:
            ready = yield gen.send(ready)
        except StopIteration as end:
            return end.value


class LendingQueue(Queue[ConnectionPoolEntry]):
    """Connections that are free; who has to wait for one lends its turn at computing."""

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
    """A pool that is waited for without a turn at computing: whoever has a connection may need that to give it back."""

    _queue_class = LendingQueue


def prepare_engine(engine: Engine) -> None:
    """Teach an engine how long to wait, and to notice lost connections."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "checkout", _replace_if_gone)
    _let_lost_transactions_end(engine.dialect)


def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> psycopg.Connection:
    seconds = _patience.get(None)
    if seconds is not None:
        options = {**options, "connect_timeout": min(options["connect_timeout"], math.ceil(seconds))}
    with processor.lent():
        return PostgresConnection.connect(*arguments, **options)


def _replace_if_gone(raw: Any, _record: Any, _fairy: Any) -> None:
    """Let the pool replace a connection that its server has ended: then there is something to read on it (R16).

    Asking the socket costs nothing; a ping would be a statement for each transaction.
    """
    if raw.closed:
        raise DisconnectionError
    poll = select.poll()
    poll.register(raw.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError


def _let_lost_transactions_end(dialect: Dialect) -> None:
    """Take a rollback as done when its connection is gone, for the server has undone everything by then (R16).

    Otherwise a page that was made already would end as an error, when its session is closed.
    """
    rollback = dialect.do_rollback

    def do_rollback(connection: Any) -> None:
        try:
            rollback(connection)
        except dialect.loaded_dbapi.OperationalError:
            if not connection.closed:
                raise

    dialect.do_rollback = do_rollback  # type: ignore[assignment, method-assign]
