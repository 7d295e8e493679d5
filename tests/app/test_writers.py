"""Writers of an SQLite database wait for each other in a queue."""

import sqlite3
from contextlib import closing, nullcontext

import pytest
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from forum import database as engine_setup
from forum.database import start_write
from forum.extensions import db
from forum.turns import Line, Processor, processor
from tests.app.threads import SECONDS, queued, wait_until


class TestWriters:
    """The queue of a process's writers, and a writer in another process that is not in that queue."""

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
        """A thread that got the write lock waits only briefly for its turn at the processor, then computes without."""
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
        """Write as a request does; record whether the thread has its turn at the processor with the write lock."""
        with app.app_context(), processor.taken():
            start_write(db.session)
            done.append(processor._mine.turn)
            db.session.commit()
