"""Queueing a mail, retrying a failed mail, cancelling a mail (R05, R10, S18)."""

from datetime import timedelta
from email import message_from_bytes, policy
from functools import partial

import pytest
from sqlalchemy import select, text

from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.outbox import actions, relay
from forum.outbox.enums import AbortReason, Lane, MessageStatus
from forum.outbox.errors import ContentGone, NotStopped
from tests.factories.events import NOW
from tests.factories.mails import make_mail

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, MAIL_DEFAULT_SENDER="Nordic Forum <forum@forum.example>")


def read(message):
    return message_from_bytes(message.content, policy=policy.default)


def history(session) -> list[tuple[str, str]]:
    session.rollback()
    return [
        (entry.action, entry.actor) for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    ]


def test_queue_renders_once_in_the_language_of_the_recipient(database):
    mail = make_mail(recipient="p@example.org", reply_to="contact@forum.example")

    message = read(mail)
    assert (mail.status, mail.attempts, mail.next_attempt_at, mail.subject) == (
        "queued",
        0,
        NOW,
        "Test message",
    )
    assert (message["To"], message["From"], message["Reply-To"]) == (
        "p@example.org", "Nordic Forum <forum@forum.example>", "contact@forum.example",
    )  # fmt: skip
    assert message["Message-ID"] == mail.message_id
    assert mail.message_id.endswith("@forum.example>")
    assert message["Content-Language"] == "en"
    assert message.get_body(("plain",)).get_content().startswith("This is a test message.")


def test_queue_makes_the_message_id_of_the_site_when_the_sender_has_no_domain(make_app, database_url):
    app = make_app(database_url, MAIL_DEFAULT_SENDER="forum@localhost", BASE_URL="https://forum.example")
    with app.app_context():
        assert make_mail().message_id.endswith("@forum.example>")


def test_queue_moves_styles_onto_the_elements_and_asks_for_nothing_from_elsewhere(database, app):
    app.jinja_env.get_template("mail/test/body.html")
    html = read(make_mail()).get_body(("html",)).get_content()

    assert '<html lang="en">' in html
    assert "http" not in html


def test_queue_keeps_the_words_sealed(database):
    mail = make_mail(recipient="p@example.org")

    stored = database.scalar(text("SELECT content FROM outbox_messages"))
    assert b"Test message" in mail.content
    assert b"Test message" not in bytes(stored)


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({"kind": "no-such-kind"}, "TemplateNotFound: mail/no-such-kind/subject.txt"),
        ({"recipient": "nobody"}, "UnsafeMessage: the address is not a mail address"),
        (
            {"recipient": "p@example.org\r\nBcc: q@example.org"},
            "UnsafeMessage: the address holds a control character",
        ),
        ({"recipient_name": "A =?utf-8?q?=0ABcc:_q?="}, "UnsafeMessage: the name holds control characters"),
        ({"reply_to": "@"}, "UnsafeMessage: the address is not a mail address"),
        ({"language": "xx"}, "UnknownLocaleError"),
    ],
)
def test_mail_that_cannot_be_made_is_a_dead_letter_and_what_caused_it_stands(database, differing, reason):
    mail = make_mail(**differing)

    assert (mail.status, mail.content) == (MessageStatus.FAILED, None)
    assert mail.last_error.startswith(reason)
    assert history(database) == [("mail.failed", "worker")]


def test_reason_of_a_dead_letter_never_holds_a_value(database, app):
    app.jinja_env.globals["broken"] = lambda token: {}[token]
    with app.app_context():
        template = app.jinja_env.from_string("{{ broken(link) }}")
    original = app.jinja_env.get_template
    app.jinja_env.get_template = lambda name: template if name == "mail/test/body.txt" else original(name)

    mail = make_mail(context={"link": "https://forum.example/sv/r/secret-token"})

    assert (mail.status, mail.last_error) == (MessageStatus.FAILED, "KeyError")


def test_retry_queues_a_failed_mail_with_all_its_attempts(database):
    mail = make_mail()
    _change(database, mail, status=MessageStatus.FAILED, attempts=12, last_error="550 no")

    start_write(database)
    actions.retry(mail, now=LATER, actor="user:7")
    database.commit()

    assert (mail.status, mail.attempts, mail.next_attempt_at, mail.last_error) == ("queued", 0, LATER, None)
    assert history(database) == [("mail.retried", "user:7")]


def test_retry_of_a_mail_whose_words_are_gone_is_refused(database):
    mail = make_mail(kind="no-such-kind")

    start_write(database)
    with pytest.raises(ContentGone):
        actions.retry(mail, now=LATER, actor="user:7")


@pytest.mark.parametrize("status", sorted(set(MessageStatus) - {MessageStatus.FAILED}))
def test_retry_of_a_mail_that_has_not_failed_is_refused(database, status):
    mail = make_mail()
    _change(database, mail, status=status)

    start_write(database)
    with pytest.raises(NotStopped):
        actions.retry(mail, now=LATER, actor="user:7")


def test_mail_that_waits_goes_first_and_the_server_is_tried_at_once(database):
    mail = make_mail(lane=Lane.BULK)
    _change(database, mail, status=MessageStatus.AWAITING_RETRY, attempts=3, next_attempt_at=LATER)
    start_write(database)
    relay.pause("away", now=NOW)
    actions.send_now(mail, now=NOW, actor="user:7")
    database.commit()

    assert (mail.status, mail.attempts, mail.lane, mail.next_attempt_at) == ("queued", 3, Lane.NOW, NOW)
    assert (relay.is_paused(NOW), history(database)) == (False, [("mail.hastened", "user:7")])


def test_dead_letter_is_put_aside_with_a_reason_and_its_words_are_forgotten(database):
    mail = make_mail()
    _change(database, mail, status=MessageStatus.FAILED)

    start_write(database)
    actions.dismiss(mail, reason=AbortReason.ADDRESS_WRONG, now=LATER, actor="user:7")
    database.commit()

    assert (mail.status, mail.abort_reason, mail.content) == (MessageStatus.ABORTED, "address_wrong", None)
    assert history(database) == [("mail.dismissed", "user:7")]


@pytest.mark.parametrize(
    ("act", "fits"),
    [
        (actions.send_now, {"queued", "awaiting_retry"}),
        (partial(actions.dismiss, reason=AbortReason.NOT_NEEDED), {"failed"}),
    ],
)
def test_an_act_that_does_not_fit_the_state_of_a_mail_is_refused(database, act, fits):
    mail = make_mail()
    for status in set(MessageStatus) - fits:
        _change(database, mail, status=status)
        start_write(database)
        with pytest.raises(NotStopped):
            act(mail, now=LATER, actor="user:7")


@pytest.mark.parametrize(
    ("recipient", "answers"), [("p@example.org", None), ("åsa@example.org", "svarå@example.org")]
)
def test_answers_go_to_an_address_beyond_ascii_only_in_mails_that_need_it_anyway(
    database, recipient, answers
):
    """The server of an ASCII recipient may not offer SMTPUTF8, and would refuse a mail with such a Reply-To (M05)."""
    mail = make_mail(recipient=recipient, reply_to="svarå@example.org")
    assert mail.status == "queued"
    assert message_from_bytes(mail.content, policy=policy.SMTPUTF8)["Reply-To"] == answers


def _change(session, mail, **values) -> None:
    start_write(session)
    for name, value in values.items():
        setattr(mail, name, value)
    session.commit()
