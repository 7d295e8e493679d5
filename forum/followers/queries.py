"""Reading who follows the news, and who gets a post."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, NewsMail, follower_categories
from forum.news.models import Post, PostText, post_categories
from forum.outbox.enums import MessageStatus
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import NEWS, UNSENT, may_still_leave

# For this long after an event's end its news can be followed and the list of followers is kept.
KEPT_AFTER_EVENT = timedelta(days=365)
# The most mails of the news that wait in the outbox at once: with more, other mails would wait for a lock.
AT_ONCE = 50
IN_LINE = (MessageStatus.QUEUED, MessageStatus.INFLIGHT)
# A post counts as new if it was announced within this time after its time of publication. A post that was announced
# later was imported, or published a second time.
NEW = timedelta(days=7)


def may_follow(event: Event, now: datetime) -> bool:
    """Return whether the news of the event can be followed: an earlier forum gets no more news."""
    return not events.is_earlier(event, now) and now < event.ends_at + KEPT_AFTER_EVENT


def is_new(post: Post) -> bool:
    """Return whether the post is to go out by mail, is public, and was announced soon after its time of publication."""
    if post.published_at is None or post.announced_at is None or not post.goes_by_mail:
        return False
    return post.published_at <= post.announced_at < post.published_at + NEW


def is_of_interest() -> ColumnElement[bool]:
    """Return the SQL condition that a post is for a follower, in a query made by `pairs`.

    The followed event is public, the post is among its news and in a chosen category, and the address was confirmed
    before the post was announced. `pairs` joins the text in the follower's language.
    """
    chosen = (
        select(post_categories.c.category_id)
        .join(follower_categories, follower_categories.c.category_id == post_categories.c.category_id)
        .where(post_categories.c.post_id == Post.id, follower_categories.c.follower_id == Follower.id)
        .exists()
    )
    of_all = and_(Post.event_id.is_(None), or_(Event.is_current, Post.published_at < Event.ends_at))
    return and_(
        Follower.confirmed_at <= Post.announced_at,
        Event.is_published,
        or_(Post.event_id == Follower.event_id, of_all),
        or_(Follower.has_every, chosen),
    )


def has_it_already() -> ColumnElement[bool]:
    """Return the SQL condition that a follower's address has got the post already, or will get it.

    A post that belongs to all events may come to the address because its owner follows another event, too.
    """
    other = aliased(Follower)
    is_own = NewsMail.follower_id == Follower.id
    query = select(NewsMail.id).join(other, other.id == NewsMail.follower_id)
    query = query.where(NewsMail.post_id == Post.id, other.email_canonical == Follower.email_canonical)
    return query.where(or_(is_own, NewsMail.status == NewsMailStatus.QUEUED)).exists()


def pairs(*columns: Any) -> Select[Any]:
    """Return a query for columns of each follower, followed event, and post with a text in the follower's language."""
    together = select(*columns).select_from(Follower).join(Event, Event.id == Follower.event_id)
    return together.join(PostText, PostText.language == Follower.language).join(
        Post, Post.id == PostText.post_id
    )


def list_readers(post: Post, now: datetime) -> Sequence[tuple[str, Pace, int]]:
    """Return for each language and pace how many followers would get the post if it were announced now."""
    chosen = (
        select(follower_categories.c.follower_id)
        .where(follower_categories.c.category_id.in_([each.id for each in post.categories]))
        .where(follower_categories.c.follower_id == Follower.id)
        .exists()
    )
    codes = [text.language for text in post.texts]
    query = select(Follower.language, Follower.pace, func.count()).where(
        Follower.confirmed_at.is_not(None), Follower.language.in_(codes), or_(Follower.has_every, chosen)
    )
    query = query.join(Event, Event.id == Follower.event_id).where(Event.is_published)
    of_all = or_(Event.is_current, Event.ends_at > now)
    mine = of_all if post.event_id is None else Follower.event_id == post.event_id
    grouped = query.where(mine).group_by(Follower.language, Follower.pace)
    return [(code, pace, number) for code, pace, number in db.session.execute(grouped)]


def count_room(now: datetime) -> int:
    """Return how many mails of the news may go to the outbox now; mails past their last moment take no room."""
    untried = OutboxMessage.kind.in_(NEWS), OutboxMessage.status.in_(IN_LINE), may_still_leave(now)
    number = db.session.scalar(select(func.count()).select_from(OutboxMessage).where(*untried)) or 0
    return max(0, AT_ONCE - number)


def count_results(post: Post) -> tuple[int, int, int]:
    """Return how many of the post's mails were sent, have failed, and are still on their way."""
    is_failed = NewsMail.status == NewsMailStatus.FAILED
    is_made = NewsMail.status == NewsMailStatus.QUEUED
    is_waiting = (NewsMail.status == NewsMailStatus.WAITING) | (is_made & OutboxMessage.status.in_(UNSENT))
    # A mail that was made and has no row in the outbox any more counts as sent: its row was deleted some time
    # afterwards.
    is_sent = is_made & (OutboxMessage.id.is_(None) | (OutboxMessage.status == MessageStatus.SENT))
    count = func.count()
    query = select(count.filter(is_sent), count.filter(is_failed), count.filter(is_waiting))
    query = query.select_from(NewsMail).outerjoin(OutboxMessage)
    sent, failed, waiting = db.session.execute(query.where(NewsMail.post_id == post.id)).one()
    return sent, failed, waiting
