"""Reading the queue."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import IS_UNSENT, OutboxMessage

MAIL_MAY_WAIT = timedelta(minutes=15)
HELD = datetime(
    9999, 1, 1, tzinfo=UTC
)  # the next attempt of a mail that a restore has held until it is released
UNSENT = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT)


@dataclass(frozen=True)
class Scope:
    """Whose mails are read: one event's, and those about organisers' accounts for who looks after them."""

    event_id: int
    with_accounts: bool = False

    def condition(self) -> ColumnElement[bool]:
        """The condition of a mail that belongs to it."""
        mine = OutboxMessage.event_id == self.event_id
        return mine | OutboxMessage.event_id.is_(None) if self.with_accounts else mine


@dataclass(frozen=True)
class Queue:
    """How many mails wait and since when the first of them was made; failed attempts in a row; dead letters.

    `held` of those that wait do so since a restore, until they are released.
    """

    waiting: int
    oldest: datetime | None
    failures: int
    failed: int
    held: int


def read_queue(scope: Scope | None = None) -> Queue:
    """Return how the queue stands, of a scope or of everything that the forum sends."""
    is_unsent, is_held = OutboxMessage.status.in_(UNSENT), OutboxMessage.next_attempt_at == HELD
    query = select(
        func.count().filter(is_unsent),
        func.min(OutboxMessage.created_at).filter(is_unsent),
        func.max(OutboxMessage.attempts).filter(
            OutboxMessage.status == MessageStatus.AWAITING_RETRY, ~is_held
        ),
        func.count().filter(OutboxMessage.status == MessageStatus.FAILED),
        func.count().filter(is_unsent, is_held),
    ).where(OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED)))
    if scope is not None:
        query = query.where(scope.condition())
    waiting, oldest, failures, failed, held = db.session.execute(query).one()
    return Queue(waiting, oldest, failures or 0, failed, held)


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition of a mail that may be tried: a new one at once, whatever clock wrote it; others in their time.

    One in flight is due again when its lease is over.
    """
    has_come = or_(OutboxMessage.status == MessageStatus.QUEUED, OutboxMessage.next_attempt_at <= now)
    return and_(IS_UNSENT, has_come)


def is_anything_due(now: datetime) -> bool:
    """Whether there is a mail to try."""
    return db.session.scalar(select(OutboxMessage.id).where(is_due(now)).limit(1)) is not None
