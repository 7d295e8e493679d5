"""Which mails are sent, in which order, and what happens to a mail that cannot be sent (R06, R07, R10, M03)."""

import secrets
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select, text

from forum import clock
from forum.database import start_write
from forum.outbox import delivery, outcomes, transport
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import OutboxMessage
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import scripted_smtp

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
    mail = make_mail()
    start_write(database)
    mail.status, mail.next_attempt_at = MessageStatus.AWAITING_RETRY, NOW + timedelta(seconds=1)
    database.commit()

    assert (delivery.deliver_due(), states(), smtp_server.messages) == (0, [(WAITS, 0)], [])


def test_new_mail_leaves_whatever_clock_wrote_it(database, to_server, smtp_server):
    """The clocks of two machines differ a little; a new mail must not wait until the slower clock catches up."""
    to_server(smtp_server.port)
    make_mail(now=NOW + timedelta(minutes=5))

    assert (delivery.deliver_due(), states()) == (1, [("sent", 1)])


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


def test_confirmation_never_waits_behind_hundreds_of_others_and_they_do_not_wait_for_ever(
    database, to_server, smtp_server
):
    """Mails are sent by lane (urgency), but every tenth is the oldest; one connection sends a hundred."""
    to_server(smtp_server.port)
    make_mails(90, recipient="bulk@example.org", lane=Lane.BULK, now=NOW - timedelta(hours=1))
    make_mails(5, recipient="soon@example.org", lane=Lane.SOON, now=NOW - timedelta(minutes=5))
    make_mails(12, recipient="now@example.org", lane=Lane.NOW)

    assert delivery.deliver_due() == delivery.MAILS_A_CONNECTION

    order = [recipient.partition("@")[0] for _sender, (recipient,) in smtp_server.envelopes]
    assert order[:20] == ["now"] * 9 + ["bulk"] + ["now"] * 3 + ["soon"] * 5 + ["bulk"] * 2
    assert set(order[20:]) == {"bulk"}


def test_confirmation_that_comes_while_others_leave_is_the_next(app, database, to_server):
    def ask(server):
        if len(server.messages) == 1:
            with app.app_context():
                make_mail(recipient="now@example.org", lane=Lane.NOW)
        return "250 ok"

    with scripted_smtp({"END": ask}) as server:
        to_server(server.port)
        make_mails(3, lane=Lane.BULK)

        delivery.deliver_due()

    recipients = [command[9:].partition("@")[0] for command in server.commands if command[:4] == "rcpt"]
    assert (recipients, server.connections) == (["p1", "now", "p2", "p3"], 1)


def test_poison_is_a_dead_letter_and_the_queue_goes_on(database, to_server, smtp_server):
    to_server(smtp_server.port)
    sealed_wrongly, cut, gone, bad_address, _good = make_mails(5)
    start_write(database)
    for mail, content in ((sealed_wrongly, secrets.token_bytes(200)), (cut, b"abc")):
        values = {"content": content, "id": mail.id}
        database.execute(text("UPDATE outbox_messages SET content = :content WHERE id = :id"), values)
    gone.content = None
    bad_address.recipient, bad_address.content = "not an address", bad_address.content
    database.commit()

    delivery.deliver_due()

    assert states() == [*[("failed", 1)] * 4, ("sent", 1)]
    database.rollback()
    reasons = database.scalars(select(OutboxMessage.last_error).order_by(OutboxMessage.id)).all()
    assert reasons == [
        "it was sealed for another message, or with a key that is not here", "it cannot be read (ValueError)",
        "there are no bytes to send",
        "the address is not a mail address", None,
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
    # Python 3.13 and 3.11 differ in the capital letters with which they send an SMTP command.
    commands = [command.lower() for command in server.commands]
    assert ("rcpt to:<åse@xn--blbr-noae.example>" in commands) == offers


def test_attempts_spread_over_a_day_and_end_in_a_dead_letter(database, to_server):
    moments = [NOW]
    with scripted_smtp({"RCPT": "450 busy"}) as server:
        to_server(server.port)
        mail = make_mail()
        while mail.status != MessageStatus.FAILED:
            assert delivery.deliver_due() == 1
            database.refresh(mail)
            moments.append(mail.next_attempt_at)
            database.rollback()
            clock.freeze(moments[-1])

    waits = [(after - before) / timedelta(minutes=1) for before, after in pairwise(moments[:-1])]
    assert len(waits) == len(outcomes.MINUTES_BETWEEN_ATTEMPTS)
    for wait, meant in zip(waits, outcomes.MINUTES_BETWEEN_ATTEMPTS, strict=True):
        assert 0.8 * meant <= wait <= 1.2 * meant
    assert (mail.attempts, mail.content is not None) == (12, True)


def test_worker_that_is_told_to_end_leaves_what_it_has_not_begun(database, to_server, smtp_server):
    to_server(smtp_server.port)
    make_mails(3)

    tried = delivery.deliver_due(stopped=lambda: len(smtp_server.messages) == 1)

    assert (tried, states()) == (1, [("sent", 1), ("queued", 0), ("queued", 0)])


def test_mail_that_kills_its_worker_each_time_is_a_dead_letter_in_the_end(database, to_server, smtp_server):
    to_server(smtp_server.port)
    mail = make_mail()
    start_write(database)
    mail.status, mail.attempts = MessageStatus.INFLIGHT, 12
    database.commit()

    delivery.deliver_due()

    assert (states(), mail.last_error) == ([("failed", 13)], "the worker died each time it tried")


def test_late_answer_of_a_worker_that_lost_its_lease_changes_nothing(database, to_server):
    """A worker's failed attempt does not change the mail if another worker has claimed the mail since."""

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
    """A slow mail server must not keep a database lock (R11)."""
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
    """When the clock is set during the sending of a mail, every mail is still sent exactly once (R18)."""

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
    mail.next_attempt_at = mail.lease_until = NOW + transport.longest_delivery()
    database.commit()

    sent = []
    for minutes in (-60, 0, 17, 18):
        clock.freeze(NOW + timedelta(minutes=minutes))
        sent.append(delivery.deliver_due())

    assert sent == [0, 0, 0, 1]
