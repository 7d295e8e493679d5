"""The weekly mail: what came out since the last one, each Friday at nine by the clock at the venue, or nothing.

A follower's mail has the posts that the follower has not had, so that no post comes twice and none is lost when a mail
was left out. A mail that could not be made within WINDOW of its hour, because no worker ran or a clock was wrong, is
left out: the next mail has its posts (R18).
"""

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo

from sqlalchemy import or_, select

from forum.events.models import Event
from forum.extensions import db
from forum.followers import ending, mails, queries
from forum.followers.enums import NewsMailStatus, Pace
from forum.followers.models import Follower, MailedPost, NewsMail
from forum.followers.sending import lock_follower, lock_post
from forum.news.models import Post, PostText
from forum.news.queries import IS_ANNOUNCED, NEWEST_FIRST
from forum.registration import tombstones

FRIDAY, HOUR = 4, 9
WINDOW = timedelta(hours=12)
# A weekly mail has posts from this long before it: more than two weeks, because the last mail may have been left out.
LOOKS_BACK = timedelta(days=15)
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
    return datetime.combine(day - timedelta(days=7), time(HOUR), zone)


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of followers whose weekly mail may be made now."""
    room = queries.count_room()
    chosen: list[int] = []
    for event in db.session.scalars(
        select(Event).where(Event.is_published, _has_weekly()).order_by(Event.id)
    ):
        due = due_at(event, now)
        if now < due + WINDOW and room > len(chosen) and _has_posts(event, due):
            chosen += _list_waiting(event, due, room - len(chosen))
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


def _list_waiting(event: Event, due: datetime, room: int) -> Sequence[int]:
    mine = Follower.event_id == event.id, Follower.pace == Pace.WEEKLY, Follower.confirmed_at <= due
    # A follower whose `weekly_at` is later than `due` gets the mail, too: a wrong clock has stored that moment.
    is_to_come = or_(Follower.weekly_at.is_(None), Follower.weekly_at != due)
    query = select(Follower.id).where(*mine, is_to_come).order_by(Follower.id)
    return db.session.scalars(query.limit(room)).all()


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
