"""Sending what is due, to good servers and bad ones (R06–R10, M03, F3)."""

import secrets
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.outbox import delivery
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import DRIP, DROP, SILENCE, scripted_smtp
from tests.servers import free_port

WAITS = "awaiting_retry"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def test_due_mail_leaves_one_recipient_each_and_its_words_are_forgotten(database, to_server, smtp_server):
    to_server(smtp_server.port)
    mails = make_mails(3)
    content = [mail.content for mail in mails]

    assert delivery.deliver_due() == 3

    assert states() == [("sent", 1)] * 3
    assert smtp_server.envelopes == [("forum@localhost", [f"p{number}@example.org"]) for number in (1, 2, 3)]
    assert [message["Message-ID"] for message in smtp_server.messages] == [mail.message_id for mail in mails]
    assert [(mail.content, mail.sent_at, mail.lease_owner) for mail in mails] == [(None, NOW, None)] * 3
    assert all(content)


def test_bytes_arrive_as_they_were_made(database, to_server):
    with scripted_smtp() as server:
        to_server(server.port)
        mail = make_mail(recipient_name="Åsa Öst")
        content = mail.content

        delivery.deliver_due()

    assert server.messages == [content]


def test_mail_that_is_not_due_stays(database, to_server, smtp_server):
    to_server(smtp_server.port)
    make_mail(now=NOW + timedelta(seconds=1))

    assert (delivery.deliver_due(), states(), smtp_server.messages) == (0, [("queued", 0)], [])


@pytest.mark.parametrize("status", ["sent", "failed", "withheld", "aborted"])
def test_mail_in_a_final_state_stays(database, to_server, smtp_server, status):
    to_server(smtp_server.port)
    mail = make_mail()
    start_write(database)
    mail.status = status
    database.commit()

    assert (delivery.deliver_due(), smtp_server.messages) == (0, [])


def test_one_connection_carries_a_batch_and_a_dropped_one_is_opened_again(database, to_server):
    with scripted_smtp(
        {"RSET": lambda server: "421 enough" if server.connections == 1 else "250 ok"}
    ) as server:
        to_server(server.port)
        make_mails(4)

        delivery.deliver_due()

    assert (states(), server.connections, len(server.messages)) == ([("sent", 1)] * 4, 2, 4)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"RCPT": "450 4.2.1 busy"}, "450 4.2.1 busy"),
        ({"END": "451 4.3.0 later"}, "451 4.3.0 later"),
        ({"DATA": "452 4.3.1 full"}, "452 4.3.1 full"),
        ({"MAIL": "550 5.7.1 who are you"}, "550 5.7.1 who are you"),  # about us, so it can be mended
        ({"RCPT": "421 4.3.2 going down"}, "421 4.3.2 going down"),
        ({"GREETING": "554 no service"}, "554 no service"),
        ({"GREETING": DROP}, "SMTPServerDisconnected: Connection unexpectedly closed"),
        ({"END": DROP}, "SMTPServerDisconnected: Connection unexpectedly closed"),
        ({"DATA": DROP}, "SMTPServerDisconnected: Connection unexpectedly closed"),
    ],
)
def test_passing_trouble_is_tried_again(database, to_server, script, reason):
    with scripted_smtp(script) as server:
        to_server(server.port)
        mail = make_mail()

        delivery.deliver_due()

    assert (states(), mail.last_error, mail.lease_owner) == ([(WAITS, 1)], reason, None)
    assert mail.content is not None
    assert timedelta(seconds=45) < mail.next_attempt_at - NOW < timedelta(seconds=75)


@pytest.mark.parametrize("how", [SILENCE, DRIP])
@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "DATA", "END"])
def test_server_that_takes_too_long_is_given_up_and_the_mail_waits(database, to_server, step, how):
    """Whether it says nothing or a letter now and then: an answer has MAIL_TIMEOUT seconds to be whole (R08)."""
    with scripted_smtp({step: how}) as server:
        to_server(server.port, MAIL_TIMEOUT=0.2)
        make_mails(2)

        assert delivery.deliver_due() == 1

    assert states() == [(WAITS, 1), ("queued", 0)]


