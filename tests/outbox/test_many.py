"""Thousands of mails to many people delay no confirmation, and each leaves once though workers are killed (R06, R11).

The environment variable TEST_MAILS sets how many mails the second slow test sends, such as 20000.
"""

import os
import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import event, text, update

from forum.database import start_write
from forum.extensions import db
from forum.outbox import delivery
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import UNSENT
from tests.factories.events import NOW
from tests.factories.mails import make_mail
from tests.outbox.many import count_in, fill, fill_with_rows
from tools.forking import FORUM, Forked

WAITING, WHOLE = 20_000, 2_000
MAILS = int(os.environ.get("TEST_MAILS", "1000"))
WORKERS = 4


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def own(settings, app, smtp_server) -> dict:
    """Give the settings of processes that send to the test's mail server, without a limit of mails a minute."""
    names = ("SECRET_KEY", "DATA_KEYS", "STATIC", "BULK_MAILS_PER_MINUTE", "BULK_MAILS_PER_MINUTE_AND_DOMAIN")
    return {
        **{name: settings[name] for name in names},
        "INSTANCE": app.config["INSTANCE"],
        "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "ENV": "development",
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": smtp_server.port,
    }


@pytest.fixture
def started():
    """Give a list of processes, which are killed after the test."""
    processes: list[Forked] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def plans_of(act: Callable[[], object]) -> str:
    """Call `act`; return the database's plans for the statements with which it looks for mails in the outbox."""
    statements: list[tuple[str, object]] = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if "FROM outbox_messages" in statement and "ORDER BY" in statement:
            statements.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    db.session.rollback()
    explain = "EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN "
    with db.engine.connect() as connection:
        plans = [connection.exec_driver_sql(explain + each, values).all() for each, values in statements]
    assert plans
    return "\n".join(str(row[-1]) for plan in plans for row in plan)


def test_the_next_mail_is_found_by_an_index_whatever_waits(app, database):
    """No statement reads or sorts all waiting mails, so that their number does not delay a confirmation."""
    fill_with_rows(WAITING)
    make_mail(recipient="now@example.org", lane=Lane.NOW)
    claims = []

    def claim(order):
        claims.append(delivery._claim(NOW, order))

    plans = {
        "by lane": plans_of(lambda: claim(delivery.BY_LANE)),
        "by age": plans_of(lambda: claim(delivery.BY_AGE)),
    }
    app.config.update(BULK_MAILS_PER_MINUTE=60, BULK_MAILS_PER_MINUTE_AND_DOMAIN=60)
    plans["in turn"] = plans_of(lambda: claim(delivery.BY_LANE))
    plans["out of turn"] = plans_of(lambda: claim(delivery.BY_LANE))

    assert database.get_one(OutboxMessage, claims[0].id).recipient == "now@example.org"
    assert [made is not None for made in claims] == [True, True, True, False]
    for plan in plans.values():
        assert "ix_outbox_messages_unsent" in plan, plans
        assert "TEMP B-TREE" not in plan, plans
        assert "Sort" not in plan, plans


@pytest.mark.slow
def test_a_confirmation_leaves_while_twenty_thousand_others_wait(app, database, own, smtp_server, started):
    """Between the confirmation's commit and arrival, a worker finishes one mail and begins at most one other."""
    fill_with_rows(WAITING)
    # Only the mails that are due first have content: the workers do not get to the others during the test.
    fill(WHOLE)
    workers = 2
    environment = {**os.environ, **{f"FORUM_{name}": str(value) for name, value in own.items()}}
    started += [Forked(FORUM, "worker", env=environment) for _ in range(workers)]
    overtaken = []
    for number in range(5):
        _until(lambda number=number: len(smtp_server.messages) > 40 * (number + 1))
        make_mail(recipient=f"now{number}@example.org", lane=Lane.NOW)
        before = len(smtp_server.envelopes)
        sent = f"now{number}@example.org"
        _until(lambda sent=sent: any(to == [sent] for _from, to in smtp_server.envelopes))
        arrived = [to for _from, to in smtp_server.envelopes].index([sent])
        overtaken.append(arrived - before)

    assert count_in(*UNSENT) > WAITING
    assert max(overtaken) <= 2 * workers, overtaken


@pytest.mark.slow
def test_each_mail_leaves_once_though_a_worker_is_killed_every_second(
    app, database, own, smtp_server, own_process
):
    """A mail comes twice only if its worker is killed after the server has taken the mail and before noting that."""
    contents = fill(MAILS)
    start = partial(own_process, "tests.outbox.processes", **own)
    working = [start() for _ in range(WORKERS)]
    kills = 0
    while count_in(MessageStatus.QUEUED):
        time.sleep(1)
        victim = working.pop(0)
        victim.kill()
        victim.wait()
        kills += 1
        working.append(start())
    assert [worker.wait(120) for worker in working] == [0] * WORKERS

    cut_off = count_in(MessageStatus.INFLIGHT)
    assert cut_off <= kills
    # End the leases of killed workers, which would last for a quarter of an hour.
    start_write(db.session)
    ended = update(OutboxMessage).where(OutboxMessage.status == MessageStatus.INFLIGHT)
    db.session.execute(ended.values(next_attempt_at=NOW, lease_until=NOW))
    db.session.commit()
    assert start().wait(120) == 0

    arrived = Counter(message["Message-ID"] for message in smtp_server.messages)
    assert arrived.keys() == contents.keys()
    twice = {name for name, copies in arrived.items() if copies > 1}
    attempts = dict(db.session.execute(text("SELECT message_id, attempts FROM outbox_messages")).all())
    assert twice <= {name for name, number in attempts.items() if number == 2}
    assert (max(arrived.values()) <= 2, len(twice) <= cut_off) == (True, True)
    assert set(smtp_server.contents) == set(contents.values())
    assert count_in(MessageStatus.SENT) == MAILS


def _until(holds: Callable[[], bool]) -> None:
    """Wait until the function returns true."""
    until = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)
