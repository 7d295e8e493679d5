"""Waits for PostgreSQL: for locks, answers, connections and a server that does not respond."""

import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from forum import database as engine_setup
from forum import postgres
from forum.database import start_write
from forum.extensions import db
from forum.health import public as health
from forum.turns import NoTurn, Processor, processor
from forum.web.content_version import PolledVersion
from tests.app.threads import SECONDS, queued, wait_until
from tests.factories.events import make_event
from tests.registration.filling import ANSWERS
from tools.pages import Pages


@pytest.mark.postgresql
def test_postgresql_compiles_no_query_of_a_page(make_app, postgres_url):
    with make_app(postgres_url).app_context():
        assert db.session.scalar(text("SHOW jit")) == "off"


@pytest.mark.postgresql
class TestPostgres:
    """Every wait for PostgreSQL has an end, and a waiting thread lets another one compute (lends its turn)."""

    @pytest.fixture
    def app(self, make_app, postgres_url, monkeypatch):
        soon = {"options": "-c lock_timeout=100ms -c statement_timeout=1s"}
        monkeypatch.setattr(postgres, "WAITS", postgres.WAITS | soon)
        return make_app(postgres_url, FORM_MIN_SECONDS=0)

    @pytest.fixture
    def holder(self, app, postgres_server, postgres_url):
        """Open a connection that holds the lock of the event's row."""
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
        """A page, /readyz and the content version's reader give up in time, and work again once the server responds."""
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
        """Record how many threads hold a turn (may compute) each time that a thread lends its turn to another."""
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
        """`AT_ONCE` is set to the test's own time limit, so that even a busy machine's answer counts as immediate."""
        monkeypatch.setattr(postgres, "AT_ONCE", SECONDS)
        with app.app_context(), processor.taken():
            db.session.execute(text("SELECT 1"))
            lent.clear()  # Forget the turns (rights to compute) that were lent while connecting.
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
        """A thread that waits for a connection lends its turn at the processor to threads that have a connection."""
        with app.app_context():
            taken = [db.engine.connect() for _ in range(15)]
            lent.clear()  # Forget the turns (rights to compute) that were lent while connecting.

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
        """Every setting of PostgreSQL's library that limits a wait is set, also those that notice a dead server."""
        monkeypatch.undo()
        waits = engine_setup.engine_options("postgresql+psycopg://")["connect_args"]
        assert {name for name, value in waits.items() if value} >= {
            *("connect_timeout", "options", "tcp_user_timeout", "keepalives_idle"),
        }
