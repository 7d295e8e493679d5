"""Sending what is due: claim with a lease, send outside any transaction, note what came of it (R06–R11).

Mails are claimed one at a time, so that the next one is always the most urgent, and one that cannot be read or kills
its worker takes no other with it. A claimed row is `inflight` until its lease ends, which is also when it is due again:
a worker that dies gives its mail back without anybody's help. The row is sent with the bytes it was born with, so a
mail that did leave before the worker died arrives twice at the most, under one Message-ID.
"""

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import load_only

from forum import clock
from forum.audit import actions as audit
from forum.database import start_write
from forum.extensions import db
from forum.outbox import queries, relay
from forum.outbox.addresses import mailbox, parse_mailbox
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import (
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
EVERY_SO_MANY = 10  # ... mails, the one that has waited longest goes, whatever its lane
BY_LANE = (OutboxMessage.lane, OutboxMessage.next_attempt_at, OutboxMessage.id)
BY_AGE = (OutboxMessage.next_attempt_at, OutboxMessage.id)
MINUTES_BETWEEN_ATTEMPTS = (1, 2, 5, 10, 20, 40, 80, 160, 300, 360, 360)  # 22 hours in all
JITTER = 0.2
NOTED = (OutboxMessage.event_id, OutboxMessage.status, OutboxMessage.attempts, OutboxMessage.lease_owner)
chance = random.SystemRandom()
log = logging.getLogger("forum.outbox")


@dataclass(frozen=True)
class Claim:
    """A row that is ours until its lease ends."""

    id: int
    owner: str


def deliver_due(*, stopped: Callable[[], bool] = lambda: False) -> int:
    """Send what is due over one connection; return how many mails were tried. Commits by itself, mail by mail.

    `stopped` is asked between mails.
    """
    tried = 0
    with open_transport() as transport:
        while tried < MAILS_A_CONNECTION and not stopped() and _may_send() and _is_connected(transport):
            is_fair_turn = tried % EVERY_SO_MANY == EVERY_SO_MANY - 1
            claim = _claim(clock.now(), BY_AGE if is_fair_turn else BY_LANE)
            if claim is None:
                break
            tried += 1
            if not _deliver_one(transport, claim):
                break
    return tried


def send_at_once(message: OutboxMessage) -> None:
    """Begin a mail that this transaction has made and send it, whatever pause there is. Commits by itself.

    When it does not leave, the others neither wait longer nor sooner end their pause.
    """
    claim, until = Claim(message.id, secrets.token_hex(16)), clock.now() + longest_delivery()
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
        _note_failure(claim, failure, is_trial=True)
    db.session.refresh(message)


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after this many attempts, spread by chance; None when there were enough (R07)."""
    if attempts > len(MINUTES_BETWEEN_ATTEMPTS):
        return None
    minutes = MINUTES_BETWEEN_ATTEMPTS[max(attempts, 1) - 1]
    return now + timedelta(minutes=minutes * chance.uniform(1 - JITTER, 1 + JITTER))


def _may_send() -> bool:
    """Look without the write lock: the queue is empty most of the time."""
    now = clock.now()
    may = queries.is_anything_due(now) and not relay.is_paused(now)
    db.session.rollback()
    return may


def _is_connected(transport: Transport) -> bool:
    """Reach the mail server before any mail is begun; one that is away pauses sending and costs no mail an attempt."""
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
    """Begin the next due row: nobody else gets it (SQLite: one writer; PostgreSQL: SKIP LOCKED)."""
    owner, until = secrets.token_hex(16), now + longest_delivery()
    due = select(OutboxMessage.id).where(queries.is_due(now)).order_by(*order).limit(1)
    start_write(db.session)
    message_id = db.session.scalar(due.with_for_update(skip_locked=True))
    if message_id is None:
        db.session.rollback()
        return None
    values = {"status": MessageStatus.INFLIGHT, "attempts": OutboxMessage.attempts + 1, "lease_owner": owner}
    begun = update(OutboxMessage).where(OutboxMessage.id == message_id)
    db.session.execute(
        begun.values(**values, next_attempt_at=until, lease_until=until),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return Claim(message_id, owner)


def _deliver_one(transport: Transport, claim: Claim) -> bool:
    """Send one mail and note the result; False when the server is out of reach for all of them."""
    try:
        envelope = _open(claim)
        if envelope is None:
            return True
        transport.deliver(envelope)
    except DeliveryFailure as failure:
        _note_failure(claim, failure)
        return not isinstance(failure, ServerUnreachable)
    _note_sent(claim)
    return True


def _open(claim: Claim) -> Envelope | None:
    """Return the claimed mail, outside a transaction; None when it was taken back meanwhile.

    Raises PermanentFailure for what cannot be read, unsealed or addressed: such a row must not stop the others (R10).
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
    except Exception as problem:  # whatever is wrong with the row stays in the row
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
    sender = parse_mailbox(current_app.config["MAIL_DEFAULT_SENDER"]).address
    return Envelope(claim.id, message.kind, sender, mailbox(message.recipient).address, content)


def _note_sent(claim: Claim) -> None:
    """It has left: forget its words, for they hold personal links (S18)."""
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


def _note_failure(claim: Claim, failure: DeliveryFailure, *, is_trial: bool = False) -> None:
    """Plan the next attempt, or make it a dead letter; only while the lease is ours. A trial tells of no others."""
    now = clock.now()
    start_write(db.session)
    message = _locked(claim)
    if not is_trial:
        _note_for_all(failure, now)
    if message is not None and message.lease_owner == claim.owner:
        message.last_error = str(failure)[:500]
        _end_lease(message)
        if isinstance(failure, SenderRefused) and not is_trial:
            _give_back(message, now)
        elif isinstance(failure, TemporaryFailure) and (again := next_attempt(message.attempts, now)):
            message.status, message.next_attempt_at = MessageStatus.AWAITING_RETRY, again
        else:
            message.status = MessageStatus.FAILED
            audit.record("mail.failed", message, actor="worker", at=now, attempts=message.attempts)
    db.session.commit()
    log.warning("mail %s not sent: %s", claim.id, type(failure).__name__)


def _note_for_all(failure: DeliveryFailure, now: datetime) -> None:
    if isinstance(failure, ServerUnreachable):
        relay.pause(str(failure), now=now)
    else:
        relay.note_answer()


def _give_back(message: OutboxMessage, now: datetime) -> None:
    """Leave the mail as if it had not been begun: it is due when the pause ends."""
    message.attempts -= 1
    message.status = MessageStatus.AWAITING_RETRY if message.attempts else MessageStatus.QUEUED
    message.next_attempt_at = now


def _locked(claim: Claim) -> OutboxMessage | None:
    """Return the row for a change, with what a note needs and no more: a poisoned one cannot be read whole."""
    query = select(OutboxMessage).where(OutboxMessage.id == claim.id).options(load_only(*NOTED))
    return db.session.scalars(query.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _end_lease(message: OutboxMessage) -> None:
    message.lease_until = message.lease_owner = None
