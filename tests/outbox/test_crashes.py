"""When workers compete or are killed, no mail is lost, and as few mails as possible are sent twice (R06, R11)."""

import threading
from collections import Counter

import pytest

from forum import clock
from forum.outbox import delivery, transport
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import scripted_smtp

MAILS = 120


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def worker(own_process):
    """Return a function that starts a process which sends due mails to a port."""
    return lambda port: own_process("tests.outbox.processes", MAIL_SERVER="127.0.0.1", MAIL_PORT=port)


def test_two_workers_send_each_mail_once(database, worker, smtp_server):
    mails = [mail.message_id for mail in make_mails(MAILS)]
    database.rollback()

    workers = [worker(smtp_server.port) for _ in range(2)]

    assert [process.wait(120) for process in workers] == [0, 0]
    assert Counter(message["Message-ID"] for message in smtp_server.messages) == Counter(mails)
    assert states() == [("sent", 1)] * MAILS


@pytest.mark.parametrize(("step", "copies"), [("MAIL", 1), ("END", 2)])
def test_worker_killed_on_the_way_gives_the_mail_back_unchanged(database, worker, to_server, step, copies):
    """A worker killed before DATA leads to one copy; killed before the server's final answer, to two equal copies."""
    reached, dead = threading.Event(), threading.Event()

    def hold(server):
        if server.connections == 1:
            reached.set()
            dead.wait(60)
        return "250 ok"

    with scripted_smtp({step: hold}) as server:
        content = make_mail().content
        database.rollback()
        process = worker(server.port)
        assert reached.wait(60)
        process.kill()
        process.wait()
        dead.set()
        to_server(server.port)

        assert (delivery.deliver_due(), states()) == (0, [("inflight", 1)])
        clock.freeze(NOW + transport.longest_delivery())
        assert delivery.deliver_due() == 1

    assert states() == [("sent", 2)]
    assert server.messages == [content] * copies