def test_nobody_listens(database, to_server):
    to_server(free_port())
    make_mails(2)

    assert delivery.deliver_due() == 1

    assert states() == [(WAITS, 1), ("queued", 0)]


def test_name_of_the_server_is_unknown(database, to_server, app):
    to_server(25)
    app.extensions["mail"].server = "no-such-host.invalid"
    mail = make_mail()

    delivery.deliver_due()

    assert (states(), mail.last_error.split(":")[0]) == ([(WAITS, 1)], "gaierror")


@pytest.mark.parametrize(
    "script",
    [
        {"RCPT": "550 5.1.1 nobody here"},
        {"END": "554 5.7.1 refused"},
        {"MAIL": "552 5.3.4 too large"},
    ],
)
def test_refused_mail_is_a_dead_letter_and_the_queue_goes_on(database, to_server, script):
    ((step, refusal),) = script.items()
    refusals = iter([refusal])
    with scripted_smtp({step: lambda server: next(refusals, "250 ok")}) as server:
        to_server(server.port)
        mail, _other = make_mails(2)

        delivery.deliver_due()

    assert (states(), mail.last_error) == ([("failed", 1), ("sent", 1)], refusal)
    assert [entry.action for entry in database.scalars(select(AuditEntry))] == ["mail.failed"]


@pytest.mark.parametrize("script", [{"QUIT": DROP}, {"QUIT": "500 what"}, {"QUIT": SILENCE}])
def test_mail_has_left_with_the_250_whatever_comes_after(database, to_server, script):
    with scripted_smtp(script) as server:
        to_server(server.port, MAIL_TIMEOUT=0.2)
        make_mail()

        delivery.deliver_due()
        clock.freeze(NOW + timedelta(hours=1))
        delivery.deliver_due()

    assert (states(), len(server.messages)) == ([("sent", 1)], 1)


def test_connection_that_drops_after_the_250_costs_no_second_copy(database, to_server):
    with scripted_smtp({"RSET": DROP, "QUIT": DROP}) as server:
        to_server(server.port)
        make_mails(3)

        delivery.deliver_due()

    assert (states(), len(server.messages), server.connections) == ([("sent", 1)] * 3, 3, 3)


def test_poison_is_a_dead_letter_and_the_queue_goes_on(database, to_server, smtp_server):
    to_server(smtp_server.port)
    sealed_wrongly, gone, bad_address, _good = make_mails(4)
    start_write(database)
    values = {"content": secrets.token_bytes(200), "id": sealed_wrongly.id}
    database.execute(text("UPDATE outbox_messages SET content = :content WHERE id = :id"), values)
    gone.content = None
    bad_address.recipient = "not an address"
    database.commit()

    delivery.deliver_due()

    assert states() == [("failed", 1), ("failed", 1), ("failed", 1), ("sent", 1)]
    database.rollback()
    reasons = database.scalars(select(OutboxMessage.last_error).order_by(OutboxMessage.id)).all()
    assert reasons == [
        "it was sealed with a key that is not here", "there are no bytes to send", "the address is not a mail address",
        None,
    ]  # fmt: skip


@pytest.mark.parametrize(("offers", "state"), [(True, ("sent", 1)), (False, ("failed", 1))])
def test_letters_beyond_ascii_before_the_at_sign_need_a_server_that_takes_them(
    database, to_server, offers, state
):
    greeting = "250-scripted\r\n250-8BITMIME\r\n250 SMTPUTF8" if offers else "250 scripted"
    with scripted_smtp({"EHLO": greeting}) as server:
        to_server(server.port)
        mail = make_mail(recipient="åse@blåbär.example")
        content = mail.content

        delivery.deliver_due()

    assert states() == [state]
    assert server.messages == ([content] if offers else [])
    assert ("rcpt TO:<åse@xn--blbr-noae.example>" in server.commands) == offers


