"""Mailing a post to those who follow the news at once, a few mails at a time, each in a transaction of its own.

A post goes out two minutes (PAUSE) after it was announced, so that one taken back by then stays unmailed. Then each
reader of the post gets a row; the database allows one row for a post and a follower. The row's state and the mail are
stored together: a worker that is killed leaves neither a second mail nor a follower without one (R12).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from forum.database import read_locked
from forum.extensions import db
from forum.followers import ending, mails, queries
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, MailedPost, NewsMail
from forum.news.models import Post
from forum.news.queries import IS_ANNOUNCED
from forum.registration import tombstones

PAUSE = timedelta(minutes=2)
# A post that could not be mailed for this long, because no worker ran, gets no mails of its own; weekly mails still
# have it.
LATEST = timedelta(days=2)
COLUMNS = ("post_id", "follower_id", "status", "made_at")


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the posts that are to go out now."""
    is_due = Post.announced_at <= now - PAUSE, Post.announced_at > now - queries.NEW
    is_unknown = or_(MailedPost.post_id.is_(None), MailedPost.announced_at != Post.announced_at)
    query = select(Post).outerjoin(MailedPost, MailedPost.post_id == Post.id)
    is_known_still = or_(MailedPost.post_id.is_(None), MailedPost.announced_at > now - ending.ROWS_KEPT)
    query = query.where(IS_ANNOUNCED, Post.goes_by_mail, *is_due, is_unknown, is_known_still)
    posts = db.session.scalars(query.order_by(Post.id)).all()
    return [post.id for post in posts if queries.is_new(post)]


def begin(post_id: int, *, now: datetime) -> int:
    """Add a row for each follower who gets the post by a mail of its own; return how many.

    Followers who had the post before, because it was withdrawn and published again, do not get it again; once the forum
    no longer keeps who has had it, the post goes to nobody. Does nothing when the post was taken back meanwhile, or
    another worker has been faster.
    """
    post = lock_post(post_id)
    if post is None or not queries.is_new(post) or post.announced_at is None:
        return 0
    mailed = db.session.get(MailedPost, post_id) or MailedPost(post_id=post_id)
    if mailed.announced_at == post.announced_at or ending.is_forgotten(mailed, now):
        return 0
    # Keep the rows of earlier mails with this post as long as the new ones: they say which follower has had the post.
    db.session.execute(update(NewsMail).where(NewsMail.post_id == post_id).values(made_at=now))
    mailed.announced_at = post.announced_at
    db.session.add(mailed)
    db.session.flush()
    if post.announced_at <= now - LATEST:
        return 0
    return _add_rows(post, now)


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the NewsMail rows whose mails may go to the outbox now."""
    waiting = select(NewsMail.id).where(NewsMail.status == NewsMailStatus.WAITING).order_by(NewsMail.id)
    first = db.session.scalars(waiting.limit(queries.AT_ONCE)).all()
    # After a restore send no mails before followers who had left are taken off the restored list again.
    return first[: queries.count_room(now)] if first and not tombstones.has_due(now=now) else []


def queue_one(mail_id: int, *, now: datetime) -> int:
    """Queue the mail of a NewsMail row; return how many mails were queued.

    Nobody gets a post that is no longer public, was moved to another event, or came by the mail of another event to
    the same address. An address to which mail comes back is taken off the list.
    """
    known = db.session.get(NewsMail, mail_id)
    if known is None:
        return 0
    post, follower = lock_post(known.post_id), lock_follower(known.follower_id)
    query = select(NewsMail).where(NewsMail.id == mail_id, NewsMail.status == NewsMailStatus.WAITING)
    row = db.session.scalars(read_locked(query)).one_or_none()
    if row is None or post is None or follower is None:
        return 0
    if ending.is_unreachable(follower):
        ending.end(follower)
        return 0
    text = next((each for each in post.texts if each.language == follower.language), None)
    if (
        text is None
        or not queries.is_new(post)
        or post.event_id not in {None, follower.event_id}
        or not follower.event.is_published
        or _has_other(row, follower)
    ):
        row.status = NewsMailStatus.LEFT_OUT
        return 0
    message = mails.queue_post(follower, text, now=now)
    db.session.flush()
    row.message_id, row.status = message.id, NewsMailStatus.QUEUED
    return 1


def lock_post(post_id: int) -> Post | None:
    """Lock a post until the commit, so that it is not withdrawn while a mail about it is made; None if it is gone."""
    query = select(Post).where(Post.id == post_id)
    return db.session.scalars(read_locked(query)).one_or_none()


def lock_follower(follower_id: int) -> Follower | None:
    """Lock a follower until the commit, so that nobody leaves while a mail is made; None for one who has left."""
    query = select(Follower).where(Follower.id == follower_id)
    return db.session.scalars(read_locked(query)).one_or_none()


def _add_rows(post: Post, now: datetime) -> int:
    values = (literal(NewsMailStatus.WAITING.value), literal(now, NewsMail.made_at.type))
    chosen = queries.pairs(Post.id, Follower.id, *values).where(
        Post.id == post.id, Follower.pace == Pace.AT_ONCE, queries.is_of_interest()
    )
    tool = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    added = tool.insert(NewsMail).from_select(COLUMNS, chosen.order_by(Follower.id))
    return len(db.session.scalars(added.on_conflict_do_nothing().returning(NewsMail.id)).all())


def _has_other(row: NewsMail, follower: Follower) -> bool:
    """Return whether the same address gets the post as the follower of another event's news."""
    same = Follower.email_canonical == follower.email_canonical, Follower.id != follower.id
    query = select(NewsMail.id).join(Follower, Follower.id == NewsMail.follower_id).where(*same)
    others = query.where(NewsMail.post_id == row.post_id, NewsMail.status == NewsMailStatus.QUEUED)
    return db.session.scalar(others.limit(1)) is not None
