"""Sending due mails: claim a mail with a lease, send it outside any transaction, store the result (R06–R11).

Mails are claimed one at a time: the next one is always the most urgent, and a mail that cannot be read or crashes the
worker affects no other. A claimed mail is `inflight` until its lease ends, and then due again, so the mail of a worker
that died is sent by the next one. A mail always has the same bytes: if it was sent before the worker died, it arrives
twice at most, with the same Message-ID.
"""

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import load_only

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.extensions import db
from forum.outbox import pacing, queries, relay, reports, return_paths, signing, suppression
from forum.outbox.addresses import mailbox
from forum.outbox.enums import MessageStatus, SuppressionCause
from forum.outbox.errors import (
    ConnectionSpent,
    DeliveryFailure,
    PermanentFailure,
    SenderRefused,
    ServerUnreachable,
    TemporaryFailure,
    UnsafeMessage,
)
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import Envelope, Transport, longest_delivery, open_transport

MAILS_A_CONNECTION = 100
# How long a connection stays open while the pace of mails (`outbox.pacing`) lets none leave: RESTS times REST_SECONDS.
RESTS, REST_SECONDS = 25, 0.2
EVERY_SO_MANY = 10  # every tenth mail is the one that has waited longest, whatever its priority (lane)
BY_LANE = (OutboxMessage.lane, OutboxMessage.next_attempt_at, OutboxMessage.id)
BY_AGE = (OutboxMessage.next_attempt_at, OutboxMessage.id)
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


def deliver_due(
    *, stopped: Callable[[], bool] = lambda: False, rest: Callable[[float], object] | None = None
) -> int:
    """Send due mails over one connection; return how many were attempted. Commits after each mail.

    Ends early when `stopped`, which is called between mails, returns True. With `rest`, which waits for some seconds,
    the connection stays open while the pace holds up the next mails (`outbox.pacing`).
    """
    tried, rests = 0, 0
    with open_transport() as transport:
        while tried < MAILS_A_CONNECTION and not stopped():
            claim = None
            if _may_send():
                if not _is_connected(transport):
                    break
                is_fair_turn = tried % EVERY_SO_MANY == EVERY_SO_MANY - 1
                claim = _claim(clock.now(), BY_AGE if is_fair_turn else BY_LANE)
            if claim:
                tried, rests = tried + 1, 0
                if not _deliver_one(transport, claim):
                    break
            elif rest and tried and rests < RESTS and _may_send(at_any_pace=True):
                rests += 1
                rest(REST_SECONDS)
            else:
                break
    return tried


