"""Limits are shared between processes, and end."""

import subprocess
import sys

import pytest

from forum.web import limits
from forum.web.limits import SqliteStorage

TRY_OFTEN = """
import sys
from limits import parse
from limits.strategies import FixedWindowRateLimiter
from forum.web.limits import SqliteStorage
limiter = FixedWindowRateLimiter(SqliteStorage(sys.argv[1]))
print(sum(limiter.hit(parse("30 per hour"), "someone") for _ in range(50)))
"""


@pytest.fixture
def storage(tmp_path):
    return SqliteStorage(f"sqlite:///{tmp_path / 'limits.sqlite3'}")


def test_two_processes_share_one_limit(tmp_path):
    address = f"sqlite:///{tmp_path / 'limits.sqlite3'}"
    command = [sys.executable, "-c", TRY_OFTEN, address]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    passed = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(passed) == 30


def test_a_window_ends(storage, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: moment[0])
    counts = [storage.incr("key", 60), storage.incr("key", 60)]
    moment[0] = 1060.0
    assert (counts, storage.get("key"), storage.incr("key", 60)) == ([1, 2], 0, 1)


def test_clearing_forgets_one_counter(storage):
    storage.incr("a", 60), storage.incr("b", 60)
    storage.clear("a")
    assert (storage.get("a"), storage.get("b"), storage.check(), storage.reset()) == (0, 1, True, 1)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:dead:beef:0:1", "2001:db8:0:1::"),
        ("2001:db8:0:1::2", "2001:db8:0:1::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::"),
        ("unix", "unix"),
        (None, ""),
    ],
)
def test_who_has_a_whole_network_of_addresses_is_one_client(make_app, sqlite_url, address, counted):
    with make_app(sqlite_url).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert limits.client() == counted


def test_an_app_without_limits_does_not_open_the_forms_of_another(make_app, sqlite_url, tmp_path):
    strict = make_app(
        sqlite_url, LIMITS_ENABLED=True, LIMITER_STORAGE=f"sqlite:///{tmp_path / 'strict.sqlite3'}"
    )
    make_app(sqlite_url, LIMITS_ENABLED=False)
    with strict.test_request_context():
        limits.spend("1 per hour")
        with pytest.raises(limits.TooManyTries):
            limits.spend("1 per hour")


def test_an_app_without_limits_counts_nothing(make_app, sqlite_url, tmp_path):
    store = tmp_path / "open.sqlite3"
    with make_app(
        sqlite_url, LIMITS_ENABLED=False, LIMITER_STORAGE=f"sqlite:///{store}"
    ).test_request_context():
        for _ in range(3):
            limits.spend("1 per hour")
    assert not store.exists()
