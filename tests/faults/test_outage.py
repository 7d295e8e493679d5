"""PostgreSQL stops, restarts or ends its connections while people register over HTTP (R16).

Real `forum serve` processes run on a durable PostgreSQL of their own. A person who meets the outage is told to try
again and presses the button until the registration is received. No received registration is lost, and none is stored
twice or half.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask_migrate import upgrade
from sqlalchemy import func, select

from forum import clock
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox import delivery
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import longest_delivery
from forum.registration.models import Registration, Submission
from tests.faults.races import open_event
from tests.faults.visitor import BUSY, RECEIVED, Attempt, Visitor
from tools.running import SECONDS, Running, kill, wait_for
from tools.servers import PostgresServer, run_postgres

pytestmark = [pytest.mark.postgresql, pytest.mark.slow, pytest.mark.usefixtures("clock_that_flows")]
PEOPLE_AT_ONCE = 6
OPEN = {"FORM_MIN_SECONDS": 0, "LIMITS_ENABLED": 0}


class Crowd:
    """People who register in several threads, in each thread one after the other, until the test stops them."""

    def __init__(self, url: str):
        self.url = url
        self.outcomes: Counter[str] = Counter()
        self.received: list[str] = []
        self.others: list[Attempt] = []
        self._enough = threading.Event()

    def come(self, door: int) -> None:
        """Register people one after the other, each trying again until the registration is received."""
        number = 0
        while not self._enough.is_set():
            number += 1
            visitor = Visitor(self.url)
            attempt = visitor.register(("tech", "ngo")[door % 2], f"door{door}-{number}@example.org")
            self._note(attempt)
            while attempt.outcome == BUSY:
                self._enough.wait(0.2)  # the page asks people to wait half a minute; the test waits less
                attempt = visitor.try_again(attempt)
                self._note(attempt)

    def leave(self) -> None:
        """Start no new registrations, and wait until those under way have finished."""
        self._enough.set()

    def _note(self, attempt: Attempt) -> None:
        self.outcomes[attempt.outcome] += 1
        if attempt.outcome == RECEIVED:
            self.received.append(attempt.email)
        elif attempt.outcome != BUSY:
            self.others.append(attempt)


@pytest.fixture
def clock_that_flows() -> Iterator[None]:
    """Let the clock show the real time again after a test that has frozen it."""
    yield
    clock.freeze(None)


@pytest.fixture
def cluster() -> Iterator[PostgresServer]:
    """Give a durable PostgreSQL server that the test may stop and start."""
    with run_postgres(durable=True) as server:
        yield server


@pytest.fixture
def name(cluster) -> str:
    """Give the name of an empty database on the test's own PostgreSQL server."""
    return cluster.create()


@pytest.fixture
def app(make_app, cluster, name):
    """Give an app on the test's own PostgreSQL server, with a migrated database and an open event."""
    app = make_app(cluster.url(name))
    with app.app_context():
        upgrade()
        open_event(capacity=100_000)
        db.engine.dispose()
    return app


@pytest.fixture
def forum(app, cluster, name, settings, tmp_path) -> Iterator[Running]:
    """Give a running forum with two web processes and a worker, on the database of the test's own PostgreSQL server."""
    own = {key: settings[key] for key in ("SECRET_KEY", "DATA_KEYS", "STATIC")}
    running = Running("serve", tmp_path, settings={**own, **OPEN, "DATABASE_URL": cluster.url(name)})
    try:
        wait_for(running.is_ready, running)
        yield running
    finally:
        kill(running)


def test_registering_goes_on_after_each_outage_and_loses_nothing(forum, cluster, name, app):
    pids, crowd = forum.pids(), Crowd(forum.url)
    with ThreadPoolExecutor(PEOPLE_AT_ONCE) as doors:
        inside = [doors.submit(crowd.come, door) for door in range(PEOPLE_AT_ONCE)]
        try:
            some_more(crowd, RECEIVED)
            cluster.stop()
            some_more(crowd, BUSY)
            cluster.start()
            some_more(crowd, RECEIVED)
            cluster.restart()
            some_more(crowd, RECEIVED)
            for _ in range(5):
                assert cluster.end_connections(name) > 0
                some_more(crowd, RECEIVED)
        finally:
            crowd.leave()
    for door in inside:
        door.result()
    assert [attempt.outcome for attempt in crowd.others] == []
    with app.app_context():
        assert_nothing_is_lost_or_half(crowd)
    wait_for(forum.is_ready, forum)
    assert forum.pids() == pids
    wait_for(lambda: mails_that_are(app, "queued", "awaiting_retry") == 0, forum)
    assert_a_lease_is_all_that_holds_a_mail(app)


def assert_nothing_is_lost_or_half(crowd: Crowd) -> None:
    """Check that each person who read "received" is registered once, with mail and audit entry, and counted once."""
    assert sorted(db.session.scalars(select(Registration.email))) == sorted(crowd.received)
    number = len(crowd.received)
    assert db.session.scalar(select(func.count()).select_from(Submission)) == number
    kinds = Counter(db.session.scalars(select(OutboxMessage.kind)))
    assert kinds == {"received": number}
    received = select(func.count()).where(AuditEntry.action == "registration.received")
    assert db.session.scalar(received) == number
    counted = (db.session.scalar(select(Event.taken)), db.session.scalar(select(func.sum(Sector.taken))))
    assert counted == (number, number)
    assert audit.verify() is None


def assert_a_lease_is_all_that_holds_a_mail(app) -> None:
    """Check that a mail whose sending the outage cut off is due again when its lease ends."""
    assert mails_that_are(app, "failed") == 0
    with app.app_context():
        clock.freeze(clock.now() + longest_delivery())
        while delivery.deliver_due():
            pass
    assert mails_that_are(app, "inflight") == 0


def mails_that_are(app, *statuses: str) -> int:
    """Return the number of mails in one of these states."""
    with app.app_context():
        number = select(func.count()).where(OutboxMessage.status.in_(statuses))
        return db.session.scalar(number) or 0


def some_more(crowd: Crowd, outcome: str, number: int = 10) -> None:
    """Wait until `number` more attempts to register have had this outcome."""
    before, end = crowd.outcomes[outcome], time.monotonic() + SECONDS
    while crowd.outcomes[outcome] < before + number:
        assert time.monotonic() < end, crowd.outcomes
        time.sleep(0.02)
