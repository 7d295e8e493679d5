"""Taking the mails of a paused message out of the queue, and letting those already tried wait until it goes on."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, delete, update

from forum.extensions import db
from forum.outbox import queries
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage


def withdraw_untried(ids: Select[tuple[int]]) -> Sequence[int | None]:
    """Delete those of the mails with these ids that nobody has tried to send; return the ids of their registrations."""
    untried = (OutboxMessage.status == MessageStatus.QUEUED) & (OutboxMessage.attempts == 0)
    gone = delete(OutboxMessage).where(OutboxMessage.id.in_(ids), untried)
    return db.session.scalars(gone.returning(OutboxMessage.registration_id)).all()


def hold_tried(ids: Select[tuple[int]]) -> None:
    """Let those of the mails with these ids that would be tried again wait until `release`."""
    tried = (
        OutboxMessage.status == MessageStatus.AWAITING_RETRY,
        OutboxMessage.next_attempt_at != queries.HELD,
    )
    mine = update(OutboxMessage).where(OutboxMessage.id.in_(ids), *tried)
    db.session.execute(mine.values(next_attempt_at=queries.PAUSED))


def release(ids: Select[tuple[int]], *, now: datetime) -> None:
    """Let those of the mails with these ids that `hold_tried` has held be tried again."""
    held = OutboxMessage.id.in_(ids), OutboxMessage.next_attempt_at == queries.PAUSED
    db.session.execute(update(OutboxMessage).where(*held).values(next_attempt_at=now))
