"""Queues of threads (`Line`): their order, turns at the processor, and the writers of SQLite and PostgreSQL."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from werkzeug.test import EnvironBuilder, run_wsgi_app

from forum import database as engine_setup
from forum import postgres
from forum.database import start_write
from forum.extensions import db
from forum.health import public as health
from forum.turns import Line, NoTurn, Processor, processor
from forum.web import lobby, turns
from forum.web.content_version import PolledVersion
from forum.web.layers import put_around
from tests.factories.events import make_event
from tests.registration.test_pages import ANSWERS
from tests.web.bodies import SlowBody
from tools.pages import Pages

SECONDS = 10  # time limit for what happens at once unless the code is broken


def wait_until(is_so):
    end = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.001)


def queued(line: Line) -> int:
    return len(line._waiting) + len(line._urgent)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as threads:
        yield threads


def passing(line: Line, name: str, order: list[str], **options) -> bool:
    came = line.enter(SECONDS, **options)
    order.append(name)
    line.leave()
    return came


@pytest.mark.parametrize(
    ("urgent", "order"), [(set(), ["a", "b", "c"]), ({"c"}, ["c", "a", "b"]), ({"b", "c"}, ["b", "c", "a"])]
)
def test_line_keeps_the_order_and_lets_the_urgent_go_first(pool, urgent, order):
    line, seen = Line(), []
    assert line.enter(0)
    for number, name in enumerate("abc", 1):
        pool.submit(passing, line, name, seen, urgent=name in urgent)
        wait_until(lambda number=number: queued(line) == number)
    line.leave()
    wait_until(lambda: len(seen) == 3)
    assert seen == order


def test_who_gives_up_stands_in_nobodys_way(pool):
    line = Line()
    assert line.enter(0)
    assert not line.enter(0.01)
    assert queued(line) == 0
    line.leave()
    assert line.enter(0)


def test_line_that_moves_is_worth_waiting_in_and_one_that_stands_still_is_not(monkeypatch):
    """A wait that ends without a turn begins anew while the queue moves, and is given up when it stands still."""
    line, moves = Line(), [True, True, True, False]

    class Turn(threading.Event):
        def wait(self, _seconds):
            if moves.pop(0):
                line._urgent.append(threading.Event())
                line.leave()
            return False

    assert line.enter(0)
    monkeypatch.setattr(threading, "Event", Turn)
    assert not line.enter(SECONDS, while_moving=True)
    assert (moves, queued(line)) == ([], 0)


def test_turn_that_is_given_while_the_line_moves_is_taken(monkeypatch):
    line, waits = Line(), []

    class Turn(threading.Event):
        def wait(self, _seconds):
            waits.append(line.leave())
            return self.is_set()

    assert line.enter(0)
    line._waiting.append(threading.Event())
    monkeypatch.setattr(threading, "Event", Turn)
    assert line.enter(SECONDS, while_moving=True)
    assert len(waits) == 2


def test_processor_is_waited_for_while_its_line_moves(monkeypatch):
    processor, options = Processor(), []
    monkeypatch.setattr(processor._line, "enter", lambda _seconds, **given: options.append(given) or True)
    with processor.taken(), processor.lent():
        pass
    assert options == [
        {"urgent": False, "while_moving": True},
        {"urgent": True, "while_moving": True},
    ]


def test_turns_return_may_be_waited_for_shorter(monkeypatch):
    processor, given = Processor(), []
    monkeypatch.setattr(processor._line, "enter", lambda *args, **named: given.append((args, named)) or True)
    with processor.taken(), processor.lent(for_return=0.005):
        pass
    assert given[1] == ((0.005,), {"urgent": True, "while_moving": False})


def test_one_at_a_time(pool):
    processor, inside, together = Processor(), [], []
    processor.PATIENCE = SECONDS

    def compute(number):
        with processor.taken():
            inside.append(number)
            together.append(len(inside))
            inside.remove(number)

    list(pool.map(compute, range(400)))
    assert (len(together), max(together)) == (400, 1)


def test_turn_is_lent_while_its_owner_waits_and_comes_back_first(pool):
    processor, done, may_go_on = Processor(), [], threading.Event()
    processor.PATIENCE = SECONDS
    second_computes, second_may_end = threading.Event(), threading.Event()

    def first():
        with processor.taken():
            with processor.lent():
                may_go_on.wait(SECONDS)
            done.append("first")

    def second():
        with processor.taken():
            second_computes.set()
            second_may_end.wait(SECONDS)
            done.append("second")

    def third():
        with processor.taken():
            done.append("third")

    pool.submit(first)
    pool.submit(second)
    assert second_computes.wait(SECONDS)
    pool.submit(third)
    wait_until(lambda: len(processor._line._waiting) == 1)
    may_go_on.set()
    wait_until(lambda: len(processor._line._urgent) == 1)
    second_may_end.set()
    wait_until(lambda: len(done) == 3)
    assert done == ["second", "first", "third"]


def test_who_has_no_turn_lends_none():
    processor = Processor()
    with processor.lent():
        assert not processor._line._taken
    assert not processor._line._taken


def test_nobody_waits_for_ever():
    """A request that hangs with the turn delays every other request for a moment only."""
    processor, went_on = Processor(), []
    processor.PATIENCE = 0.01
    with processor.taken():
        thread = threading.Thread(target=lambda: went_on.append(next(iter(_in(processor)))))
        thread.start()
        thread.join(SECONDS)
    assert went_on == ["inside"]
    assert not processor._line._taken


def _in(processor: Processor):
    with processor.taken():
        yield "inside"


def test_slow_sender_keeps_nobody_waiting(pool, monkeypatch):
    monkeypatch.setattr(turns.processor, "PATIENCE", SECONDS)
    received = []

    def inner(environ, start_response):
        received.append(environ["wsgi.input"].read())
        start_response("200 OK", [])
        return [b"done"]

    app, slow = Flask("slow"), SlowBody(b"slow")
    app.config["TRUSTED_PROXIES"] = 0
    app.config.update(MAX_CONTENT_LENGTH=10, TURNS=True)
    app.wsgi_app = inner
    put_around(app, [lobby.let_in, turns.take_turns])
    serve = app.wsgi_app
    environ = {**EnvironBuilder(method="POST", data=b"slow").get_environ(), "wsgi.input": slow}
    waiting = pool.submit(run_wsgi_app, serve, environ)
    run_wsgi_app(serve, EnvironBuilder(method="POST", data=b"quick").get_environ())
    assert received == [b"quick"]
    slow.comes.set()
    waiting.result(SECONDS)
    assert received == [b"quick", b"slow"]


def test_turns_can_be_left_out():
    app = Flask("free")
    app.config["TURNS"] = False
    assert turns.take_turns(app) is None


class TestWriters:
    """Writers of SQLite in one process, and a writer in another process."""

    @pytest.fixture
    def app(self, make_app, sqlite_url):
        return make_app(sqlite_url)

    @pytest.fixture
    def line(self, app) -> Line:
        with app.app_context(), db.engine.connect() as connection:
            return connection.get_execution_options()["writers"]

    def write(self, app, name, order):
        with app.app_context():
            start_write(db.session)
            order.append(name)
            db.session.commit()

    def test_write_in_the_order_of_coming(self, app, line, pool):
        order = []
        with app.app_context():
            start_write(db.session)
            for number, name in enumerate("abc", 1):
                pool.submit(self.write, app, name, order)
                wait_until(lambda number=number: queued(line) == number)
            assert order == []
            db.session.commit()
            wait_until(lambda: len(order) == 3)
        assert order == ["a", "b", "c"]
        wait_until(lambda: not line._taken)

    def test_turn_ends_with_the_transaction_however_it_ends(self, app, line):
        with app.app_context():
            for end in (db.session.commit, db.session.rollback, db.session.remove):
                start_write(db.session)
                assert line._taken
                end()
                assert not line._taken

    def test_writer_that_finds_the_database_locked_for_too_long_gives_up_its_turn(
        self, app, line, sqlite_url, monkeypatch
    ):
        monkeypatch.setattr(engine_setup, "BUSY_SECONDS", 0.05)
        other = sqlite3.connect(make_url(sqlite_url).database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with app.app_context():
            with pytest.raises(OperationalError, match="locked"):
                start_write(db.session)
            db.session.rollback()
            assert not line._taken
            other.execute("ROLLBACK")
            other.close()
            start_write(db.session)
            assert line._taken
            db.session.rollback()

    def test_reader_stands_in_no_line(self, app, line):
        with app.app_context():
            start_write(db.session)
            with db.engine.connect() as reader:
                assert reader.exec_driver_sql("SELECT count(*) FROM events").scalar() == 0
            db.session.rollback()

    def test_writer_that_finds_the_lock_free_keeps_its_turn(self, app, monkeypatch):
        monkeypatch.setattr(Processor, "lent", lambda _self, **_options: pytest.fail("no reason to wait"))
        with app.app_context(), processor.taken():
            start_write(db.session)
            assert processor._line._taken
            db.session.commit()

    def test_writer_in_line_lends_its_turn(self, app, line, pool):
        done = []
        with app.app_context():
            start_write(db.session)
            pool.submit(self.write_in_turn, app, done)
            wait_until(lambda: queued(line) == 1)
            with processor.taken():
                assert processor._mine.turn
            db.session.commit()
            wait_until(lambda: done == [True])

    @pytest.mark.parametrize("is_computed", [False, True])
    def test_writer_with_the_lock_stands_in_line_for_the_processor_for_a_moment_only(
        self, app, pool, sqlite_url, monkeypatch, is_computed
    ):
        """A writer lends its turn while another process writes, and gets it back unless a thread computes for long."""
        monkeypatch.setattr(processor, "PATIENCE", SECONDS)
        path, done = make_url(sqlite_url).database, []
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            other.execute("BEGIN IMMEDIATE")
            pool.submit(self.write_in_turn, app, done)
            wait_until(lambda: not processor._line._taken)
            with processor.taken() if is_computed else nullcontext():
                other.execute("ROLLBACK")
                wait_until(lambda: done == [not is_computed])

    def write_in_turn(self, app, done):
        """Write as a request does; note whether the thread has its turn at the processor when it has the write lock."""
        with app.app_context(), processor.taken():
            start_write(db.session)
            done.append(processor._mine.turn)
            db.session.commit()


@pytest.mark.postgresql
class TestPostgres:
    """Every wait for PostgreSQL has an end, and a waiting thread lends its turn at the processor."""

    @pytest.fixture
    def app(self, make_app, postgres_url, monkeypatch):
        soon = {"options": "-c lock_timeout=100ms -c statement_timeout=1s"}
        monkeypatch.setattr(postgres, "WAITS", postgres.WAITS | soon)
        return make_app(postgres_url, FORM_MIN_SECONDS=0)

    @pytest.fixture
    def holder(self, app, postgres_server, postgres_url):
        """Give a connection that holds the lock of the event's row."""
        with app.app_context():
            make_event()
        with postgres_server.connect(make_url(postgres_url).database) as holder:
            holder.execute("BEGIN")
            holder.execute("SELECT FROM events FOR UPDATE")
            yield holder

    @pytest.mark.usefixtures("frozen")
    def test_a_lock_that_is_not_given_back_is_the_busy_page(self, app, holder):
        pages = Pages(app)
        check = pages.post("registration.details", ANSWERS, sector="justice", follow=True, expect=200)
        busy = check.submit(button="Register", expect=503)
        holder.execute("ROLLBACK")
        assert busy.h1 == "The service is busy at the moment"
        assert busy.submit(button="Try again", follow=True).h1 == "Check your e-mail"

    def test_a_statement_that_takes_too_long_is_ended(self, app):
        with app.app_context(), pytest.raises(OperationalError, match="statement timeout"):
            db.session.execute(text("SELECT pg_sleep(60)"))

    def test_a_server_that_stands_still_is_waited_for_only_so_long(self, app, postgres_server, monkeypatch):
        """A page, /readyz and the reader of the content version give up in time, and work again with the server."""
        for where, name in (
            (postgres, "ANSWER_SECONDS"),
            (health, "PATIENCE"),
            (PolledVersion, "PATIENCE"),
        ):
            monkeypatch.setattr(where, name, 0.5)
        reader = PolledVersion(app.extensions["page_cache"]._read_version.__self__._conninfo)
        with app.app_context():
            make_event()
        client = app.test_client()
        before = [client.get(path).status_code for path in ("/en/news/search?q=a", "/readyz")]
        assert (before, reader.read() is None) == ([200, 200], False)
        with postgres_server.stopped():
            began = time.monotonic()
            assert client.get("/en/news/search?q=a").status_code == 503
            assert reader.read() is None
            assert time.monotonic() - began < SECONDS
        assert client.get("/en/news/search?q=a").status_code == 200
        with postgres_server.stopped():
            assert client.get("/readyz").status_code == 503
        assert (client.get("/readyz").status_code, reader.read() is None) == (200, False)

    @pytest.fixture
    def lent(self, monkeypatch):
        """Collect how many threads compute each time that a thread lets another one compute."""
        lend, seen = Processor.lent, []

        @contextmanager
        def watched(self, **options):
            with lend(self, **options):
                seen.append(self._line._taken)
                yield

        monkeypatch.setattr(Processor, "lent", watched)
        return seen

    @pytest.mark.usefixtures("holder")
    def test_turn_is_lent_while_a_lock_is_waited_for(self, app, lent):
        with app.app_context(), processor.taken():
            db.session.execute(text("SELECT 1"))
            lent.clear()
            with pytest.raises(OperationalError, match="lock timeout"):
                db.session.execute(text("SELECT id FROM events FOR UPDATE"))
            assert lent == [0]

    def test_turn_is_kept_for_an_answer_that_comes_at_once(self, app, lent, monkeypatch):
        """`AT_ONCE` is set to the test's own time limit, so that even on a busy machine the answer is immediate."""
        monkeypatch.setattr(postgres, "AT_ONCE", SECONDS)
        with app.app_context(), processor.taken():
            db.session.execute(text("SELECT 1"))
            lent.clear()  # Forget the turns that were lent while connecting.
            db.session.execute(text("SELECT 2"))
            db.session.commit()
        assert lent == []

    def test_most_writers_stand_in_line_without_a_connection(self, app, pool):
        """Two writers get a connection; the others wait without one, so that the pool has connections for readers."""
        with app.app_context():
            line, done = db.engine.get_execution_options()["writers"], []
            sessions = [Session(db.engine) for _ in range(2)]
            for session in sessions:
                start_write(session)

            def write():
                with app.app_context(), processor.taken():
                    start_write(db.session)
                    done.append(processor._mine.turn)
                    db.session.commit()

            writers = [pool.submit(write) for _ in range(5)]
            wait_until(lambda: queued(line) == 5)
            assert (db.engine.pool.checkedout(), processor._line._taken, done) == (2, 0, [])
            for end in (sessions[0].rollback, sessions[1].close):
                end()
            for writer in writers:
                writer.result(SECONDS)
            assert (done, line._taken) == ([True] * 5, 0)

    def test_a_balancer_waits_for_a_free_connection_no_longer_than_for_an_answer(self, app, monkeypatch):
        monkeypatch.setattr(health, "PATIENCE", 0.05)
        with app.app_context():
            monkeypatch.setattr(db.engine.pool, "_timeout", 6 * SECONDS)
            taken = [db.engine.connect() for _ in range(15)]
        began = time.monotonic()
        assert app.test_client().get("/readyz").status_code == 503
        assert time.monotonic() - began < SECONDS
        for connection in taken:
            connection.close()
        assert app.test_client().get("/readyz").status_code == 200

    def test_a_balancer_waits_for_connecting_no_longer_than_for_an_answer(self, monkeypatch):
        asked = []
        monkeypatch.setattr(postgres.PostgresConnection, "connect", lambda **options: asked.append(options))
        for seconds in (None, 2.5, 60):
            with postgres.patience(seconds):
                postgres._connect(None, None, (), postgres.WAITS)
        assert [options["connect_timeout"] for options in asked] == [5, 3, 5]

    def test_writer_without_a_connection_leaves_the_line(self, app, monkeypatch):
        with app.app_context():
            line = db.engine.get_execution_options()["writers"]
            monkeypatch.setattr(db.engine.pool, "_timeout", 0.01)
            taken = [db.engine.connect() for _ in range(15)]
            with pytest.raises(PoolTimeout):
                start_write(db.session)
            assert line._taken == 0
            for connection in taken:
                connection.close()

    def test_writer_whose_turn_does_not_come_is_told_that_the_service_is_busy(self, app, monkeypatch):
        monkeypatch.setattr(engine_setup, "BUSY_SECONDS", 0.01)
        with app.app_context():
            sessions = [Session(db.engine) for _ in range(2)]
            for session in sessions:
                start_write(session)
            with pytest.raises(NoTurn):
                start_write(db.session)
            for session in sessions:
                session.close()

    @pytest.mark.parametrize("at_once", [0, 0.02])
    def test_an_answer_that_comes_later_is_whole(self, app, monkeypatch, at_once):
        """Answers are complete, also for a parameter that is sent in several parts and for a streamed result."""
        monkeypatch.setattr(postgres, "AT_ONCE", at_once)
        long = "å" * 3_000_000
        with app.app_context():
            slept = db.session.execute(text("SELECT pg_sleep(0.05), length(:long)"), {"long": long}).one()
            rows = text("SELECT number FROM generate_series(1, 3000) AS number")
            stream = db.session.execute(rows, execution_options={"stream_results": True, "yield_per": 500})
            assert (slept[1], sum(stream.scalars())) == (len(long), 3000 * 3001 / 2)
            with pytest.raises(OperationalError, match="statement timeout"):
                db.session.execute(text("SELECT pg_sleep(60)"))
            db.session.rollback()
            assert db.session.execute(text("SELECT 1")).scalar() == 1

    def test_connection_of_a_full_pool_is_waited_for_without_a_turn(self, app, lent, pool):
        """A thread that waits for a connection lends its turn, which the thread with the connection may need."""
        with app.app_context():
            taken = [db.engine.connect() for _ in range(15)]
            lent.clear()  # Forget the turns that were lent while connecting.

            def wait():
                with app.app_context(), processor.taken():
                    db.session.execute(text("SELECT 1"))

            waiting = pool.submit(wait)
            wait_until(lambda: db.engine.pool._pool.not_empty._waiters)
            assert lent == [0]
            for connection in taken:
                connection.close()
            waiting.result(SECONDS)

    def test_connections_of_ten_at_once_stay_open(self, app):
        with app.app_context():
            opened = [db.engine.connect() for _ in range(10)]
            for connection in opened:
                connection.close()
            assert (db.engine.pool.checkedin(), db.engine.pool.overflow()) == (10, 0)

    def test_every_wait_has_an_end(self, app, monkeypatch):
        """Each setting of PostgreSQL's library that limits a wait is set, also those that notice a lost machine."""
        monkeypatch.undo()
        waits = engine_setup.engine_options("postgresql+psycopg://")["connect_args"]
        assert {name for name, value in waits.items() if value} >= {
            *("connect_timeout", "options", "tcp_user_timeout", "keepalives_idle"),
        }