def test_attempts_spread_over_a_day_and_end_in_a_dead_letter(database, to_server):
    to_server(free_port())
    mail = make_mail()
    moments = [NOW]

    while mail.status != MessageStatus.FAILED:
        assert delivery.deliver_due() == 1
        database.refresh(mail)
        moments.append(mail.next_attempt_at)
        database.rollback()
        clock.freeze(moments[-1])

    waits = [(after - before) / timedelta(minutes=1) for before, after in pairwise(moments[:-1])]
    assert len(waits) == len(delivery.MINUTES_BETWEEN_ATTEMPTS)
    for wait, meant in zip(waits, delivery.MINUTES_BETWEEN_ATTEMPTS, strict=True):
        assert 0.8 * meant <= wait <= 1.2 * meant
    assert (mail.attempts, mail.content is not None) == (12, True)


def test_worker_that_is_told_to_end_gives_back_what_it_has_not_begun(database, to_server, smtp_server):
    to_server(smtp_server.port)
    make_mails(3)

    tried = delivery.deliver_due(stopped=lambda: len(smtp_server.messages) == 1)

    assert (tried, states()) == (1, [("sent", 1), ("queued", 0), ("queued", 0)])


def test_slow_server_lets_the_lease_never_run_out_under_a_mail(database, to_server):
    def slow(server):
        clock.freeze(NOW + delivery.LEASE / 2 + timedelta(seconds=1))
        return "250 ok"

    with scripted_smtp({"END": slow}) as server:
        to_server(server.port)
        make_mails(2)

        assert delivery.deliver_due() == 1
    assert states() == [("sent", 1), ("queued", 0)]


def test_mail_that_kills_its_worker_each_time_is_a_dead_letter_in_the_end(database, to_server, smtp_server):
    to_server(smtp_server.port)
    mail = make_mail()
    start_write(database)
    mail.status, mail.attempts = MessageStatus.INFLIGHT, 12
    database.commit()

    delivery.deliver_due()

    assert (states(), mail.last_error) == ([("failed", 13)], "the worker died each time it tried")


def test_late_answer_of_a_worker_that_lost_its_lease_changes_nothing(database, to_server):
    """Another worker has the row since; the first one's failure must not plan it anew."""

    engine = database.get_bind()

    def steal(server):
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE outbox_messages SET lease_owner = 'another'")
        return "451 later"

    with scripted_smtp({"END": steal}) as server:
        to_server(server.port)
        mail = make_mail()

        delivery.deliver_due()

    database.refresh(mail)
    assert (mail.status, mail.lease_owner) == (MessageStatus.INFLIGHT, "another")


def test_no_transaction_is_open_while_the_server_is_asked(database, to_server):
    """A slow server must not keep a lock (R11)."""
    pool, open_transactions = database.get_bind().pool, []

    def look(server):
        open_transactions.append(pool.checkedout())
        return "250 ok"

    with scripted_smtp({"END": look, "MAIL": look}) as server:
        to_server(server.port)
        make_mails(2)
        database.rollback()

        delivery.deliver_due()

    assert open_transactions == [0, 0, 0, 0]


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1), timedelta(days=3 * 365)])
def test_clock_that_jumps_while_mail_leaves_costs_no_copy_and_loses_none(database, to_server, jump):
    """The clock is set while a mail is on its way; what was not begun goes back and leaves, once (R18)."""

    def jump_once(server):
        if len(server.messages) == 1:
            clock.freeze(NOW + jump)
        return "250 ok"

    with scripted_smtp({"END": jump_once}) as server:
        to_server(server.port)
        make_mails(3)

        delivery.deliver_due()
        delivery.deliver_due()

    assert (states(), len(server.messages)) == ([("sent", 1)] * 3, 3)


def test_clock_that_is_set_back_holds_a_mail_of_a_dead_worker_no_longer_than_by_the_jump(
    database, to_server, smtp_server
):
    to_server(smtp_server.port)
    mail = make_mail()
    start_write(database)
    mail.status, mail.attempts = MessageStatus.INFLIGHT, 1
    mail.next_attempt_at = mail.lease_until = NOW + delivery.LEASE
    database.commit()

    sent = []
    for minutes in (-60, 0, 9, 10):
        clock.freeze(NOW + timedelta(minutes=minutes))
        sent.append(delivery.deliver_due())

    assert sent == [0, 0, 0, 1]
