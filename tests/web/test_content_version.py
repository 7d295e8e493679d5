"""On PostgreSQL one thread reads the content version, and cached pages are served without the database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy.engine import make_url

from forum.database import start_write
from forum.events.versions import content_changed
from forum.extensions import db
from forum.web.content_version import PolledVersion
from tests.factories.events import make_event

pytestmark = pytest.mark.postgresql
PAGE, SEATS = "/en/news/", "/en/register"


@pytest.fixture
def app(make_app, postgres_url):
    return make_app(postgres_url)


@pytest.fixture
def reader(app, monkeypatch):
    """Give the app's reader of the content version, with its polling thread, which other tests turn off."""
    kept = app.extensions["page_cache"]
    found = kept._read_version.__self__
    monkeypatch.setattr(kept, "_read_version", found.latest)
    monkeypatch.setattr(PolledVersion, "EVERY", 0.01)
    monkeypatch.setattr(PolledVersion, "FOR", 60)
    with app.app_context():
        make_event()
    yield found
    found.end()
    if found._thread:
        found._thread.join()


@pytest.fixture
def looks(reader, monkeypatch):
    """Count how often the reader has asked the database; `next()` waits until it asks once more."""

    class Looks:
        number, came = 0, Event()

        def next(self):
            self.came.clear()
            assert self.came.wait(30)

    found, read = Looks(), reader.read

    def counted():
        version = read()
        found.number += 1
        found.came.set()
        return version

    monkeypatch.setattr(reader, "read", counted)
    return found


def test_a_reading_counts_for_at_most_a_second():
    assert PolledVersion.EVERY < PolledVersion.FOR <= 1


def test_a_request_reads_the_version_itself_when_the_thread_is_late(app, reader, looks, monkeypatch):
    """A busy machine may stop the thread for a second or longer: then a request reads the version by itself."""
    monkeypatch.setattr(PolledVersion, "EVERY", 3600)
    before = reader.latest()
    with app.app_context():
        start_write(db.session)
        content_changed(db.session)
        db.session.commit()
    assert reader.latest() == before
    monkeypatch.setattr(PolledVersion, "FOR", 0)
    assert (reader.latest(), looks.number) == (before + 1, 2)


def test_requests_that_need_a_new_reading_wait_for_the_same(reader, monkeypatch):
    """While the database server does not answer, eight requests share one reading of the version and wait for it."""
    monkeypatch.setattr(PolledVersion, "EVERY", 3600)
    reader.latest()
    monkeypatch.setattr(PolledVersion, "FOR", 0)
    asked, waiting, may_end = [], Barrier(9), Event()

    def hang():
        asked.append(1)
        may_end.wait(30)

    def ask(_number):
        waiting.wait(30)
        return reader.latest()

    monkeypatch.setattr(reader, "read", hang)
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(ask, range(8))
        waiting.wait(30)
        may_end.set()
        assert list(answers) == [None] * 8
    assert asked == [1]


def test_only_the_thread_asks_a_database_that_is_out_of_reach(reader, looks, monkeypatch):
    """No request waits for a database that did not answer last time; the thread notices when it answers again."""
    monkeypatch.setattr(PolledVersion, "EVERY", 3600)
    reader.latest()
    reader._seen = None, 0.0
    assert ([reader.latest() for _ in range(20)], looks.number) == ([None] * 20, 1)


def test_no_request_asks_the_database_for_the_version(app, looks, monkeypatch):
    monkeypatch.setattr(PolledVersion, "EVERY", 3600)
    client = app.test_client()
    assert {client.get(PAGE).status_code for _ in range(20)} == {200}
    assert looks.number == 1


def test_a_change_is_seen_by_the_next_look(app, looks):
    client = app.test_client()
    first = client.get(PAGE)
    with app.app_context():
        start_write(db.session)
        content_changed(db.session)
        db.session.commit()
    looks.next()
    looks.next()  # Wait until the database was asked twice: the first time may have begun before the change.
    kept = app.extensions["page_cache"]
    before = kept._pages[PAGE].version
    assert (client.get(PAGE).data, kept._pages[PAGE].version) == (first.data, before + 1)


def test_pages_go_on_without_the_database_and_follow_it_when_it_is_back(
    app, reader, looks, monkeypatch, postgres_server, postgres_url
):
    """Cached pages are served while the database allows no connections, and renewed once it is back."""
    name = make_url(postgres_url).database
    client = app.test_client()
    before = {path: client.get(path).data for path in (PAGE, SEATS)}
    app.extensions["page_cache"]._pages[SEATS].expires = 0
    with postgres_server.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        postgres_server.end_connections(name)
        looks.next()
        monkeypatch.setattr(PolledVersion, "FOR", 0)
        assert reader.latest() is None
        assert {path: client.get(path).data for path in (PAGE, SEATS)} == before
    finally:
        with postgres_server.connect() as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    monkeypatch.setattr(PolledVersion, "FOR", 60)
    looks.next()
    looks.next()
    assert (reader.latest() is not None, client.get(SEATS).status_code) == (True, 200)
