"""Slow, unreachable and refusing mail servers: the worker tries again or pauses, and sends no copy (R07–R09, F3)."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.outbox import delivery, relay, transport
from forum.outbox.outstanding import Outstanding
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, states
from tests.outbox.scripted_smtp import DRIP, DROP, SILENCE, USUAL, scripted_smtp
from tools.servers import free_port

WAITS = "awaiting_retry"
SPENT = "421 4.7.0 too many messages on this connection"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"RCPT": "450 4.2.1 busy"}, "450 4.2.1 busy"),
        ({"END": "451 4.3.0 later"}, "451 4.3.0 later"),
        ({"DATA": "452 4.3.1 full"}, "452 4.3.1 full"),
        ({"RCPT": "421 4.3.2 going down"}, "421 4.3.2 going down"),
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
def test_server_that_takes_too_long_is_given_up_and_the_mail_waits(
    database, to_server, monkeypatch, step, how
):
    """Each answer must be complete within MAIL_TIMEOUT seconds, even if the server sends it byte by byte (R08)."""
    monkeypatch.setattr(transport, "DOT_SECONDS", 0.2)
    is_begun = step not in {"GREETING", "EHLO"}
    with scripted_smtp({step: how}) as server:
        to_server(server.port, MAIL_TIMEOUT=0.2)
        make_mails(2)

        assert delivery.deliver_due() == is_begun

    assert states() == [(WAITS, 1) if is_begun else ("queued", 0), ("queued", 0)]


def test_slow_answer_to_the_final_dot_is_waited_for_and_costs_no_second_copy(database, to_server):
    """After the final dot the server has the mail: giving up then would send another copy (RFC 5321, 4.5.3.2.6)."""
    with scripted_smtp({"END": lambda server: threading.Event().wait(0.5) or "250 ok"}) as server:
        to_server(server.port, MAIL_TIMEOUT=0.2)
        make_mail()

        delivery.deliver_due()

    assert (states(), len(server.messages)) == ([("sent", 1)], 1)


@pytest.mark.parametrize("script", [{"END": "451 later"}, {"RCPT": "450 busy"}, {}])
def test_lease_is_longer_than_every_wait_of_a_mail_together(database, to_server, monkeypatch, script):
    """Even if every command and the final dot use up their time limits, no other worker claims the mail meanwhile."""
    waits = []

    def get_reply(host):
        limits = list(host._limits)
        host._limits = iter(limits)
        waits.append(limits[0] if limits else host.timeout)
        return original_reply(host)

    def send(host, data):
        waits.append(host.timeout)
        return original_send(host, data)

    original_reply, original_send = transport._Punctual.getreply, transport._Punctual.send
    monkeypatch.setattr(transport._Punctual, "getreply", get_reply)
    monkeypatch.setattr(transport._Punctual, "send", send)
    with scripted_smtp(script) as server:
        to_server(server.port)
        make_mail()
        with transport.open_transport() as opened:
            opened.connect()
            waits.clear()
            delivery._deliver_one(opened, delivery._claim(NOW, delivery.BY_LANE), Outstanding())
            longest = transport.longest_delivery()

    # A client has to wait for the answer to the dot that ends a mail for ten minutes at least (RFC 5321, 4.5.3.2.6).
    assert transport.DOT_SECONDS >= 600
    assert (len(waits) >= 4, transport.DOT_SECONDS in waits) == (True, "RCPT" not in script)
    assert timedelta(seconds=sum(waits)) < longest


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "ConnectionRefusedError: [Errno 111] Connection refused"),
        ({"GREETING": "554 no service"}, "554 no service"),
        ({"GREETING": DROP}, "SMTPServerDisconnected: Connection unexpectedly closed"),
        (
            {"EHLO": "250-scripted\r\n250 AUTH PLAIN", "AUTH": "535 5.7.8 who are you"},
            "535 5.7.8 who are you",
        ),
    ],
)
def test_server_that_is_away_or_refuses_the_sign_in_pauses_all_mail_and_costs_none_an_attempt(
    database, to_server, script, reason
):
    """A hundred due mails lead to one attempt to connect and then a pause, longer each time."""
    knocks, pauses = [], []
    with scripted_smtp(script or {}) as server:
        port = server.port if script else free_port()
        to_server(port, MAIL_USERNAME="forum", MAIL_PASSWORD="wrong" if "AUTH" in (script or {}) else None)
        make_mails(100)
        for _ in range(9):
            knocks.append([delivery.deliver_due() for _again in range(3)])
            trouble = relay.find_trouble()
            pauses.append(trouble.paused_until - clock.now())
            found = (trouble.failures, trouble.failing_since, trouble.last_error)
            clock.freeze(trouble.paused_until)

    assert (found, states()) == ((9, NOW, reason), [("queued", 0)] * 100)
    assert knocks == [[0, 0, 0]] * 9
    assert pauses == [*relay.PAUSES, relay.PAUSES[-1], relay.PAUSES[-1]]
    assert server.connections == (9 if script else 0)


def test_mail_leaves_when_the_server_is_back_and_the_trouble_is_forgotten(database, to_server, smtp_server):
    to_server(free_port())
    make_mails(3)
    delivery.deliver_due()
    to_server(smtp_server.port)

    assert delivery.deliver_due() == 0
    clock.freeze(NOW + relay.PAUSES[0])
    assert (delivery.deliver_due(), relay.find_trouble()) == (3, None)
    assert states() == [("sent", 1)] * 3


@pytest.mark.parametrize("answer", ["550 5.7.1 who are you", "451 4.7.1 later"])
def test_refused_sender_pauses_all_mail_and_costs_none_an_attempt(database, to_server, answer):
    """A refused sender address pauses all mail without counting an attempt: an operator has to correct the address."""
    with scripted_smtp({"MAIL": answer}) as server:
        to_server(server.port)
        make_mails(100)
        for _ in range(15):
            assert [delivery.deliver_due() for _again in range(2)] == [1, 0]
            clock.freeze(relay.find_trouble().paused_until)
    assert (states(), relay.find_trouble().last_error) == ([("queued", 0)] * 100, answer)

    with scripted_smtp() as server:
        to_server(server.port)
        assert (delivery.deliver_due(), relay.find_trouble()) == (100, None)
    assert states() == [("sent", 1)] * 100


def test_refused_sender_gives_back_no_earlier_attempt(database, to_server):
    """A mail with an earlier failed attempt keeps that attempt, and is due when the pause ends."""
    with scripted_smtp({"RCPT": "450 busy"}) as server:
        to_server(server.port)
        mail = make_mail()
        delivery.deliver_due()
    clock.freeze(mail.next_attempt_at)
    with scripted_smtp({"MAIL": "550 who are you"}) as server:
        to_server(server.port)
        delivery.deliver_due()

    assert (states(), mail.next_attempt_at, mail.lease_owner) == ([(WAITS, 1)], clock.now(), None)


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 <p@example.com>: Relay access denied",
        "550 relay not permitted",
        "550 5.7.1 <p@example.com>... Relaying denied",
        "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
        "553 5.7.1 <forum@example.org>: Sender address rejected: not owned by user forum",
        "550 5.1.8 <forum@example.org>: domain not found",
        "554 5.7.1 <unknown[203.0.113.7]>: Client host rejected: Access denied",
        "550 5.7.1 Authentication required",
        "530 5.7.0 Must issue a STARTTLS command first",
    ],
)
def test_forum_refused_at_the_recipient_pauses_all_mail(database, to_server, answer):
    """A server with which the forum may not send answers so at RCPT: a weekend of it makes no dead letter of each mail.

    The mail that met it loses an attempt, because a server could say the same about one recipient only.
    """
    with scripted_smtp({"RCPT": answer}) as server:
        to_server(server.port)
        mails = make_mails(40)
        for _ in range(15):
            assert [delivery.deliver_due() for _again in range(2)] == [1, 0]
            clock.freeze(relay.find_trouble().paused_until)
    assert {state for state, _attempts in states()} == {"queued", WAITS}

    with scripted_smtp() as server:
        to_server(server.port)
        clock.freeze(max(clock.now(), *(mail.next_attempt_at for mail in mails)))
        assert (delivery.deliver_due(), relay.find_trouble()) == (40, None)
    assert {state for state, _attempts in states()} == {"sent"}


def test_sender_refused_for_letters_of_the_recipient_costs_that_mail_an_attempt(database, to_server):
    """A refusal of SMTPUTF8, an option of this mail only, pauses no mail: such a pause would stop all for ever."""
    script = {"EHLO": "250-scripted\r\n250 SMTPUTF8", "MAIL": "555 5.5.4 not this one"}
    with scripted_smtp(script) as server:
        to_server(server.port, MAIL_SMTPUTF8=True)
        make_mail(recipient="åsa@example.org")
        delivery.deliver_due()

    assert states() == [(WAITS, 1)]


def test_trouble_in_the_middle_of_a_mail_costs_that_one_an_attempt_and_pauses_the_others(database, to_server):
    """A lost connection may be the mail's own fault, so a mail that loses it each time must fail for good."""
    with scripted_smtp({"DATA": lambda server: DROP if server.connections == 1 else "354 go"}) as server:
        to_server(server.port)
        make_mails(3)

        assert delivery.deliver_due() == 1
        clock.freeze(NOW + relay.PAUSES[0])
        assert delivery.deliver_due() == 2

    assert (states(), relay.find_trouble()) == ([(WAITS, 1), ("sent", 1), ("sent", 1)], None)


