"""Rate limits, counted in one place for all processes of the machine (S25)."""

import sqlite3
import threading
import time
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from flask import Flask, current_app, request
from limits import parse
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

COUNTER = "forum_limits"  # of app.extensions: each app counts for itself
SCHEMA = "CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, amount INTEGER NOT NULL, expires REAL NOT NULL)"
COUNT = (
    "INSERT INTO counters (key, amount, expires) VALUES (:key, :amount, :now + :seconds)"
    " ON CONFLICT (key) DO UPDATE SET"
    " amount = CASE WHEN expires <= :now THEN :amount ELSE counters.amount + :amount END,"
    " expires = CASE WHEN expires <= :now THEN :now + :seconds ELSE expires END"
    " RETURNING amount"
)


class TooManyTries(Exception):
    """The limit is used up for now; the page keeps what was typed."""


class SqliteStorage(Storage):
    """Counters in a small SQLite file of their own: shared by processes, lost without harm, never in the way."""

    STORAGE_SCHEME = ["sqlite"]  # noqa: RUF012 - the library's form

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options):
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = uri.removeprefix("sqlite:///")
        self._local = threading.local()

    @property
    def base_exceptions(self):
        """The errors that mean the store is out of reach."""
        return sqlite3.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add `amount` and return the count of the present window, which lasts `expiry` seconds."""
        values = {"key": key, "amount": amount, "seconds": expiry, "now": time.time()}
        return (self._execute(COUNT, values) or (amount,))[0]

    def get(self, key: str) -> int:
        """Return the count of the present window."""
        return (
            self._execute("SELECT amount FROM counters WHERE key = ? AND expires > ?", (key, time.time()))
            or (0,)
        )[0]

    def get_expiry(self, key: str) -> float:
        """Return when the present window ends, in seconds since the epoch."""
        return (self._execute("SELECT expires FROM counters WHERE key = ?", (key,)) or (time.time(),))[0]

    def check(self) -> bool:
        """Whether the store answers."""
        return self._execute("SELECT 1", ()) == (1,)

    def reset(self) -> int:
        """Forget every counter and return how many there were."""
        return self._connection().execute("DELETE FROM counters").rowcount

    def clear(self, key: str) -> None:
        """Forget one counter."""
        self._execute("DELETE FROM counters WHERE key = ?", (key,))

    def _execute(self, statement: str, values) -> tuple | None:
        return self._connection().execute(statement, values).fetchone()

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=OFF")  # a power cut may forget a few tries, nothing else
            connection.execute(SCHEMA)
            connection.execute("DELETE FROM counters WHERE expires <= ?", (time.time(),))
            self._local.connection = connection
        return connection


def init_app(app: Flask) -> None:
    """Count in the configured store; when it is out of reach a limited route is refused, not opened (S43)."""
    app.extensions[COUNTER] = FixedWindowRateLimiter(storage_from_string(app.config["LIMITER_STORAGE"]))


def spend(rule: str, *key: str) -> None:
    """Count one try of the client (or of `key`) against `rule`. Raises TooManyTries.

    `rule` is such as "60 per 10 minutes"; the count is shared between processes (S25).
    """
    if not current_app.config["LIMITS_ENABLED"]:
        return
    counter: FixedWindowRateLimiter = current_app.extensions[COUNTER]
    if not counter.hit(parse(rule), request.endpoint or "", *(key or (client(),))):
        raise TooManyTries


def client() -> str:
    """Return who asks."""
    return subscriber(request.remote_addr or "")


def subscriber(remote: str) -> str:
    """Return an IPv4 address as it is, of IPv6 the /64 network that one subscriber has to choose from."""
    try:
        address = ip_address(remote)
    except ValueError:
        return remote
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


def client_limit() -> str:
    """Return the configured limit of registrations for one network address."""
    return current_app.config["REGISTRATIONS_PER_ADDRESS"]
