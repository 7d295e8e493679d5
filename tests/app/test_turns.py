"""Lines: one at a time in the order of coming; turns at computing, which are a courtesy; SQLite's writers."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, run_wsgi_app

from forum import database as engine_setup
from forum.database import start_write
from forum.extensions import db
from forum.turns import Line, Processor
from forum.web import receiving, turns
from tests.web.bodies import SlowBody

SECONDS = 10  # for what comes at once unless it is broken


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
    """A request that hangs holds up each of the others for a moment, not for good."""
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
    turns.init_app(app)
    receiving.init_app(app)
    environ = {**EnvironBuilder(method="POST", data=b"slow").get_environ(), "wsgi.input": slow}
    waiting = pool.submit(run_wsgi_app, app.wsgi_app, environ)
    run_wsgi_app(app.wsgi_app, EnvironBuilder(method="POST", data=b"quick").get_environ())
    assert received == [b"quick"]
    slow.comes.set()
    waiting.result(SECONDS)
    assert received == [b"quick", b"slow"]


def test_turns_can_be_left_out():
    app = Flask("free")
    app.config.update(MAX_CONTENT_LENGTH=10, TURNS=False)
    inner = app.wsgi_app
    turns.init_app(app)
    assert app.wsgi_app == inner


class TestWriters:
    """SQLite's writers of one process, and a foreign one."""

    @pytest.fixture
    def app(self, make_app, sqlite_url):
        return make_app(sqlite_url)

    @pytest.fixture
    def line(self, app) -> Line:
        with app.app_context(), db.engine.connect() as connection:
            return connection.info["writers"]

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