def spent_after(number, step):
    """Return a script's answers to a step: 421 for all mails of a connection but the first `number` ones."""

    def answer(server):
        lines = [line.split()[0].upper() for line in server.commands]
        since = len(lines) - lines[::-1].index("EHLO")
        return SPENT if lines[since:].count("MAIL") > number else USUAL.get(step, "250 ok")

    return answer


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "END"])
def test_server_that_takes_so_many_mails_a_connection_gets_the_others_over_new_ones(
    database, to_server, step
):
    """The mail that is one too many loses no attempt and is in no copy, and no pause stops the mails after it."""
    with scripted_smtp({step: spent_after(2, step)}) as server:
        to_server(server.port)
        mails = make_mails(5)

        assert delivery.deliver_due() == 7
        assert (relay.find_trouble(), states()) == (None, [("sent", 1)] * 5)

    refused = 2 if step == "END" else 0
    assert (server.connections, len(server.messages)) == (3, 5 + refused)
    assert {mail.last_error for mail in mails} == {None}


def test_mail_keeps_its_earlier_attempts_when_its_connection_takes_no_more(database, to_server):
    with scripted_smtp({"RCPT": "450 busy"}) as server:
        to_server(server.port)
        make_mail()
        delivery.deliver_due()
    clock.freeze(NOW + timedelta(minutes=5))
    with scripted_smtp({"MAIL": spent_after(1, "MAIL")}) as server:
        to_server(server.port)
        make_mail()
        delivery.deliver_due()

    assert (states(), relay.find_trouble()) == ([("sent", 2), ("sent", 1)], None)


