"""A report marks the mail as failed and the address as undeliverable, and only a genuine report does (M09, M10)."""

import pytest
from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.database import start_write
from forum.outbox import bounces, delivery, return_paths, suppression
from forum.outbox.bounces import Noted, StillLeaving
from forum.outbox.enums import SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.suppression_models import SuppressedAddress
from forum.settings.table import LONGEST_BOUNCE_NAME
from tests.factories.events import NOW
from tests.factories.mails import make_mail, make_mails, mark_all_sent, states
from tests.outbox.samples import complaint, dsn
from tests.outbox.scripted_smtp import scripted_smtp


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, MAIL_BOUNCE_ADDRESS="bounces@post.example.org")


@pytest.fixture
def mail(database, event) -> OutboxMessage:
    """Give a mail of an event that has been sent."""
    mail = make_mail(recipient="Kim.Öst@exämple.org", event_id=event.id)
    mark_all_sent()
    database.refresh(mail)
    return mail


def note(raw: bytes, **differing) -> Noted:
    start_write(bounces.db.session)
    noted = bounces.note(raw, **{"now": NOW, **differing})
    bounces.db.session.commit()
    return noted


def actions() -> list[tuple[str, dict]]:
    entries = bounces.db.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(entry.action, entry.details.payload) for entry in entries]


def test_every_mail_leaves_from_an_address_of_its_own(database, to_server, smtp_server):
    to_server(smtp_server.port)
    mails = make_mails(3)
    delivery.deliver_due()

    senders = [sender for sender, _recipients in smtp_server.envelopes]
    assert len(set(senders)) == 3
    assert [return_paths.find_id(f"<{sender.upper()}>") for sender in senders] == [mail.id for mail in mails]
    longest = "b" * LONGEST_BOUNCE_NAME + senders[0][len("bounces") :].partition("@")[0]
    assert len(longest) == 64
    # A return path reveals nothing of the mail's Message-ID; an invented or changed one leads to no mail.
    assert not {mail.message_id[1:9] for mail in mails} & {sender[8:16] for sender in senders}
    changed = senders[0][:20] + ("a" if senders[0][20] != "a" else "b") + senders[0][21:]
    assert [return_paths.find_id(text) for text in (changed, f"b+{'a' * 40}@x", "b+1@x", "")] == [None] * 4


def test_address_of_a_deleted_mail_does_not_mean_the_next_one_with_its_number(database):
    first = make_mail()
    sender, number = return_paths.sender_of(first), first.id
    start_write(database)
    database.delete(first)
    database.commit()
    second = make_mail()
    start_write(database)
    second.id = number
    database.commit()
    assert return_paths.find_id(sender) is None


@pytest.mark.parametrize("by", ["sent_to", "header", "returned", "message_id"])
def test_hard_bounce_marks_the_mail_and_the_address(app, database, mail, by):
    if by == "message_id":
        app.config["MAIL_BOUNCE_ADDRESS"] = ""
    sender = return_paths.sender_of(mail)
    raw = dsn(
        to=sender if by == "header" else "forum@example.org",
        return_path=sender if by == "returned" else "",
        message_id=mail.message_id if by == "message_id" else "",
    )

    assert note(raw, sent_to=sender if by == "sent_to" else "") == Noted.ADDRESS_GONE
    assert states() == [("failed", 0)]
    database.refresh(mail)
    assert (mail.last_error, mail.sent_at) == ("Bounced 5.1.1", NOW)
    mark = suppression.find("kim.öst@EXÄMPLE.org", mail.event_id)
    assert (mark.cause, mark.code, mark.noted_at) == (SuppressionCause.BOUNCED, "5.1.1", NOW)
    assert "kim" not in f"{mark.digest} {mark.key}"
    assert actions()[-1] == ("mail.bounced", {"code": "5.1.1"})
    # Reading the same report once more, as from an mbox file that is read daily, does not set a removed mark again.
    start_write(database)
    assert suppression.lift(mail.recipient, event_id=mail.event_id, cause=SuppressionCause.BOUNCED)
    database.commit()
    assert note(raw, sent_to=sender if by == "sent_to" else "") == Noted.KNOWN
    assert suppression.find(mail.recipient, mail.event_id) is None


def test_failure_that_is_not_about_the_address_marks_the_mail_only(database, mail):
    assert (
        note(dsn("5.7.1", diagnostic="smtp; 550 spam", return_path=return_paths.sender_of(mail)))
        == Noted.NOT_DELIVERED
    )
    assert (states(), suppression.find(mail.recipient, mail.event_id)) == ([("failed", 0)], None)


