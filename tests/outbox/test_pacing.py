"""Mails to many people leave at a pace, in all and to each domain, which all workers keep together (M11)."""

from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.health import mail_queue
from forum.outbox import actions, delivery, pacing, queries
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import MailPace, OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import scripted_smtp

MINUTE = timedelta(minutes=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def pace(app):
    """Return a function that sets how many mails to many people may leave in a minute, in all and to each domain."""

    def limit(in_all: int, to_a_domain: int) -> None:
        app.config.update(BULK_MAILS_PER_MINUTE=in_all, BULK_MAILS_PER_MINUTE_AND_DOMAIN=to_a_domain)

    return limit


def to_many(domain: str, number: int) -> None:
    make_mails(number, recipient=f"p@{domain}", lane=Lane.BULK)


def sent() -> list[str]:
    """Return the domains to which mails have left, the first one first."""
    db.session.rollback()
    gone = select(OutboxMessage.recipient).where(OutboxMessage.status == MessageStatus.SENT)
    order = OutboxMessage.sent_at, OutboxMessage.id
    return [address.partition("@")[2] for address in db.session.scalars(gone.order_by(*order))]


def test_no_minute_has_more_mails_to_many_than_may_leave(database, pace, time):
    """The clock moves in half seconds, at which the worker looks for mail; the limits hold in each span of a minute."""
    pace(20, 8)
    for domain in ("a.example", "b.example", "c.example"):
        to_many(domain, 14)
    for _look in range(2 * 100):
        delivery.deliver_due()
        time.forward(seconds=0.5)

    rows = database.execute(select(OutboxMessage.sent_at, OutboxMessage.recipient)).all()
    left = sorted((at, address) for at, address in rows if at)
    for begin, _address in left:
        in_minute = [address for at, address in left if begin <= at < begin + MINUTE]
        assert len(in_minute) <= 20
        assert max(map(in_minute.count, in_minute)) <= 8
    # Random intervals and the paces of the domains make sending slower, but not by half.
    assert len(left) >= 0.7 * 20 * 100 / 60
    waits = {later - earlier for (earlier, _), (later, _) in pairwise(left)}
    assert len(waits) > 1


def test_mail_for_one_person_leaves_at_once_and_does_not_count(database, pace):
    pace(1, 1)
    to_many("example.org", 2)
    make_mails(3, recipient="n@example.org", lane=Lane.NOW)
    make_mails(3, recipient="s@example.org", lane=Lane.SOON)

    assert delivery.deliver_due() == 7
    assert [status for status, _attempts in states()] == ["sent", "queued", *["sent"] * 6]

    start_write(database)
    actions.send_now(database.get_one(OutboxMessage, 2), now=NOW, actor="user:1")
    database.commit()
    assert (delivery.deliver_due(), len(sent())) == (1, 8)


def test_a_domain_that_has_to_wait_holds_up_no_other(database, pace):
    pace(0, 1)
    to_many("a.example", 3)
    to_many("B.example", 2)
    to_many("b.EXAMPLE", 1)

    assert (delivery.deliver_due(), sent()) == (2, ["a.example", "B.example"])
    clock.freeze(NOW + 2 * MINUTE)
    assert (delivery.deliver_due(), sent()[2:]) == (2, ["a.example", "B.example"])


def test_mail_that_another_worker_was_faster_to_take_stays(database, pace):
    pace(1, 0)
    to_many("a.example", 2)
    start_write(database)
    assert [pacing.take(Lane.BULK, domain, NOW) for domain in ("a.example", "b.example")] == [True, False]
    assert pacing.take(Lane.SOON, "a.example", NOW)
    database.rollback()


def test_moment_of_a_wrong_clock_holds_nothing_up(database, pace):
    pace(1, 1)
    to_many("a.example", 1)
    clock.freeze(NOW + timedelta(days=365))
    delivery.deliver_due()
    to_many("a.example", 1)
    clock.freeze(NOW)
    assert delivery.deliver_due() == 1


def test_connection_stays_open_while_the_next_mail_waits_for_its_turn(database, pace, to_server, time):
    pace(60, 0)
    to_many("a.example", 5)
    with scripted_smtp() as server:
        to_server(server.port)
        assert delivery.deliver_due(rest=lambda seconds: time.forward(seconds=seconds)) == 5

    assert (server.connections, len(sent())) == (1, 5)
    assert clock.now() >= NOW + timedelta(seconds=3)


def test_time_that_is_left_follows_the_slower_of_both_paces(app, database, pace):
    pace(300, 60)
    minutes = {
        "many domains": pacing.seconds_for({f"d{number}.example": 20 for number in range(1000)}) / 60,
        "one domain": pacing.seconds_for({"a.example": 600, "b.example": 10}) / 60,
        "nobody": pacing.seconds_for({}),
    }
    assert {name: round(value) for name, value in minutes.items()} == {
        "many domains": 75,
        "one domain": 11,
        "nobody": 0,
    }


def test_mails_that_wait_for_their_turn_are_not_late(database, pace):
    pace(1, 1)
    to_many("a.example", 3)
    make_mail(recipient="n@example.org", lane=Lane.NOW, now=NOW)
    delivery.deliver_due()
    clock.freeze(NOW + timedelta(minutes=14))
    delivery.deliver_due()
    clock.freeze(later := NOW + timedelta(minutes=20))
    assert mail_queue.check(later) == (True, "1 waits, in turn")
    # No mail to many has left for a quarter of an hour, so the waiting mail counts as late: the pace is not the reason.
    clock.freeze(later := NOW + timedelta(minutes=40))
    assert mail_queue.check(later) == (False, "1 waits, the oldest for 40 minutes")
    assert queries.read_queue(now=later).oldest == NOW


def test_moments_are_forgotten_with_their_domains(database, pace):
    pace(10, 10)
    to_many("a.example", 1)
    delivery.deliver_due()
    start_write(database)
    assert pacing.forget_old(now=NOW + timedelta(minutes=14)) == 0
    assert pacing.forget_old(now=NOW + timedelta(minutes=16)) == 2
    assert database.scalar(select(func.count()).select_from(MailPace)) == 0
    database.commit()


@pytest.mark.slow
def test_four_workers_keep_one_pace(database, own_process, smtp_server):
    """The workers' clocks are frozen at one moment, so the number of mails that may leave by then is known."""
    make_mails(60, lane=Lane.BULK)
    database.rollback()
    server = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": smtp_server.port}
    pace = {"BULK_MAILS_PER_MINUTE": 600, "BULK_MAILS_PER_MINUTE_AND_DOMAIN": 0}
    workers = [own_process("tests.outbox.processes", **server, **pace) for _ in range(4)]
    assert [worker.wait(60) for worker in workers] == [0] * 4
    assert 8 <= len(smtp_server.messages) <= 10
