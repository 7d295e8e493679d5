"""Reading the queue of unsent mails."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from forum.extensions import db
from forum.outbox import pacing
from forum.outbox.enums import Lane, MessageStatus
from forum.outbox.models import IS_UNSENT, OutboxMessage

MAIL_MAY_WAIT = timedelta(minutes=15)
# The time of the next attempt for a mail that a restore holds back until `forum release-mail`.
HELD = datetime(9999, 1, 1, tzinfo=UTC)
# The `next_attempt_at` of a mail that was tried in vain and whose message to many is paused: the mail is not tried
# again until organisers go on with the message.
PAUSED = datetime(9998, 1, 1, tzinfo=UTC)
# Kinds of mails to followers of the news. Organisers see numbers of them only, never to whom they went.
NEWS = ("news-post", "news-weekly")
TO_FOLLOWERS = ("follow-asked", "follow-known", *NEWS)
UNSENT = (MessageStatus.QUEUED, MessageStatus.AWAITING_RETRY, MessageStatus.INFLIGHT)


@dataclass(frozen=True)
class Scope:
    """The mails that an organiser may see: those of one event, and those about accounts if `with_accounts`.

    Mails to followers of the news are not among them. Without `with_care`, those to people who have not answered about
    diet or access are among them only if they have failed, and only the failure is shown of them: see `hides` (S14).
    """

    event_id: int
    with_accounts: bool = False
    with_care: bool = False

    def condition(self) -> ColumnElement[bool]:
        """Return the SQL condition for mails that belong to the scope."""
        mine = OutboxMessage.event_id == self.event_id
        seen = mine | OutboxMessage.event_id.is_(None) if self.with_accounts else mine
        is_failed = OutboxMessage.status == MessageStatus.FAILED
        of_care = [] if self.with_care else [~OutboxMessage.is_of_care | is_failed]
        return and_(seen, OutboxMessage.kind.not_in(TO_FOLLOWERS), *of_care)

    def hides(self, message: OutboxMessage) -> bool:
        """Return whether the organiser may know only that the mail has failed, neither its recipient nor the reason."""
        return message.is_of_care and not self.with_care


@dataclass(frozen=True)
class Queue:
    """How many mails wait or have failed, and since when.

    `waiting` is the number of unsent mails, `held` of which wait for `forum release-mail` after a restore; `oldest` is
    when the first of them was created, leaving out mails to many that wait while earlier ones leave at their pace
    (`outbox.pacing`). The mail server has `unanswered` mails without having answered to them, the first of them since
    `unanswered_since`. `failures` is the number of failed attempts in a row, `failed` the number of dead letters.
    """

    waiting: int
    oldest: datetime | None
    failures: int
    failed: int
    held: int
    unanswered: int
    unanswered_since: datetime | None


def read_queue(scope: Scope | None = None, *, now: datetime) -> Queue:
    """Return the state of the queue of mails: those in `scope`, or all when no scope is given."""
    is_unsent, is_held = OutboxMessage.status.in_(UNSENT), OutboxMessage.next_attempt_at == HELD
    waits_for_message = OutboxMessage.next_attempt_at == PAUSED
    is_sent_now = OutboxMessage.status == MessageStatus.INFLIGHT
    is_unanswered = and_(is_sent_now, OutboxMessage.unanswered_since.is_not(None))
    is_in_turn = (OutboxMessage.lane == Lane.BULK) & pacing.is_moving(now)
    query = select(
        func.count().filter(is_unsent),
        func.min(OutboxMessage.created_at).filter(is_unsent, ~is_in_turn, ~waits_for_message),
        func.max(OutboxMessage.attempts).filter(
            OutboxMessage.status == MessageStatus.AWAITING_RETRY, ~is_held, ~waits_for_message
        ),
        func.count().filter(OutboxMessage.status == MessageStatus.FAILED),
        func.count().filter(is_unsent, is_held),
        func.count().filter(is_unanswered),
        func.min(OutboxMessage.unanswered_since).filter(is_unanswered),
    ).where(OutboxMessage.status.in_((*UNSENT, MessageStatus.FAILED)))
    if scope is not None:
        query = query.where(scope.condition())
    waiting, oldest, failures, failed, held, unanswered, since = db.session.execute(query).one()
    return Queue(waiting, oldest, failures or 0, failed, held, unanswered, since)


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition for mails that may be sent now.

    A new mail is due at once, even if a wrong clock put its time into the future; a claimed mail when its lease ends.
    None is due from its `not_after` on.
    """
    has_come = or_(OutboxMessage.status == MessageStatus.QUEUED, OutboxMessage.next_attempt_at <= now)
    return and_(IS_UNSENT, has_come, may_still_leave(now))


def may_still_leave(now: datetime) -> ColumnElement[bool]:
    """Return the SQL condition for mails whose `not_after` is still to come, or that have none."""
    return or_(OutboxMessage.not_after.is_(None), OutboxMessage.not_after > now)


def is_anything_due(now: datetime, *conditions: ColumnElement[bool]) -> bool:
    """Return whether any mail is due and meets the conditions."""
    due = select(OutboxMessage.id).where(is_due(now), *conditions)
    return db.session.scalar(due.limit(1)) is not None