def send_at_once(message: OutboxMessage) -> None:
    """Send a mail that this transaction has just queued, even while sending is paused. Commits by itself.

    A failure does not change the pause for other mails.
    """
    claim, until = Claim(message.id, secrets.token_hex(16)), clock.now() + longest_delivery()
    envelope = None
    message.status, message.attempts, message.lease_owner = MessageStatus.INFLIGHT, 1, claim.owner
    message.next_attempt_at = message.lease_until = until
    db.session.commit()
    try:
        with open_transport() as transport:
            transport.connect()
            if envelope := _open(claim):
                transport.deliver(envelope)
                _note_sent(claim)
    except DeliveryFailure as failure:
        _note_failure(claim, failure, envelope, is_trial=True)
    db.session.refresh(message)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return the time of the next attempt, with a random jitter; None after the last attempt (R07)."""
    if attempts > len(MINUTES_BETWEEN_ATTEMPTS):
        return None
    minutes = MINUTES_BETWEEN_ATTEMPTS[max(attempts, 1) - 1]
    return now + timedelta(minutes=minutes * chance.uniform(1 - JITTER, 1 + JITTER))


def _may_send(*, at_any_pace: bool = False) -> bool:
    """Return whether sending is not paused and a mail is due that no pace holds up (with `at_any_pace`: any due mail).

    Reads only: the queue is mostly empty, and looking must not take the write lock.
    """
    now = clock.now()
    turn = [] if at_any_pace else [pacing.may_leave(now)]
    may = queries.is_anything_due(now, *turn) and not relay.is_paused(now)
    db.session.rollback()
    return may


def _is_connected(transport: Transport) -> bool:
    """Connect before a mail is claimed; an unreachable server pauses sending, and no mail loses an attempt."""
    try:
        transport.connect()
    except ServerUnreachable as failure:
        start_write(db.session)
        relay.pause(str(failure), now=clock.now())
        db.session.commit()
        log.warning("the mail server takes no mail: %s", failure)
        return False
    return True


def _claim(now: datetime, order: tuple) -> Claim | None:
    """Claim the next due mail in the given order, exclusively: by SQLite's write lock, or SKIP LOCKED. Commits."""
    owner, until = secrets.token_hex(16), now + longest_delivery()
    start_write(db.session)
    columns = OutboxMessage.id, OutboxMessage.lane, pacing.domain_of(OutboxMessage.recipient)
    due = select(*columns).where(queries.is_due(now), pacing.may_leave(now)).order_by(*order)
    row = db.session.execute(due.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None or not pacing.take(row[1], row[2], now):
        db.session.rollback()
        return None
    message_id = row[0]
    values = {"status": MessageStatus.INFLIGHT, "attempts": OutboxMessage.attempts + 1, "lease_owner": owner}
    begun = update(OutboxMessage).where(OutboxMessage.id == message_id)
    db.session.execute(
        begun.values(**values, next_attempt_at=until, lease_until=until),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return Claim(message_id, owner)


def _deliver_one(transport: Transport, claim: Claim) -> bool:
    """Send one mail and store the result; return False when the server cannot be reached for any mail.

    After a mail for which the server wants another connection, the caller connects anew before it claims the next one.
    """
    envelope = None
    try:
        envelope = _open(claim)
        if envelope is None:
            return True
        transport.deliver(envelope)
    except DeliveryFailure as failure:
        _note_failure(claim, failure, envelope)
        return not isinstance(failure, ServerUnreachable)
    _note_sent(claim)
    return True


def _open(claim: Claim) -> Envelope | None:
    """Read the claimed mail and leave no transaction open; return None when it was cancelled meanwhile.

    Raises PermanentFailure for a mail that cannot be read, decrypted or addressed, so that it stops no others (R10).
    """
    try:
        return _read(claim)
    except (SQLAlchemyError, DeliveryFailure):
        raise
    except InvalidTag as problem:
        raise PermanentFailure(
            "it was sealed for another message, or with a key that is not here"
        ) from problem
    except UnsafeMessage as problem:
        raise PermanentFailure(str(problem)) from problem
    # Any other fault of a stored mail makes this mail fail alone: the worker must send the others.
    except Exception as problem:
        raise PermanentFailure(f"it cannot be read ({type(problem).__name__})") from problem
    finally:
        db.session.rollback()


def _read(claim: Claim) -> Envelope | None:
    mine = (OutboxMessage.id == claim.id) & (OutboxMessage.lease_owner == claim.owner)
    message = db.session.scalars(select(OutboxMessage).where(mine)).one_or_none()
    if message is None:
        return None
    content = message.content
    if content is None:
        raise PermanentFailure("there are no bytes to send")
    if message.attempts > len(MINUTES_BETWEEN_ATTEMPTS) + 1:
        raise PermanentFailure("the worker died each time it tried")
    sender, recipient = return_paths.sender_of(message), mailbox(message.recipient).address
    signed = signing.sign(content, made_at=message.created_at)
    return Envelope(claim.id, message.kind, sender, recipient, signed)


def _note_sent(claim: Claim) -> None:
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


def _note_failure(
    claim: Claim, failure: DeliveryFailure, envelope: Envelope | None, *, is_trial: bool = False
) -> None:
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
    message.lease_until = message.lease_owner = None