def test_delay_is_noted_and_changes_nothing(database, mail):
    raw = dsn(
        "4.4.1", action="delayed", diagnostic="smtp; 450 busy", return_path=return_paths.sender_of(mail)
    )
    assert (note(raw), note(raw)) == (Noted.DELAYED, Noted.DELAYED)
    database.refresh(mail)
    assert (states(), mail.last_error) == ([("sent", 0)], "Delayed 4.4.1")
    assert note(dsn(return_path=return_paths.sender_of(mail))) == Noted.ADDRESS_GONE


def test_complaint_suppresses_the_address_and_the_mail_stays_sent(database, mail):
    raw = complaint(return_path=return_paths.sender_of(mail))
    assert (note(raw), note(raw)) == (Noted.COMPLAINT, Noted.KNOWN)
    assert (states(), suppression.find(mail.recipient, mail.event_id).cause) == (
        [("sent", 0)],
        SuppressionCause.COMPLAINED,
    )
    assert [action for action, _details in actions()].count("mail.complained") == 1


def test_stranger_marks_nobody(database, mail):
    for raw in (
        dsn(),
        dsn(to=mail.recipient),
        dsn(to=f"bounces+{mail.id}@post.example.org", message_id="<guessed@example.org>"),
        complaint(message_id=f"<{mail.id}@localhost>"),
        # Whoever gets an answer to a mail knows its Message-ID.
        dsn(message_id=mail.message_id),
        complaint(message_id=mail.message_id),
    ):
        assert note(raw) == Noted.UNKNOWN
    assert note(b"Subject: Hello\r\n\r\n" + mail.message_id.encode()) == Noted.NO_REPORT
    assert (states(), suppression.find(mail.recipient, mail.event_id)) == ([("sent", 0)], None)


@pytest.mark.parametrize("make", [dsn, complaint])
def test_mail_of_no_event_marks_no_address(database, event, make):
    """A report about a mail to an organiser's account, which has no event, marks the address for no event (S13)."""
    mail = make_mail(recipient="kim@example.org")
    mark_all_sent()
    assert note(make(return_path=return_paths.sender_of(mail))) in {Noted.ADDRESS_GONE, Noted.COMPLAINT}
    assert database.scalars(select(SuppressedAddress)).all() == []


def test_report_about_a_mail_that_is_being_sent_comes_again(database, mail):
    start_write(database)
    mail.status = "inflight"
    database.commit()
    with pytest.raises(StillLeaving):
        note(dsn(return_path=return_paths.sender_of(mail)))
    database.rollback()
    assert states() == [("inflight", 0)]


def test_refusal_by_the_mail_server_itself_marks_the_address(database, event, to_server):
    with scripted_smtp({"RCPT": "550 5.1.1 nobody here"}) as server:
        to_server(server.port)
        make_mail(recipient="gone@example.org", event_id=event.id)
        delivery.deliver_due()
    with scripted_smtp({"RCPT": "550 5.7.1 not you"}) as server:
        to_server(server.port)
        make_mail(recipient="p@example.org", event_id=event.id)
        delivery.deliver_due()

    assert states() == [("failed", 1), ("failed", 1)]
    both = ["gone@example.org", "p@example.org"]
    assert suppression.list_suppressed(both, event.id) == {"gone@example.org"}


def test_marks_are_found_among_many_addresses_and_after_a_new_key(database, app):
    start_write(database)
    suppression.suppress("Å@example.org", SuppressionCause.COMPLAINED, event_id=7, now=NOW)
    suppression.suppress("å@example.org", SuppressionCause.BOUNCED, event_id=7, code="5.1.1", now=NOW)
    suppression.suppress("not an address", SuppressionCause.BOUNCED, event_id=7, now=NOW)
    database.commit()
    app.config["DATA_KEYS"]["audit"].insert(0, b"n" * 32)
    try:
        many = [f"p{number}@example.org" for number in range(1200)]
        assert suppression.list_suppressed([*many, "å@EXAMPLE.org"], 7) == {"å@EXAMPLE.org"}
        assert suppression.find("å@example.org", 7).cause == SuppressionCause.BOUNCED
        assert not suppression.lift("å@example.org", event_id=7, cause=SuppressionCause.COMPLAINED)
        assert suppression.lift("å@example.org", event_id=7, cause=SuppressionCause.BOUNCED)
        assert suppression.find("å@example.org", 7) is None
    finally:
        del app.config["DATA_KEYS"]["audit"][0]
