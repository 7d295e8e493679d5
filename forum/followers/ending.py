"""Deleting followers of the news, with links and mails: a follower who leaves at once, all a year after the event.

Only the number of mails is kept, for each post.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, update

from forum.events.models import Event
from forum.extensions import db
from forum.followers import links
from forum.followers.enums import FollowPurpose, NewsMailStatus
from forum.followers.models import Follower, FollowerLink, MailedPost, NewsMail
from forum.followers.queries import KEPT_AFTER_EVENT
from forum.health import steady_clock
from forum.outbox import actions as outbox
from forum.outbox import suppression
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import TO_FOLLOWERS, UNSENT

# How long a mail to a follower is kept after it was sent, so that a report that it came back can be matched to it.
MAILS_KEPT = timedelta(days=30)
# How long the forum keeps which follower got which post; a weekly mail has no older posts.
ROWS_KEPT = timedelta(days=60)
MOST = 500


def end(follower: Follower) -> None:
    """Delete a follower, with links and mails; a mail that is being sent just now may still arrive."""
    fold(NewsMail.follower_id == follower.id)
    mine = OutboxMessage.event_id == follower.event_id, OutboxMessage.kind.in_(TO_FOLLOWERS)
    theirs = OutboxMessage.recipient == follower.email
    db.session.execute(delete(OutboxMessage).where(*mine, theirs))
    db.session.execute(delete(Follower).where(Follower.id == follower.id))
    db.session.expire_all()


def fold(chosen: ColumnElement[bool]) -> None:
    """Add the chosen NewsMail rows to their posts' numbers of sent and failed mails, and delete the rows."""
    is_made = NewsMail.status == NewsMailStatus.QUEUED
    is_sent = is_made & (OutboxMessage.id.is_(None) | (OutboxMessage.status == MessageStatus.SENT))
    is_failed = NewsMail.status == NewsMailStatus.FAILED
    numbers = func.count().filter(is_sent), func.count().filter(is_failed)
    query = select(NewsMail.post_id, *numbers).outerjoin(OutboxMessage).where(chosen)
    grouped = query.group_by(NewsMail.post_id).order_by(NewsMail.post_id)
    for post_id, sent, failed in db.session.execute(grouped).all():
        added = {"sent": MailedPost.sent + sent, "failed": MailedPost.failed + failed}
        db.session.execute(update(MailedPost).where(MailedPost.post_id == post_id).values(**added))
    db.session.execute(delete(NewsMail).where(chosen))


def is_forgotten(mailed: MailedPost, now: datetime) -> bool:
    """Return whether a post went out so long ago that the forum no longer keeps which followers have got it."""
    return mailed.announced_at is not None and mailed.announced_at <= now - ROWS_KEPT


def list_ending(*, now: datetime) -> Sequence[int]:
    """Return the ids of some followers whom the forum must forget.

    Nobody has confirmed the follower's address, the event was a year ago, or mail to the address comes back or is
    unwanted. For the first two reasons nobody is deleted while the clock may be wrong (R18); for the last one deletion
    never waits, because mails would go on meanwhile.
    """
    is_stale = Follower.confirmed_at.is_(None) & (Follower.asked_at <= now - links.UNCONFIRMED_LASTS)
    is_old = Event.ends_at <= now - KEPT_AFTER_EVENT
    ended = select(Follower.id).join(Event, Event.id == Follower.event_id).where(is_stale | is_old)
    ended = ended.order_by(Follower.id).limit(MOST)
    ids = list(db.session.scalars(ended)) if steady_clock.is_steady(now) else []
    marked = (db.session.get_one(Follower, number) for number in _list_marked())
    return [*ids, *(follower.id for follower in marked if is_unreachable(follower))][:MOST]


def _list_marked() -> list[int]:
    """Return the ids of followers whose address has a mark (a suppression) for their event or for no single event."""
    confirmed = select(Follower.id, Follower.event_id, Follower.email).where(
        Follower.confirmed_at.is_not(None)
    )
    rows = db.session.execute(confirmed.order_by(Follower.id)).all()
    gone = {None: suppression.list_suppressed({row.email for row in rows}, None)}
    for event_id in {row.event_id for row in rows}:
        mine = {row.email for row in rows if row.event_id == event_id}
        gone[event_id] = suppression.list_suppressed(mine, event_id)
    return [row.id for row in rows if row.email in gone[None] | gone[row.event_id]]


def is_unreachable(follower: Follower) -> bool:
    """Return whether mail has come back, or was unwanted, since the owner of the address confirmed it.

    An earlier complaint stops messages to many, but not the news: the owner has asked for the news since.
    """
    since, marks = follower.confirmed_at, suppression.find_all(follower.email, follower.event_id)
    return since is not None and any(mark.noted_at > since for mark in marks)


def forget(follower_id: int, *, now: datetime) -> int:
    """Delete a follower whom the forum must forget; return 1, or 0 if the reason no longer holds."""
    query = select(Follower).where(Follower.id == follower_id)
    follower = db.session.scalars(
        query.with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if follower is None:
        return 0
    is_stale = follower.confirmed_at is None and follower.asked_at <= now - links.UNCONFIRMED_LASTS
    is_old = follower.event.ends_at <= now - KEPT_AFTER_EVENT
    is_due = (is_stale or is_old) and steady_clock.is_steady(now)
    if not (is_due or is_unreachable(follower)):
        return 0
    end(follower)
    return 1


def forget_old_mails(*, now: datetime) -> int:
    """Delete mails to followers that have long left, rows about old posts, and links that no longer work."""
    is_ending = FollowerLink.purpose != FollowPurpose.LEAVE
    is_old = FollowerLink.made_at <= now - links.CHOICES_LAST
    db.session.execute(delete(FollowerLink).where(is_ending, is_old))
    fold(NewsMail.made_at <= now - ROWS_KEPT)
    old = OutboxMessage.kind.in_(TO_FOLLOWERS), OutboxMessage.created_at <= now - MAILS_KEPT
    gone = delete(OutboxMessage).where(*old, OutboxMessage.status.not_in(UNSENT))
    return len(db.session.scalars(gone.returning(OutboxMessage.id)).all())


def settle_failed(*, now: datetime) -> int:
    """Mark failed mails to followers as dealt with: organisers, who see no addresses here, cannot resend them."""
    failed = select(OutboxMessage.id).where(
        OutboxMessage.kind.in_(TO_FOLLOWERS), OutboxMessage.status == MessageStatus.FAILED
    )
    mine = update(NewsMail).where(NewsMail.message_id.in_(failed))
    db.session.execute(mine.values(status=NewsMailStatus.FAILED))
    return len(outbox.give_up_failed(failed, AbortReason.NOT_NEEDED))
