"""Rate limits, counted in one store for all processes of the machine (S25)."""

import hashlib
import hmac
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from pathlib import Path

from flask import Flask, current_app, request
from limits import parse
from limits.errors import StorageError
from limits.storage import RedisStorage, Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import TooManyRequests

HOUR_SECONDS = 3600
COUNTER = "forum_limits"  # where app.extensions keeps the app's own counter of rate limits
SCHEMA = "CREATE TABLE IF NOT EXISTS counters (key TEXT PRIMARY KEY, amount INTEGER NOT NULL, expires REAL NOT NULL)"
# Short timeouts (in seconds), because a request's thread is held while Redis answers.
REDIS_OPTIONS: dict[str, float] = {
    "socket_connect_timeout": 2.0,
    "socket_timeout": 2.0,
}
WITH_PORT = re.compile(r"^(?:\[([^\]]*)\]|([^:]*))(?::[0-9]+)?$")
COUNT = (
    "INSERT INTO counters (key, amount, expires) VALUES (:key, :amount, :now + :seconds)"
    " ON CONFLICT (key) DO UPDATE SET"
    " amount = CASE WHEN expires <= :now THEN :amount ELSE counters.amount + :amount END,"
    " expires = CASE WHEN expires <= :now THEN :now + :seconds ELSE expires END"
    " RETURNING amount"
)


class TooManyTries(TooManyRequests):
    """A rate limit is used up for now; the error page keeps the answers of a visitor's form."""


class SqliteStorage(Storage):
    """Counters of rate limits in a small SQLite file of their own, shared by processes; the file may be lost."""

    STORAGE_SCHEME = ["sqlite"]  # noqa: RUF012 - declared as in the library `limits`

    def __init__(self, uri: str, wrap_exceptions: bool = False, **_options):
        super().__init__(uri, wrap_exceptions=wrap_exceptions)
        self._path = uri.removeprefix("sqlite:///")
        self._local = threading.local()

    @property
    def base_exceptions(self):
        """The errors which mean that the counters' file is out of reach, or that its folder cannot be made."""
        return sqlite3.Error, OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add `amount` to the counter `key`, whose window lasts `expiry` seconds; return the window's count."""
        values = {"key": key, "amount": amount, "seconds": expiry, "now": time.time()}
        return (self._execute(COUNT, values) or (amount,))[0]

    def get(self, key: str) -> int:
        """Return the count of the counter `key` in its current window."""
        return (
            self._execute("SELECT amount FROM counters WHERE key = ? AND expires > ?", (key, time.time()))
            or (0,)
        )[0]

    def get_expiry(self, key: str) -> float:
        """Return when the current window of the counter `key` ends, in seconds since the epoch."""
        return (self._execute("SELECT expires FROM counters WHERE key = ?", (key,)) or (time.time(),))[0]

    def check(self) -> bool:
        """Return whether the counters' file answers or can be created by the first count; checking creates nothing."""
        path = Path(self._path)
        if not path.exists():
            return os.access(path.parent, os.W_OK)
        return self._execute("SELECT 1", ()) == (1,)

    def reset(self) -> int:
        """Delete all counters; return how many there were."""
        return self._connection().execute("DELETE FROM counters").rowcount

    def forget_ended(self) -> int:
        """Delete the counters whose window has ended, and return how many there were."""
        return self._connection().execute("DELETE FROM counters WHERE expires <= ?", (time.time(),)).rowcount

    def clear_all(self, beginning: str) -> None:
        """Delete the counters whose keys have this beginning; a missing file of counters is not created."""
        if Path(self._path).exists():
            self._execute("DELETE FROM counters WHERE substr(key, 1, ?) = ?", (len(beginning), beginning))

    def clear(self, key: str) -> None:
        """Delete the counter `key`."""
        self._execute("DELETE FROM counters WHERE key = ?", (key,))

    def _execute(self, statement: str, values) -> tuple | None:
        return self._connection().execute(statement, values).fetchone()

    def _connection(self) -> sqlite3.Connection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            # Do not wait for the disk: a power cut may lose some counts of rate limits, and nothing else.
            connection.execute("PRAGMA synchronous=OFF")
            # Overwrite deleted counters, so that no client's address stays in the file: not all builds of SQLite do.
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute(SCHEMA)
            self._local.connection = connection
        return connection


def init_app(app: Flask) -> None:
    """Count rate limits in the configured store; while that is out of reach, routes with a limit are refused (S43).

    Every error of the store becomes StorageError of the library `limits`, for which web.errors has the page.
    """
    address = app.config["LIMITER_STORAGE"]
    options = REDIS_OPTIONS if address.startswith("redis") else {}
    storage = storage_from_string(address, wrap_exceptions=True, **options)
    app.extensions[COUNTER] = FixedWindowRateLimiter(storage)


def can_count() -> bool:
    """Return whether the counters' store answers; while it does not, no form with a limit is accepted."""
    try:
        return current_app.extensions[COUNTER].storage.check()
    except sqlite3.Error:
        return False


