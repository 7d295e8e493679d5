"""The content version: a number that every change of public content raises.

On SQLite each request asks `PRAGMA data_version` on a connection of its thread, and reads the number again if the
answer has changed. On PostgreSQL one thread of the process reads the number twice a second; a request waits only when
the last reading is more than a second old.
"""

import sqlite3
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from forum.postgres import PostgresConnection, libpq_arguments, patience

# Short limits of the polling thread's connection, so that it soon notices a server that does not answer.
# connect_timeout is in seconds; the others are in milliseconds.
LIMITS = {"connect_timeout": 2, "tcp_user_timeout": 2000, "options": "-c statement_timeout=2000"}
READ_VERSION = "SELECT version FROM content_version"


def version_reader(url: URL) -> Callable[[], int | None]:
    """Return a function that returns the content version, or None when the database is out of reach."""
    if is_exact(url):
        return _SqliteVersion(url.database or "")
    return PolledVersion(make_conninfo(**{**LIMITS, **libpq_arguments(url)})).latest


def is_exact(url: URL) -> bool:
    """Return whether the reader for this database is exact (SQLite), or may return a version up to a second old."""
    return url.get_backend_name() == "sqlite"


class _SqliteVersion(threading.local):
    """Returns the content version on SQLite; reads its row again only after another connection has committed."""

    def __init__(self, path: str):
        self._path = path
        self._cursor: sqlite3.Cursor | None = None
        self._seen: tuple[int, int] = (-1, -1)

    def __call__(self) -> int | None:
        try:
            cursor, seen = self._cursor or self._connect(), self._seen
            data_version = cursor.execute("PRAGMA data_version").fetchone()[0]
            if seen[0] != data_version:
                seen = self._seen = (data_version, cursor.execute(READ_VERSION).fetchone()[0])
            return seen[1]
        except (sqlite3.Error, TypeError):
            self._cursor, self._seen = None, (-1, -1)
            return None

    def _connect(self) -> sqlite3.Cursor:
        address = f"file:{self._path}?mode=ro"
        self._cursor = sqlite3.connect(address, uri=True, isolation_level=None, timeout=1).cursor()
        return self._cursor


class PolledVersion:
    """The content version in PostgreSQL, never older than a second while the database answers; else None.

    The first call of `latest` reads the version and starts the thread that reads it again and again: so the thread
    belongs to the process that answers requests.
    """

    # Every how many seconds the thread reads the content version, and for how many seconds a reading is used.
    EVERY, FOR = 0.5, 1.0
    PATIENCE = 2.5  # how many seconds a reading waits for a database server that does not answer

    def __init__(self, conninfo: str):
        self._conninfo = conninfo
        self._connection: psycopg.Connection | None = None
        self._connecting, self._ended = threading.Lock(), threading.Event()
        # Held while a request reads the version, so that the other requests that wait for it use the same reading.
        self._seeing = threading.Lock()
        self._thread: threading.Thread | None = None
        # The version that was read last, None if that failed, and the moment before the reading began.
        self._seen: tuple[int | None, float] = (None, 0.0)

    def latest(self) -> int | None:
        """Return the version as it was at most a second ago; None while the database is out of reach.

        When the thread is late, on a busy machine, the request reads the version itself. While the database is out of
        reach, only the thread tries to read the version.
        """
        if self._thread is None:
            self._start()
        if self._is_outdated():
            with self._seeing:
                if self._is_outdated():
                    self._see()
        return self._seen[0]

    def read(self) -> int | None:
        """Read the version from the database; return None when it is out of reach."""
        with self._connecting:
            try:
                with patience(self.PATIENCE):
                    if self._connection is None:
                        self._connection = PostgresConnection.connect(self._conninfo, autocommit=True)
                    row = self._connection.execute(READ_VERSION).fetchone()
                return row[0] if row else None
            except psycopg.Error:
                self._connection = None
                return None

    def end(self) -> None:
        """End the thread that reads the version, for an app that ends before its process."""
        self._ended.set()

    def _start(self) -> None:
        with self._seeing:
            if self._thread is None:
                self._see()
                self._thread = threading.Thread(target=self._poll, name="content version", daemon=True)
                self._thread.start()

    def _poll(self) -> None:
        while not self._ended.wait(self.EVERY):
            with self._seeing:
                self._see()

    def _is_outdated(self) -> bool:
        version, asked_at = self._seen
        return version is not None and time.monotonic() - asked_at >= self.FOR

    def _see(self) -> None:
        asked_at = time.monotonic()
        self._seen = self.read(), asked_at
