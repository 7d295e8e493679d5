"""Noting what mail servers report about mails that have left: undeliverable, delayed, unwanted (M09)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import defer

from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox import reports, return_paths, suppression
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.outbox.models import OutboxMessage
from forum.outbox.reports import Outcome, Report

# What `last_error` of a mail that has left begins with: the recipient has marked the mail as unwanted, a mail server
# could not deliver it, or it is late. The last two are followed by a status code. No words of a report are stored.
COMPLAINT, BOUNCED, DELAYED = "Complaint", "Bounced", "Delayed"


class Noted(StrEnum):
    """What came of reading a mail that may be a mail server's report about one of the forum's mails."""

    ADDRESS_GONE = "an address is undeliverable"
    NOT_DELIVERED = "a message has not arrived"
    DELAYED = "a message is late"
    COMPLAINT = "a recipient has complained"
    KNOWN = "known already"
    UNKNOWN = "about no message of this forum"
    NO_REPORT = "not a report"


class StillLeaving(Exception):
    """The report is about a mail whose sending is not recorded yet; the report can be read again in a moment."""


def note(raw: bytes, *, sent_to: str = "", now: datetime) -> Noted:
    """Read a mail and note the report in it as `note_report` does. Raises StillLeaving."""
    return note_report(reports.read(raw), sent_to=sent_to, now=now)


def note_report(report: Report | None, *, sent_to: str = "", now: datetime) -> Noted:
    """Note a report, in the caller's transaction; noting a report twice changes nothing. Raises StillLeaving.

    `sent_to` is the address to which the report came, where the mail server tells it.
    """
    if report is None:
        return Noted.NO_REPORT
    message = _find(report, sent_to)
    if message is None:
        return Noted.UNKNOWN
    if message.status == MessageStatus.INFLIGHT:
        raise StillLeaving
    if message.status != MessageStatus.SENT or message.last_error == COMPLAINT:
        return Noted.KNOWN
    return _note(message, report, now)


def _find(report: Report, sent_to: str) -> OutboxMessage | None:
    """Return the mail that the report is about, locked, without its content.

    A Message-ID is known to whoever gets an answer to the mail, so it counts only where mails have no address of their
    own on the envelope.
    """
    number = return_paths.find_id(f"{sent_to} {report.addressed}")
    if number is not None:
        meant = OutboxMessage.id == number
    elif report.message_ids and not return_paths.can_come_back():
        meant = OutboxMessage.message_id.in_(report.message_ids)
    else:
        return None
    query = select(OutboxMessage).where(meant).order_by(OutboxMessage.id).limit(1)
    return db.session.scalars(query.options(defer(OutboxMessage.content)).with_for_update()).one_or_none()


def _note(message: OutboxMessage, report: Report, now: datetime) -> Noted:
    """Note what a report says about a mail that has been sent."""
    if report.outcome == Outcome.DELAYED:
        message.last_error = f"{DELAYED} {report.code}".strip()
        return Noted.DELAYED
    if report.outcome == Outcome.COMPLAINT:
        message.last_error = COMPLAINT
        suppression.suppress(
            message.recipient, SuppressionCause.COMPLAINED, event_id=message.event_id, now=now
        )
        audit.record("mail.complained", message, actor="command", at=now)
        return Noted.COMPLAINT
    message.status = MessageStatus.FAILED
    message.last_error = f"{BOUNCED} {report.code}".strip()
    if report.outcome == Outcome.ADDRESS_GONE:
        bounced, event_id = SuppressionCause.BOUNCED, message.event_id
        suppression.suppress(message.recipient, bounced, event_id=event_id, code=report.code, now=now)
    audit.record("mail.bounced", message, actor="command", at=now, code=report.code)
    return Noted[report.outcome.name]