def test_server_that_ends_the_connection_behind_its_answer_gets_the_next_mail_over_a_new_one(
    database, to_server
):
    with scripted_smtp({"END": f"250 ok\r\n{SPENT}"}) as server:
        to_server(server.port)
        make_mails(3)

        assert delivery.deliver_due() == 3

    assert (states(), len(server.messages), relay.find_trouble()) == ([("sent", 1)] * 3, 3, None)


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
def test_server_that_takes_no_mail_over_a_new_connection_pauses_all_mail(database, to_server, step):
    """After one new connection the forum gives up: a server that is going down answers each mail in this way."""
    usual = "250 ok"
    with scripted_smtp({step: lambda server: SPENT if len(server.messages) > 1 else usual}) as server:
        to_server(server.port)
        make_mails(4)

        assert delivery.deliver_due() == 4
        assert relay.find_trouble().last_error == SPENT

    lost = [("queued", 0)] if step == "MAIL" else [(WAITS, 1)]
    assert sorted(states()) == sorted([("sent", 1), ("sent", 1), *lost, ("queued", 0)])
    assert (server.connections, len(server.messages)) == (2, 2)


def test_workers_that_meet_one_trouble_together_make_one_pause(database):
    start_write(database)
    for _ in range(4):
        relay.pause("away", now=NOW)
    trouble = relay.find_trouble()
    assert (trouble.failures, trouble.paused_until) == (1, NOW + relay.PAUSES[0])
    relay.pause("still away", now=NOW + relay.PAUSES[0])
    assert (trouble.failures, trouble.last_error) == (2, "still away")


def test_pause_that_a_clock_set_far_ahead_is_none(database, to_server, smtp_server):
    to_server(smtp_server.port)
    make_mail()
    start_write(database)
    relay.pause("away", now=NOW + timedelta(days=300))
    database.commit()

    assert delivery.deliver_due() == 1


def test_name_of_the_server_is_unknown(database, to_server, app):
    to_server(25)
    app.extensions["mail"].server = "no-such-host.invalid"
    make_mail()

    delivery.deliver_due()

    assert (states(), relay.find_trouble().last_error.split(":")[0]) == ([("queued", 0)], "gaierror")


@pytest.mark.parametrize(
    "script",
    [
        {"RCPT": "550 5.1.1 nobody here"},
        {"RCPT": "550 5.7.1 this person takes no mail from you"},
        {
            "RCPT": "550 5.1.1 Recipient address rejected: undeliverable: host mx.example.com said: "
            "554 5.7.1 Relay access denied"
        },
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


def test_addresses_in_an_answer_are_stored_nowhere(database, event, to_server):
    """The state of the mail server is shown to organisers of every event, whoever the mail was for (S13)."""
    answer = "421 4.7.0 <secret@private.example>: too many for secret@private.example today"
    with scripted_smtp({"RCPT": answer}) as server:
        to_server(server.port)
        mail = make_mail(event_id=event.id)
        delivery.deliver_due()
    database.refresh(mail)
    told = "421 4.7.0 …: too many for … today"
    assert (mail.last_error or told, relay.find_trouble().last_error) == (told, told)
