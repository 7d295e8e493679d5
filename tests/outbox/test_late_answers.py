"""A mail server that stalls after the dot of a mail stops no other mail, and gets no second copy (R08, R09, R11)."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta

import pytest

from forum import clock
from forum.cli import cli
from forum.extensions import db
from forum.jobs.worker import Worker
from forum.outbox import delivery, outstanding, relay, transport
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.outbox.outstanding import Outstanding
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import DROP, scripted_smtp

PATIENCE = 0.3
STALLED = "stalled@example.org"
# How many seconds a test waits for something that takes far less than one; an error then says what has not happened.
AT_MOST = 60


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


class Stall:
    """The answer of a server that keeps silent about each mail to `STALLED` until the test says what it answers."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.answer = "250 ok"

    def __call__(self, server) -> str:
        if f"To: {STALLED}".encode() in server.messages[-1]:
            self.is_over.wait(AT_MOST)
            return self.answer
        return "250 ok"

    def end(self, answer: str = "250 ok") -> None:
        self.answer = answer
        self.is_over.set()


@pytest.fixture
def stall():
    stall = Stall()
    yield stall
    stall.end()


@pytest.fixture
def server(database, to_server, stall):
    """Run a mail server that stalls after the dot of mails to one address."""
    with scripted_smtp({"END": stall}) as server:
        to_server(server.port, MAIL_TIMEOUT=PATIENCE)
        yield server


def to(server) -> list[str]:
    """Return to whom the server got mails, in order."""
    return [
        line.removeprefix("To: ")
        for content in server.messages
        for line in content.decode().splitlines()
        if line.startswith("To: ")
    ]