def forget_ended() -> int:
    """Delete the counters whose window has ended, and return how many; 0 with Redis, which does this by itself."""
    storage = current_app.extensions[COUNTER].storage
    return storage.forget_ended() if isinstance(storage, SqliteStorage) else 0


def spend(rule: str, *key: str) -> None:
    """Count one try of the client (or of `key`) against `rule`. Raises TooManyTries when the limit is exceeded.

    `rule` is a text such as "60 per 10 minutes"; all processes share the count (S25).
    """
    if not takes(rule, request.endpoint or "", *(key or (client(),))):
        raise TooManyTries


def takes(rule: str, *key: str) -> bool:
    """Count one more use of `key` against `rule`; return whether the limit allows it."""
    if not current_app.config["LIMITS_ENABLED"]:
        return True
    counter: FixedWindowRateLimiter = current_app.extensions[COUNTER]
    return counter.hit(parse(rule), *key)


@contextmanager
def one_at_a_time(seconds: int, *key: str) -> Iterator[None]:
    """Let only one thread of all processes run the block for `key` at a time. Raises TooManyTries.

    If the process dies meanwhile, `key` is free again after `seconds`.
    """
    if not current_app.config["LIMITS_ENABLED"]:
        yield
        return
    storage, name = current_app.extensions[COUNTER].storage, "/".join(("ALONE", *key))
    if storage.incr(name, seconds) > 1:
        raise TooManyTries
    try:
        yield
    finally:
        storage.clear(name)


def has_room(rule: str, *key: str) -> bool:
    """Return whether `rule` allows one more use of `key`, without counting one."""
    if not current_app.config["LIMITS_ENABLED"]:
        return True
    counter: FixedWindowRateLimiter = current_app.extensions[COUNTER]
    return counter.test(parse(rule), *key)


def keyed(value: str) -> str:
    """Return a keyed digest of the value, as a counter's key from which nobody can find out the value (P28)."""
    secret = current_app.config["SECRET_KEY"].encode()
    return hmac.new(secret, b"limits" + value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def give_back(rule: str) -> None:
    """Take back a try that `spend` has counted for the client, when the request is refused because of other clients."""
    if current_app.config["LIMITS_ENABLED"]:
        item = parse(rule)
        storage = current_app.extensions[COUNTER].storage
        storage.incr(item.key_for(request.endpoint or "", client()), item.get_expiry(), amount=-1)


def seconds_since_first(*key: str) -> float | None:
    """Return the seconds since this was first called for `key` in the last hour; None if this is the first call."""
    storage, name = current_app.extensions[COUNTER].storage, "/".join(("FIRST", *key))
    if storage.incr(name, HOUR_SECONDS) == 1:
        return None
    return HOUR_SECONDS - (storage.get_expiry(name) - time.time())


def count_in_hour(*key: str) -> int:
    """Count a call for `key`; return how many there were in the hour since the first one, or 1 if the store is away."""
    return count_within(HOUR_SECONDS, *key)


def forget_count_in_hour(*key: str) -> None:
    """Forget the calls of `count_in_hour` for `key`, so that the next one returns 1."""
    storage = current_app.extensions[COUNTER].storage
    with suppress(StorageError):
        storage.clear("/".join((f"WITHIN {HOUR_SECONDS}", *key)))


def forget_all_counts() -> bool:
    """Forget all calls of `count_within`; return False if the store is away. Rate limits stay as they are."""
    storage = current_app.extensions[COUNTER].storage
    try:
        if isinstance(storage, SqliteStorage):
            storage.clear_all("WITHIN ")
        elif isinstance(storage, RedisStorage):
            for key in storage.storage.scan_iter(match=storage.prefixed_key("WITHIN *")):
                storage.storage.delete(key)
    except storage.base_exceptions:
        return False
    return True


def count_within(seconds: int, *key: str) -> int:
    """Count a call for `key`; return how many there were in `seconds` since the first, or 1 if the store is away."""
    storage = current_app.extensions[COUNTER].storage
    try:
        return storage.incr("/".join((f"WITHIN {seconds}", *key)), seconds)
    except StorageError:
        return 1


def client() -> str:
    """Return the client's network address, under which its requests are counted."""
    return subscriber(request.remote_addr or "")


def subscriber(remote: str) -> str:
    """Return an IPv4 address unchanged, and for an IPv6 address its /64 network, which belongs to one subscriber.

    Some proxies add the client's port: 192.0.2.1:4711, [2001:db8::1]:4711.
    """
    try:
        address = ip_address(WITH_PORT.sub(r"\1\2", remote))
    except ValueError:
        return remote
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))


def client_limit() -> str:
    """Return the configured limit of registrations, and of requests for a link, for one network address."""
    return current_app.config["REGISTRATIONS_PER_ADDRESS"]


def client_limit_lasts() -> timedelta:
    """Return after how long at most a network address that has used up `client_limit` may try again."""
    return timedelta(seconds=parse(client_limit()).get_expiry())
