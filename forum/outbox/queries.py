"""Reading the queue."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from forum.extensions import db
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage

UNSENT = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT)


def is_due(now: datetime) -> ColumnElement[bool]:
    """The condition of a mail whose time has come; one in flight is due again when its lease is over."""
    return OutboxMessage.status.in_(UNSENT) & (OutboxMessage.next_attempt_at <= now)


def oldest_due(now: datetime) -> datetime | None:
    """Return since when the mail that waits longest beyond its time has been due."""
    return db.session.scalar(select(func.min(OutboxMessage.next_attempt_at)).where(is_due(now)))
