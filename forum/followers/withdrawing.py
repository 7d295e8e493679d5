"""A post that is withdrawn is not mailed any more: its mails that are not sent yet are cancelled together with it.

An unsent weekly mail that has the post and others is made again without the withdrawn post.
"""

from typing import Any

from sqlalchemy import delete, event, inspect, select, update
from sqlalchemy.orm import Session, scoped_session

from forum.extensions import db
from forum.followers.enums import NewsMailStatus
from forum.followers.models import Follower, NewsMail
from forum.news.models import Post
from forum.outbox import actions as outbox
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.models import OutboxMessage


def take_back_with_posts(session: scoped_session) -> None:
    """Make each transaction of the session cancel the mails about posts that the transaction hides or deletes."""
    if not event.contains(session, "before_flush", _take_back_hidden):
        event.listen(session, "before_flush", _take_back_hidden)


def _take_back_hidden(session: Session, *_: Any) -> None:
    gone = [row for row in session.deleted if isinstance(row, Post)]
    changed = [row for row in session.dirty if isinstance(row, Post) and _is_hidden(row)]
    for post in (*changed, *gone):
        _take_back(post.id)


def _is_hidden(post: Post) -> bool:
    before = inspect(post).committed_state
    return before.get("announced_at") is not None and post.announced_at is None


def _take_back(post_id: int) -> None:
    mine = select(NewsMail.message_id).where(NewsMail.post_id == post_id, NewsMail.message_id.is_not(None))
    untried = OutboxMessage.status == MessageStatus.QUEUED, OutboxMessage.attempts == 0
    made = select(OutboxMessage.id).where(OutboxMessage.id.in_(mine), *untried)
    unsent = db.session.scalars(made.order_by(OutboxMessage.id).with_for_update()).all()
    outbox.take_back_messages(mine, AbortReason.OUTDATED)
    # Only a mail that no worker has tried to send counts as unsent. Followers whose weekly mail is cancelled get a new
    # one with its other posts.
    is_unsent = NewsMail.message_id.in_(unsent)
    others = select(NewsMail.follower_id).where(is_unsent, NewsMail.post_id != post_id)
    db.session.execute(update(Follower).where(Follower.id.in_(others)).values(weekly_at=None))
    db.session.execute(delete(NewsMail).where(is_unsent))
    waiting = NewsMail.post_id == post_id, NewsMail.status == NewsMailStatus.WAITING
    db.session.execute(delete(NewsMail).where(*waiting))
