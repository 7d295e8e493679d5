"""Storing what became of a mail: sent, to be tried again, failed for good, or not answered yet by the mail server."""

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import load_only

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.extensions import db
from forum.outbox import relay, reports, suppression
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.outbox.errors import (
    ConnectionSpent,
    DeliveryFailure,
    PermanentFailure,
    SenderRefused,
    ServerUnreachable,
    TemporaryFailure,
)
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import longest_wait

MINUTES_BETWEEN_ATTEMPTS = (1, 2, 5, 10, 20, 40, 80, 160, 300, 360, 360)  # retries end after 22 hours
JITTER = 0.2
NOTED = (OutboxMessage.event_id, OutboxMessage.status, OutboxMessage.attempts, OutboxMessage.lease_owner)
chance = random.SystemRandom()
log = logging.getLogger("forum.outbox")


@dataclass(frozen=True)
class Claim:
    """A mail that this worker may send until its lease ends; `owner` is random and tells claims apart."""

    id: int
    owner: str


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return the time of the next attempt, with a random jitter; None after the last attempt (R07)."""
    if attempts > len(MINUTES_BETWEEN_ATTEMPTS):
        return None
    minutes = MINUTES_BETWEEN_ATTEMPTS[max(attempts, 1) - 1]
    return now + timedelta(minutes=minutes * chance.uniform(1 - JITTER, 1 + JITTER))


def note_sent(claim: Claim) -> None:
    """Mark the mail as sent and delete its content, which holds personal links (S18)."""
    start_write(db.session)
    message = _locked(claim)
    if message is not None:
        message.status = MessageStatus.SENT
        message.sent_at = clock.now()
        message.content = None
        message.last_error = message.abort_reason = None
        _end_lease(message)
    relay.note_answer()
    db.session.commit()
    log.info("mail %s sent", claim.id)


def note_unanswered(claim: Claim, since: datetime) -> None:
    """Store since when the server has had the mail without an answer, and claim the mail for that wait.

    An operator reads the time; and no worker may send the mail again before this one has given the answer up.
    """
    start_write(db.session)
    message = _locked(claim)
    if message is not None and message.lease_owner == claim.owner:
        message.unanswered_since = since
        message.next_attempt_at = message.lease_until = clock.now() + longest_wait()
    db.session.commit()
    log.warning("mail %s is with the mail server, which does not answer", claim.id)


def note_failure(claim: Claim, failure: DeliveryFailure, *, is_trial: bool = False) -> None:
    """Plan the next attempt or make the mail a dead letter, if this claim still holds its lease.

    A mail that the server would not take over a connection that has carried others is due again at once, and loses no
    attempt: many servers take only so many mails over one connection. With `is_trial`, for a single test mail, the
    state of the mail server is not changed.
    """
    now, is_spent = clock.now(), isinstance(failure, ConnectionSpent)
    start_write(db.session)
    message = _locked(claim)
    if not is_trial:
        _note_for_all(failure, now)
    if message is not None and message.lease_owner == claim.owner:
        message.last_error = None if is_spent else str(failure)[:500]
        _end_lease(message)
        if is_spent or (isinstance(failure, SenderRefused) and not is_trial):
            _give_back(message, now)
        elif isinstance(failure, TemporaryFailure) and (again := next_attempt(message.attempts, now)):
            message.status, message.next_attempt_at = MessageStatus.AWAITING_RETRY, again
        else:
            message.status = MessageStatus.FAILED
            _suppress_if_gone(message, failure, now)
            audit.record("mail.failed", message, actor="worker", at=now, attempts=message.attempts)
    db.session.commit()
    level = logging.INFO if is_spent else logging.WARNING
    log.log(level, "mail %s not sent: %s", claim.id, type(failure).__name__)


def _suppress_if_gone(message: OutboxMessage, failure: DeliveryFailure, now: datetime) -> None:
    """Mark the recipient's address when the mail server has refused it for good, as a bounce does later (M09)."""
    code = reports.code_in(str(failure))
    if isinstance(failure, PermanentFailure) and reports.is_about_address(code):
        bounced, event_id = SuppressionCause.BOUNCED, message.event_id
        suppression.suppress(message.recipient, bounced, event_id=event_id, code=code, now=now)


def _note_for_all(failure: DeliveryFailure, now: datetime) -> None:
    if isinstance(failure, ServerUnreachable):
        relay.pause(str(failure), now=now)
    else:
        relay.note_answer()


def _give_back(message: OutboxMessage, now: datetime) -> None:
    """Undo the claim, because the mail itself was not at fault; it is due again when the pause ends."""
    message.attempts -= 1
    message.status = MessageStatus.AWAITING_RETRY if message.attempts else MessageStatus.QUEUED
    message.next_attempt_at = now


def _locked(claim: Claim) -> OutboxMessage | None:
    """Lock the claimed row and load only the columns that storing the result needs: other columns may be unreadable."""
    query = select(OutboxMessage).where(OutboxMessage.id == claim.id).options(load_only(*NOTED))
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _end_lease(message: OutboxMessage) -> None:
    message.lease_until = message.lease_owner = message.unanswered_since = None
