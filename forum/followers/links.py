"""Links of followers: 256 random bits, one purpose, stored as a digest (S18).

A link that confirms works as long as the request is kept, one to the choices for a month, and one that ends the mails
as long as there is a follower: a mail may be read late, and its button must work.
"""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from forum.columns import digest, new_token
from forum.extensions import db
from forum.followers.enums import FollowPurpose
from forum.followers.errors import NoFollowing
from forum.followers.models import Follower, FollowerLink
from forum.outbox import return_paths
from forum.registration import tombstones

LEAVING = b"forum: leaving the news by mail"
UNCONFIRMED_LASTS = timedelta(hours=48)
CHOICES_LAST = timedelta(days=30)
LASTS = {FollowPurpose.CONFIRM: UNCONFIRMED_LASTS, FollowPurpose.CHOOSE: CHOICES_LAST}
PATHS = {
    FollowPurpose.CONFIRM: "r/news/confirm/",
    FollowPurpose.CHOOSE: "r/news/choices/",
    FollowPurpose.LEAVE: "r/news/leave/",
}


def issue(follower: Follower, purpose: FollowPurpose, *, now: datetime) -> str:
    """Make a link for the follower and return its token; only the token's digest is stored."""
    token = new_token()
    link = FollowerLink(digest=digest(token), follower_id=follower.id, purpose=purpose, made_at=now)
    db.session.add(link)
    return token


def issue_address(follower: Follower, purpose: FollowPurpose, *, now: datetime) -> str:
    """Make a link for the follower and return its URL, under BASE_URL whatever the request's Host is (S39)."""
    token = issue(follower, purpose, now=now)
    return f"{current_app.config['BASE_URL']}/{follower.language}/{PATHS[purpose]}{token}"


def leave_address_of(follower: Follower) -> str:
    """Return the address to which the follower writes to end the mails; "" where the forum reads no mail."""
    if not return_paths.can_come_back():
        return ""
    return return_paths.address_of(LEAVING, follower.id, leave_mark(follower))


def leave_mark(follower: Follower) -> str:
    """Return a text that no other follower ever has; the follower's address for leaving contains its digest."""
    return tombstones.follower_value(follower.email_canonical, follower.confirmed_at or follower.asked_at)


def follow(token: str, purpose: FollowPurpose, *, now: datetime, is_locked: bool = False) -> Follower:
    """Return the follower to whom a link belongs, locked until the commit if `is_locked`. Raises NoFollowing."""
    query = select(Follower).join(FollowerLink, FollowerLink.follower_id == Follower.id)
    query = query.where(FollowerLink.digest == digest(token), FollowerLink.purpose == purpose)
    if lasts := LASTS.get(purpose):
        query = query.where(FollowerLink.made_at > now - lasts)
    if is_locked:
        query = query.with_for_update(of=Follower).execution_options(populate_existing=True)
    follower = db.session.scalars(query).one_or_none()
    if follower is None:
        raise NoFollowing
    return follower
