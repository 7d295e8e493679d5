"""Sending due mails: claim a mail with a lease, send it outside any transaction, store the result (R06–R11).

Mails are claimed one at a time: the next one is always the most urgent, and a mail that cannot be read or crashes the
worker affects no other. A claimed mail is `inflight` until its lease ends, and then due again, so the mail of a worker
that died is sent by the next one. A mail always has the same bytes: if it was sent before the worker died, it arrives
twice at most, with the same Message-ID.

A mail whose answer is late waits over a connection of its own, and the next mails leave over another one
(`outbox.outstanding`).
"""

import logging
import secrets
from collections.abc import Callable
from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import SQLAlchemyError

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.outbox import pacing, queries, relay, return_paths, signing
from forum.outbox.addresses import mailbox
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import DeliveryFailure, PermanentFailure, ServerUnreachable, UnsafeMessage
from forum.outbox.models import OutboxMessage
from forum.outbox.outcomes import MINUTES_BETWEEN_ATTEMPTS, Claim, note_failure, note_sent
from forum.outbox.outstanding import Outstanding, settle
from forum.outbox.transport import Envelope, Transport, longest_delivery, open_transport

MAILS_A_CONNECTION = 100
# How long a connection stays open while the pace of mails (`outbox.pacing`) lets none leave: RESTS times REST_SECONDS.
RESTS, REST_SECONDS = 25, 0.2
EVERY_SO_MANY = 10  # every tenth mail is the one that has waited longest, whatever its priority (lane)
BY_LANE = (OutboxMessage.lane, OutboxMessage.next_attempt_at, OutboxMessage.id)
BY_AGE = (OutboxMessage.next_attempt_at, OutboxMessage.id)
log = logging.getLogger("forum.outbox")


def deliver_due(
    outstanding: Outstanding | None = None,
    *,
    stopped: Callable[[], bool] = lambda: False,
    rest: Callable[[float], object] | None = None,
) -> int:
    """Send due mails over one connection; return how many were attempted. Commits after each mail.

    Late answers are left to `outstanding`, or waited for at the end when it is None. Ends early when `stopped`, which
    is called between mails, returns True. With `rest`, which waits for some seconds, the connection stays open while
    the pace holds up the next mails (`outbox.pacing`).
    """
    late = Outstanding() if outstanding is None else outstanding
    tried = _deliver_batch(late, stopped, rest)
    if outstanding is None:
        late.settle_all()
    return tried


def _deliver_batch(
    late: Outstanding, stopped: Callable[[], bool], rest: Callable[[float], object] | None
) -> int:
    tried, rests = 0, 0
    with open_transport() as transport:
        while tried < MAILS_A_CONNECTION and not stopped():
            late.settle()
            claim, turn = None, late.may_join()
            if late.has_room() and _may_send(turn):
                if not _is_connected(transport):
                    break
                is_fair_turn = tried % EVERY_SO_MANY == EVERY_SO_MANY - 1
                claim = _claim(clock.now(), BY_AGE if is_fair_turn else BY_LANE, turn)
            if claim:
                tried, rests = tried + 1, 0
                if not _deliver_one(transport, claim, late):
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
    message.status, message.attempts, message.lease_owner = MessageStatus.INFLIGHT, 1, claim.owner
    message.next_attempt_at = message.lease_until = until
    db.session.commit()
    try:
        with open_transport() as transport:
            transport.connect()
            if envelope := _open(claim):
                if late := transport.deliver(envelope):
                    settle(claim, late, is_trial=True)
                else:
                    note_sent(claim)
    except DeliveryFailure as failure:
        note_failure(claim, failure, is_trial=True)
    db.session.refresh(message)


def _may_send(*conditions: ColumnElement[bool], at_any_pace: bool = False) -> bool:
    """Return whether sending is not paused and a mail is due that no pace holds up (with `at_any_pace`: any due mail).

    Only mails that meet the conditions count. Reads only: the queue is mostly empty, and looking must not take the
    write lock.
    """
    now = clock.now()
    turn = [] if at_any_pace else [pacing.may_leave(now)]
    may = queries.is_anything_due(now, *conditions, *turn) and not relay.is_paused(now)
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


def _claim(now: datetime, order: tuple, *conditions: ColumnElement[bool]) -> Claim | None:
    """Claim the next due mail in the given order that meets the conditions. Commits.

    No other worker claims it: by SQLite's write lock, or SKIP LOCKED.
    """
    owner, until = secrets.token_hex(16), now + longest_delivery()
    start_write(db.session)
    columns = OutboxMessage.id, OutboxMessage.lane, pacing.domain_of(OutboxMessage.recipient)
    due = select(*columns).where(queries.is_due(now), pacing.may_leave(now), *conditions).order_by(*order)
    row = db.session.execute(due.limit(1).with_for_update(skip_locked=True)).one_or_none()
    if row is None or not pacing.take(row[1], row[2], now):
        db.session.rollback()
        return None
    message_id = row[0]
    values = {"status": MessageStatus.INFLIGHT, "attempts": OutboxMessage.attempts + 1, "lease_owner": owner}
    begun = update(OutboxMessage).where(OutboxMessage.id == message_id)
    db.session.execute(
        begun.values(**values, next_attempt_at=until, lease_until=until, unanswered_since=None),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return Claim(message_id, owner)


def _deliver_one(transport: Transport, claim: Claim, late: Outstanding) -> bool:
    """Send one mail and store the result; return False when the server cannot be reached for any mail.

    A mail that the server has and does not answer to is added to the `late` ones. After that mail, and after one for
    which the server wants another connection, the caller connects anew before it claims the next one.
    """
    began = clock.now()
    try:
        envelope = _open(claim)
        if envelope is None:
            return True
        answer = transport.deliver(envelope)
    except DeliveryFailure as failure:
        note_failure(claim, failure)
        return not isinstance(failure, ServerUnreachable)
    if answer:
        late.add(claim, answer, since=began)
    else:
        note_sent(claim)
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