def await_that(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + AT_MOST
    while not condition():
        assert time.monotonic() < end, f"not within {AT_MOST} seconds: {what}"
        time.sleep(0.02)


@contextmanager
def working(app):
    """Run a worker in a thread until the block ends."""
    worker = Worker(app, [])
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(AT_MOST)
        assert not thread.is_alive()


def make_stalled(number: int = 1, **differing) -> list[OutboxMessage]:
    mails = make_mails(number, recipient=STALLED, **differing)
    db.session.rollback()
    return mails


def test_urgent_mail_leaves_while_the_server_stalls_after_a_mail_to_many(app, server, stall):
    """The mail that stalls is sent once, and counts as sent when the server takes it late."""
    make_stalled(lane=Lane.BULK)
    with working(app):
        await_that(lambda: STALLED in to(server), "the server has the mail to many")
        make_mail(lane=Lane.NOW, recipient="urgent@example.org")
        await_that(lambda: states()[1:] == [("sent", 1)], "the urgent mail has left")
        assert (states()[0], to(server)) == (("inflight", 1), [STALLED, "urgent@example.org"])

        stall.end()
        await_that(lambda: states() == [("sent", 1)] * 2, "the late answer counts")

    clock.freeze(NOW + timedelta(days=1))
    assert (delivery.deliver_due(), to(server)) == (0, [STALLED, "urgent@example.org"])
    late = db.session.get_one(OutboxMessage, 1)
    assert (late.unanswered_since, late.lease_owner, late.content) == (None, None, None)
    assert server.connections == 2


def test_no_more_than_three_mails_wait_for_an_answer_and_one_that_is_answered_makes_room(server, stall):
    make_stalled(5, lane=Lane.NOW)
    late = Outstanding()

    assert [delivery.deliver_due(late) for _again in range(2)] == [outstanding.MOST, 0]
    assert states() == [("inflight", 1)] * 3 + [("queued", 0)] * 2
    stall.end()
    late.settle_all()
    assert states() == [("sent", 1)] * 3 + [("queued", 0)] * 2
    assert delivery.deliver_due(late) == 2

    assert (states(), to(server)) == ([("sent", 1)] * 5, [STALLED] * 5)


def test_mails_to_many_leave_the_last_connection_to_urgent_ones(server):
    """At most two mails to many wait for an answer, so that urgent mails leave over the remaining connection."""
    make_stalled(4, lane=Lane.BULK)
    late = Outstanding()
    assert delivery.deliver_due(late) == outstanding.MOST_TO_MANY
    make_mails(5, lane=Lane.NOW)

    assert delivery.deliver_due(late) == 5

    assert states() == [("inflight", 1)] * 2 + [("queued", 0)] * 2 + [("sent", 1)] * 5


@pytest.mark.parametrize(
    ("answer", "state", "reason", "is_troubled"),
    [
        ("451 4.3.0 later", ("awaiting_retry", 1), "451 4.3.0 later", False),
        ("554 5.7.1 no", ("failed", 1), "554 5.7.1 no", False),
        ("421 4.3.2 bye", ("awaiting_retry", 1), "421 4.3.2 bye", True),
        (
            DROP,
            ("awaiting_retry", 1),
            "SMTPServerDisconnected: Connection unexpectedly closed",
            True,
        ),
    ],
)
def test_late_refusal_means_the_same_as_one_in_time(server, stall, answer, state, reason, is_troubled):
    (mail,) = make_stalled()
    late = Outstanding()
    delivery.deliver_due(late)
    assert (states(), mail.unanswered_since) == ([("inflight", 1)], NOW)

    stall.end(answer)
    late.settle_all()

    assert (states(), mail.last_error, mail.unanswered_since) == ([state], reason, None)
    assert (relay.find_trouble() is not None) == is_troubled


def test_late_421_over_a_connection_that_has_carried_others_costs_no_attempt(server, stall):
    make_mail()
    make_stalled()
    late = Outstanding()
    assert delivery.deliver_due(late) == 2

    stall.end("421 4.7.0 too many messages on this connection")
    late.settle_all()

    assert (states(), relay.find_trouble()) == ([("sent", 1), ("queued", 0)], None)


def test_no_worker_sends_a_mail_again_that_still_waits_for_its_answer(app, server, stall):
    """The claim on the mail (its lease) lasts for the whole wait and until the worker can have seen the answer."""
    (mail,) = make_stalled()
    late = Outstanding()
    delivery.deliver_due(late)
    timeout = app.config["MAIL_TIMEOUT"]
    last = NOW + timedelta(seconds=transport.DOT_SECONDS + 2 * transport.WAITS_A_MAIL * timeout)

    clock.freeze(last - timedelta(seconds=1))
    assert (delivery.deliver_due(), mail.lease_until) == (0, last)
    stall.end()
    late.settle_all()

    assert (states(), to(server)) == ([("sent", 1)], [STALLED])


def test_answer_is_kept_while_the_database_is_away(server, stall, monkeypatch):
    make_stalled()
    late = Outstanding()
    delivery.deliver_due(late)
    stall.end()
    with monkeypatch.context() as broken:
        broken.setattr(outstanding.outcomes, "note_sent", lambda claim: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            late.settle_all()
    assert states() == [("inflight", 1)]

    late.settle_all()

    assert (states(), to(server)) == ([("sent", 1)], [STALLED])


@pytest.mark.parametrize("is_answered", [True, False])
def test_stopped_worker_hears_late_answers_for_a_moment(app, server, stall, monkeypatch, is_answered):
    """A mail without an answer by then is sent again, when the worker's claim on the mail (its lease) ends."""
    monkeypatch.setattr("forum.jobs.worker.FINISH_SECONDS", AT_MOST if is_answered else PATIENCE)
    (mail,) = make_stalled()
    with working(app) as worker:
        await_that(lambda: db.session.rollback() or mail.unanswered_since, "the worker knows that it waits")
        worker.stop()
        if is_answered:
            stall.end()

    assert states() == ([("sent", 1)] if is_answered else [("inflight", 1)])


def test_worker_killed_in_the_wait_leaves_a_mail_of_which_is_known_that_the_server_has_it(
    app, server, stall, own_process
):
    """Nobody knows what the server did with the mail: the next worker sends the same bytes again after the lease."""
    (mail,) = make_stalled()
    process = own_process(
        "tests.outbox.processes", MAIL_SERVER="127.0.0.1", MAIL_PORT=server.port, MAIL_TIMEOUT=1
    )
    await_that(lambda: db.session.rollback() or mail.unanswered_since, "the process knows that it waits")
    process.kill()
    process.wait()
    stall.end()

    assert (delivery.deliver_due(), states(), mail.unanswered_since) == (0, [("inflight", 1)], NOW)
    told = app.test_cli_runner().invoke(cli, ["doctor", "--offline"]).output
    assert "the mail server was given a mail and has not answered since" in told
    clock.freeze(mail.lease_until)
    assert (delivery.deliver_due(), states(), mail.unanswered_since) == (1, [("sent", 2)], None)
    assert len(set(server.messages)) == 1


@pytest.mark.parametrize(
    ("number", "minutes", "mark", "words"),
    [(1, 1, "ok", "a mail"), (1, 3, "BAD", "a mail"), (2, 1, "ok", "2 mails"), (2, 3, "BAD", "2 mails")],
)
def test_doctor_says_since_when_the_server_has_not_answered(app, server, stall, number, minutes, mark, words):
    make_stalled(number)
    delivery.deliver_due(Outstanding())

    clock.freeze(NOW + timedelta(minutes=minutes))
    told = app.test_cli_runner().invoke(cli, ["doctor", "--offline"]).output

    line = next(line for line in told.splitlines() if " mail: " in line)
    waits = "1 waits" if number == 1 else f"{number} wait"
    since = f"the mail server was given {words} and has not answered since {NOW:%H:%M:%S} UTC"
    unit = "minute" if minutes == 1 else "minutes"
    assert line == f"{mark:4} mail: {waits}, the oldest for {minutes} {unit}; {since}"
    failing = app.test_client().get("/status").json["failing"]
    assert ("mail" in failing) == (mark == "BAD")


def test_test_mail_waits_for_a_late_answer(app, server, stall):
    threading.Timer(3 * PATIENCE, stall.end).start()

    told = app.test_cli_runner().invoke(cli, ["mail-test", STALLED])

    assert (told.output, states()) == ("127.0.0.1 took the message.\n", [("sent", 1)])
