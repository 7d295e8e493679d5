"""Sending what is due: claim with a lease, send outside any transaction, note what came of it (R06–R11).

A claimed row is `inflight` until its lease ends, which is also when it is due again: a worker that dies gives its
mails back without anybody's help. The row is sent with the bytes it was born with, so a mail that did leave
before the worker died arrives twice at the most, under one Message-ID.
"""

import logging
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import defer

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.extensions import db
from forum.outbox import queries
from forum.outbox.addresses import mailbox, parse_mailbox
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import (
    DeliveryFailure,
    PermanentFailure,
    ServerUnreachable,
    TemporaryFailure,
    UnsafeMessage,
)
from forum.outbox.models import OutboxMessage
from forum.outbox.transport import Envelope, Transport, open_transport

BATCH = 10
LEASE = timedelta(minutes=10)
MINUTES_BETWEEN_ATTEMPTS = (1, 2, 5, 10, 20, 40, 80, 160, 300, 360, 360)  # 22 hours in all
JITTER = 0.2
chance = random.SystemRandom()
log = logging.getLogger("forum.outbox")


@dataclass(frozen=True)
class Claim:
    """Rows that are ours until `until`."""

    owner: str
    ids: Sequence[int]
    until: datetime


def deliver_due(*, stopped: Callable[[], bool] = lambda: False) -> int:
    """Send one batch of what is due; return how many mails were tried. Commits by itself, mail by mail.

    `stopped` is asked between mails; what was not begun then goes back to the queue.
    """
    if not _is_anything_due(clock.now()):
        return 0
    claim = _claim(clock.now())
    tried = 0
    with open_transport() as transport:
        for number, message_id in enumerate(claim.ids):
            if stopped() or _is_nearly_over(claim):
                _give_back(claim, claim.ids[number:])
                break
            tried += 1
            if not _deliver_one(transport, claim, message_id):
                _give_back(claim, claim.ids[number + 1 :])
                break
    return tried


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after this many attempts, spread by chance; None when there were enough (R07)."""
    if attempts > len(MINUTES_BETWEEN_ATTEMPTS):
        return None
    minutes = MINUTES_BETWEEN_ATTEMPTS[max(attempts, 1) - 1]
    return now + timedelta(minutes=minutes * chance.uniform(1 - JITTER, 1 + JITTER))


def _is_anything_due(now: datetime) -> bool:
    """Look without the write lock: the queue is empty most of the time."""
    found = queries.oldest_due(now)
    db.session.rollback()
    return found is not None


def _claim(now: datetime) -> Claim:
    """Take the oldest due rows: nobody else gets them (SQLite: one writer; PostgreSQL: SKIP LOCKED)."""
    claim_owner, until = secrets.token_hex(16), now + LEASE
    oldest = (
        select(OutboxMessage.id)
        .where(queries.is_due(now))
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    start_write(db.session)
    taken = db.session.scalars(oldest).all()
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(taken))
        .values(
            status=MessageStatus.INFLIGHT,
            attempts=OutboxMessage.attempts + 1,
            next_attempt_at=until,
            lease_until=until,
            lease_owner=claim_owner,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return Claim(claim_owner, taken, until)


def _is_nearly_over(claim: Claim) -> bool:
    """Whether sending another mail could outlast the lease, with a server that is slow at every step."""
    return clock.now() > claim.until - LEASE / 2


def _give_back(claim: Claim, ids: Sequence[int]) -> None:
    """Return rows untried: as if they had not been claimed."""
    if not ids:
        return
    start_write(db.session)
    db.session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id.in_(ids), OutboxMessage.lease_owner == claim.owner)
        .where(OutboxMessage.status == MessageStatus.INFLIGHT)
        .values(
            status=MessageStatus.QUEUED,
            attempts=OutboxMessage.attempts - 1,
            next_attempt_at=clock.now(),
            lease_until=None,
            lease_owner=None,
        )
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _deliver_one(transport: Transport, claim: Claim, message_id: int) -> bool:
    """Send one mail and note the result; False when the server is out of reach for all of them."""
    try:
        envelope = _open(claim, message_id)
        if envelope is None:
            return True
        transport.deliver(envelope)
    except DeliveryFailure as failure:
        _note_failure(claim, message_id, failure)
        return not isinstance(failure, ServerUnreachable)
    _note_sent(message_id)
    return True


def _open(claim: Claim, message_id: int) -> Envelope | None:
    """Return the claimed mail, outside a transaction; None when it was taken back meanwhile.

    Raises PermanentFailure for what cannot be unsealed or addressed: such a row must not stop the others (R10).
    """
    mine = (OutboxMessage.id == message_id) & (OutboxMessage.lease_owner == claim.owner)
    columns = (OutboxMessage.kind, OutboxMessage.recipient, OutboxMessage.content, OutboxMessage.attempts)
    try:
        row = db.session.execute(select(*columns).where(mine)).one_or_none()
        if row is None:
            return None
        if row.content is None:
            raise PermanentFailure("there are no bytes to send")
        if row.attempts > len(MINUTES_BETWEEN_ATTEMPTS) + 1:
            raise PermanentFailure("the worker died each time it tried")
        sender = parse_mailbox(current_app.config["MAIL_DEFAULT_SENDER"]).address
        return Envelope(message_id, row.kind, sender, mailbox(row.recipient).address, row.content)
    except InvalidTag as problem:
        raise PermanentFailure("it was sealed with a key that is not here") from problem
    except UnsafeMessage as problem:
        raise PermanentFailure(str(problem)) from problem
    finally:
        db.session.rollback()


def _note_sent(message_id: int) -> None:
    """It has left: forget its words, for they hold personal links (S18)."""
    start_write(db.session)
    message = _locked(message_id)
    if message is not None:
        message.status = MessageStatus.SENT
        message.sent_at = clock.now()
        message.content = None
        message.last_error = None
        _end_lease(message)
    db.session.commit()
    log.info("mail %s sent", message_id)


def _note_failure(claim: Claim, message_id: int, failure: DeliveryFailure) -> None:
    """Plan the next attempt, or make it a dead letter; only while the lease is ours."""
    start_write(db.session)
    message = _locked(message_id)
    if message is not None and message.lease_owner == claim.owner:
        now = clock.now()
        again = next_attempt(message.attempts, now) if isinstance(failure, TemporaryFailure) else None
        message.last_error = str(failure)[:500]
        _end_lease(message)
        if again:
            message.status, message.next_attempt_at = MessageStatus.AWAITING_RETRY, again
        else:
            message.status = MessageStatus.FAILED
            audit.record("mail.failed", message, actor="worker", at=now, attempts=message.attempts)
    db.session.commit()
    log.warning("mail %s not sent: %s", message_id, type(failure).__name__)


def _locked(message_id: int) -> OutboxMessage | None:
    """Return the row for a change, without its words: those of a poisoned one cannot be unsealed."""
    query = select(OutboxMessage).where(OutboxMessage.id == message_id).options(defer(OutboxMessage.content))
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _end_lease(message: OutboxMessage) -> None:
    message.lease_until = message.lease_owner = None
