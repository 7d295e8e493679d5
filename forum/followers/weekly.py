"""The weekly mail: what came out since the last one, each Friday at nine by the clock at the venue, or nothing.

A follower's mail has the posts that the follower has not had, so that no post comes twice and none is lost when a mail
was left out. A mail that could not be made within WINDOW of its hour, because no worker ran or a clock was wrong, is
left out: the next mail has its posts (R18). If a mail was made in time but has not left when the next one is due,
because the mail server was away, `take_back_late` takes it back, and the next mail has its posts, too.
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy import ColumnElement, delete, or_, select

from forum.events.models import Event
from forum.extensions import db
from forum.followers import ending, mails, queries
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, MailedPost, NewsMail
from forum.followers.sending import lock_follower, lock_post
from forum.news.models import Post, PostText
from forum.news.queries import IS_ANNOUNCED, NEWEST_FIRST
from forum.outbox import actions as outbox
from forum.outbox.enums import AbortReason
from forum.outbox.models import OutboxMessage
from forum.outbox.queries import HELD, UNSENT, may_still_leave
from forum.registration import tombstones

FRIDAY, HOUR = 4, 9
WINDOW = timedelta(hours=12)
WEEK = timedelta(days=7)
# A weekly mail has posts from this long before it: more than four weeks, because the last three mails may have been
# left out or taken back.
LOOKS_BACK = timedelta(days=29)
MOST_POSTS = 20


def due_at(event: Event, now: datetime) -> datetime:
    """Return when the latest weekly mail was due: at nine on the last Friday, by the clock at the venue."""
    return due_in(event.zone, now)


def due_in(zone: tzinfo, now: datetime) -> datetime:
    """Return when the latest weekly mail of events in this time zone was due."""
    local = now.astimezone(zone)
    day = local.date() - timedelta(days=(local.weekday() - FRIDAY) % 7)
    moment = datetime.combine(day, time(HOUR), zone)
    if moment <= now:
        return moment
    return datetime.combine(day - WEEK, time(HOUR), zone)


def list_late_mails(*, now: datetime) -> Sequence[int]:
    """Return the ids of weekly mails that have not left before the next one was due.

    A mail that a worker is sending just now, or that a restore holds back, is not among them.
    """
    is_let_go = or_(OutboxMessage.lease_until.is_(None), OutboxMessage.lease_until <= now)
    query = select(OutboxMessage.id).where(*_is_late(now), is_let_go)
    return db.session.scalars(query.order_by(OutboxMessage.id)).all()


def take_back_late(message_id: int, *, now: datetime) -> int:
    """Take back a weekly mail that is late, so that the next one has its posts; return how many mails were taken back.

    A follower who has meanwhile chosen to get each post at once gets no next weekly mail, so the late one may leave.
    """
    rows = select(Follower.pace).join(NewsMail, NewsMail.follower_id == Follower.id)
    pace = db.session.scalar(rows.where(NewsMail.message_id == message_id).limit(1))
    if pace == Pace.AT_ONCE:
        db.session.get_one(OutboxMessage, message_id, with_for_update=True).not_after = None
        return 0
    mine = select(OutboxMessage.id).where(OutboxMessage.id == message_id, *_is_late(now))
    taken_back = outbox.take_back_messages(mine, AbortReason.OUTDATED)
    db.session.execute(delete(NewsMail).where(NewsMail.message_id.in_(taken_back)))
    return len(taken_back)


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of followers whose weekly mail may be made now."""
    room = queries.count_room(now)
    chosen: list[int] = []
    for event in db.session.scalars(
        select(Event).where(Event.is_published, _has_weekly()).order_by(Event.id)
    ):
        due = due_at(event, now)
        if now < due + WINDOW and room > len(chosen) and _has_posts(event, due):
            chosen += _list_waiting(event, due, room - len(chosen), now)
    # After a restore send no mails before followers who had left are taken off the restored list again.
    return chosen if chosen and not tombstones.has_due(now=now) else []


