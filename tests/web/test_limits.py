"""Rate limits are counted across processes, and end after their time."""

import subprocess
from contextlib import ExitStack

import pytest
from limits.errors import StorageError

from forum.cli import cli
from forum.web import limits
from forum.web.limits import SqliteStorage
from tests.factories.events import make_event
from tools import servers
from tools.forking import Forked
from tools.pages import Pages

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
    running = [Forked(TRY_OFTEN, address, env={}, stdout=subprocess.PIPE) for _ in range(2)]
    passed = [int(process.stdout.read()) for process in running]
    assert sum(passed) == 30


def test_a_window_ends(storage, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: moment[0])
    counts = [storage.incr("key", 60), storage.incr("key", 60)]
    moment[0] = 1060.0
    assert (counts, storage.get("key"), storage.incr("key", 60)) == ([1, 2], 0, 1)


def test_one_at_a_time_refuses_the_second_until_the_first_is_done_or_dead(app, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: moment[0])
    with app.app_context():
        with limits.one_at_a_time(10, "preview", "1"):
            with pytest.raises(limits.TooManyTries), limits.one_at_a_time(10, "preview", "1"):
                pass
            with limits.one_at_a_time(10, "preview", "2"):
                pass
            moment[0] = 1010.0
            with limits.one_at_a_time(10, "preview", "1"):
                pass
        with pytest.raises(KeyError), limits.one_at_a_time(10, "preview", "1"):
            raise KeyError
        with limits.one_at_a_time(10, "preview", "1"):
            pass


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


def test_ended_counters_are_purged(storage, monkeypatch):
    moment = [1000.0]
    monkeypatch.setattr(limits.time, "time", lambda: moment[0])
    for key, seconds in (("short", 60), ("short too", 60), ("long", 3600)):
        storage.incr(key, seconds)
    moment[0] = 1061.0

    assert (storage.forget_ended(), storage.forget_ended(), storage.get("long")) == (2, 0, 1)


def test_a_store_whose_folder_cannot_be_made_is_out_of_reach(tmp_path):
    (tmp_path / "file").touch()
    storage = SqliteStorage(f"sqlite:///{tmp_path / 'file' / 'limits.sqlite3'}", wrap_exceptions=True)
    with pytest.raises(StorageError):
        storage.incr("key", 60)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def stored(request, make_app, sqlite_url, tmp_path):
    """Give an app that counts requests in a store; the test runs once with each kind of store."""
    with ExitStack() as stack:
        addresses = {"memory": "memory://", "sqlite": f"sqlite:///{tmp_path / 'limits.sqlite3'}"}
        if request.param == "redis":
            try:
                addresses["redis"] = stack.enter_context(servers.run_redis())[0]
            except servers.MissingProgram as missing:
                pytest.skip(str(missing))
        yield make_app(sqlite_url, LIMITER_STORAGE=addresses[request.param])


def test_every_store_gives_tries_back_tests_without_counting_and_knows_the_first_time(stored):
    with stored.test_request_context():
        limits.spend("2 per hour")
        limits.spend("2 per hour")
        limits.give_back("2 per hour")
        limits.spend("2 per hour")
        with pytest.raises(limits.TooManyTries):
            limits.spend("2 per hour")
        assert [limits.has_room("1 per hour", "a"), limits.has_room("1 per hour", "a")] == [True, True]
        assert [limits.takes("1 per hour", "a"), limits.takes("1 per hour", "a")] == [True, False]
        assert limits.has_room("1 per hour", "a") is False
        assert limits.seconds_since_first("form") is None
        assert 0 <= limits.seconds_since_first("form") < 60


@pytest.mark.parametrize("stored", ["sqlite", "redis"], indirect=True)
def test_all_counts_are_forgotten_without_the_rate_limits(stored):
    """Forgetting what was counted for the audit trail gives nobody the tries back that a rate limit has counted."""
    with stored.test_request_context():
        assert limits.forget_all_counts()
        for number in (1, 2):
            assert [limits.count_in_hour("a"), limits.count_within(60, "b")] == [number, number]
        assert limits.takes("1 per hour", "a")
        assert limits.forget_all_counts()
        assert [limits.count_in_hour("a"), limits.count_within(60, "b")] == [1, 1]
        assert not limits.takes("1 per hour", "a")


def test_without_redis_limited_forms_are_refused_with_their_answers_kept(make_app, sqlite_url):
    """A limited form is neither let through nor answered with an internal error; pages without a limit work (S43)."""
    with make_app(sqlite_url).app_context():
        make_event()
    try:
        with servers.run_redis() as (address, end):
            app = make_app(
                sqlite_url,
                LIMITER_STORAGE=address,
                FORM_MIN_SECONDS=0,
                REGISTRATIONS_PER_ADDRESS="3 per hour",
            )
            pages = Pages(app)
            for _ in range(3):
                ask_for_link(pages, expect=303)
            ask_for_link(pages, expect=429)
            assert "limits" not in failing(app)
            end()
            refused = ask_for_link(pages, expect=503)
    except servers.MissingProgram as missing:
        pytest.skip(str(missing))

    assert refused.headers["Retry-After"] == "10"
    assert refused.soup.select_one("input[name=email]")["value"] == "anna@example.org"
    assert "limits" in failing(app)
    said = app.test_cli_runner().invoke(cli, ["doctor", "--offline"]).output
    assert "BAD  limits: cannot be counted (redis does not answer)" in said
    pages.get("home.front")


def ask_for_link(pages: Pages, *, expect: int):
    return pages.post("registration.resend", {"email": "anna@example.org"}, expect=expect)


def failing(app) -> list[str]:
    return app.test_client().get("/status").json["failing"]