def queue_one(follower_id: int, *, now: datetime) -> int:
    """Queue a follower's weekly mail, if there is something new; return how many mails were queued."""
    known = db.session.get(Follower, follower_id)
    if known is None:
        return 0
    due = due_at(known.event, now)
    # Lock the posts first, in the order of their ids, as all code does that locks a post and a follower.
    for text in sorted(_list_texts(known, due), key=lambda each: each.post_id):
        lock_post(text.post_id)
    follower = lock_follower(follower_id)
    if follower is None or follower.pace != Pace.WEEKLY or follower.weekly_at == due or now >= due + WINDOW:
        return 0
    if ending.is_unreachable(follower):
        ending.end(follower)
        return 0
    follower.weekly_at = due
    texts = _list_texts(follower, due)
    if not texts:
        return 0
    message = mails.queue_weekly(follower, texts, now=now)
    # The mail may leave within a week of `due`, which has the time zone of the venue: so the week ends at the same hour
    # of the clock there, also over a change to summer time.
    message.not_after = due + WEEK
    db.session.flush()
    told = {"follower_id": follower.id, "message_id": message.id, "status": NewsMailStatus.QUEUED}
    db.session.add_all(NewsMail(post_id=text.post_id, made_at=now, **told) for text in texts)
    return 1


def _has_weekly():
    mine = Follower.event_id == Event.id, Follower.pace == Pace.WEEKLY, Follower.confirmed_at.is_not(None)
    return select(Follower.id).where(*mine).exists()


def _has_posts(event: Event, due: datetime) -> bool:
    query = select(Post.id).join(MailedPost, MailedPost.post_id == Post.id)
    mine = or_(Post.event_id == event.id, Post.event_id.is_(None))
    return db.session.scalar(query.where(mine, *_is_recent(due)).limit(1)) is not None


def _list_waiting(event: Event, due: datetime, room: int, now: datetime) -> Sequence[int]:
    mine = Follower.event_id == event.id, Follower.pace == Pace.WEEKLY, Follower.confirmed_at <= due
    # A follower whose `weekly_at` is later than `due`, as a wrong clock may have stored it, gets the mail, too.
    is_to_come = or_(Follower.weekly_at.is_(None), Follower.weekly_at != due)
    # A follower whose last weekly mail is late and has not left gets no next one before the late mail is taken back, or
    # before the worker that is sending it has finished.
    late = select(NewsMail.id).join(OutboxMessage, OutboxMessage.id == NewsMail.message_id)
    has_late = late.where(NewsMail.follower_id == Follower.id, *_is_late(now)).exists()
    query = select(Follower.id).where(*mine, is_to_come, ~has_late).order_by(Follower.id)
    return db.session.scalars(query.limit(room)).all()


def _is_late(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return the SQL conditions for unsent weekly mails that must not leave any more because the next one is due.

    Mails that a restore holds back are not among them: they may have left before it, and the next one is made.
    """
    is_unsent = OutboxMessage.status.in_(UNSENT), OutboxMessage.next_attempt_at != HELD
    return OutboxMessage.kind == "news-weekly", *is_unsent, ~may_still_leave(now)


def _list_texts(follower: Follower, due: datetime) -> list[PostText]:
    """Return the texts of posts that the follower wants and has not had, the newest first."""
    query = queries.pairs(PostText).join(MailedPost, MailedPost.post_id == Post.id)
    query = query.where(Follower.id == follower.id, queries.is_of_interest(), *_is_recent(due))
    ordered = query.where(~queries.has_it_already()).order_by(*NEWEST_FIRST).limit(MOST_POSTS)
    return list(db.session.scalars(ordered))


def _is_recent(due: datetime) -> tuple:
    is_same = MailedPost.announced_at == Post.announced_at
    return (
        IS_ANNOUNCED,
        is_same,
        Post.goes_by_mail,
        Post.announced_at > due - LOOKS_BACK,
        Post.announced_at <= due,
    )
