"""One-time links: 256 random bits, for one purpose, stored as a digest, revoked by a newer link (S04, S18–S20)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from forum.accounts import queries
from forum.accounts.enums import LinkPurpose
from forum.accounts.errors import LinkRefused
from forum.accounts.models import OneTimeLink, User
from forum.columns import digest, new_token
from forum.extensions import db

LIFETIMES = {
    LinkPurpose.WELCOME: timedelta(hours=24),
    LinkPurpose.RESET: timedelta(minutes=30),
    LinkPurpose.SECOND_FACTOR: timedelta(minutes=10),
    LinkPurpose.ADD_PASSKEY: timedelta(minutes=5),
    LinkPurpose.USE_PASSKEY: timedelta(minutes=5),
    LinkPurpose.DEMO: timedelta(hours=24),
}
# No new link for a new password is mailed while the last one is unused and younger than YOUNG. Such a link works for
# longer than YOUNG, so that a person who gets no new link can still use the last one.
YOUNG = timedelta(minutes=20)


def issue(
    user: User | None, purpose: LinkPurpose, *, now: datetime, lifetime: timedelta | None = None
) -> str:
    """Store a new link and return its token; the user's earlier links for this purpose are revoked.

    The link works for `lifetime`, by default that of its purpose. With None as the user the link never works: it is
    stored so that a request for an unknown address takes as long as one for a known address (S24).
    """
    user_id = user.id if user else None
    same = (OneTimeLink.user_id == user_id) & (OneTimeLink.purpose == purpose)
    db.session.execute(delete(OneTimeLink).where(same))
    token = new_token()
    expires_at = now + (lifetime or LIFETIMES[purpose])
    db.session.add(OneTimeLink(digest=digest(token), user_id=user_id, purpose=purpose, expires_at=expires_at))
    db.session.flush()
    return token


def has_young(user: User | None, purpose: LinkPurpose, *, now: datetime) -> bool:
    """Return whether the user has an unused link that is younger than YOUNG."""
    same = (OneTimeLink.user_id == (user.id if user else None)) & (OneTimeLink.purpose == purpose)
    born_since = OneTimeLink.expires_at > now + LIFETIMES[purpose] - YOUNG
    query = select(OneTimeLink.digest).where(same, born_since, OneTimeLink.used_at.is_(None))
    return db.session.scalars(query.limit(1)).first() is not None


def look(token: str, purpose: LinkPurpose, *, now: datetime) -> User:
    """Return the user of a valid link without using it up. Raises LinkRefused."""
    link = db.session.get(OneTimeLink, digest(token))
    if link is None or link.purpose != purpose or link.used_at is not None or link.expires_at <= now:
        raise LinkRefused
    if link.user is None or not link.user.active:
        raise LinkRefused
    return link.user


def use(token: str, purpose: LinkPurpose, *, now: datetime) -> User:
    """Use the link up and return its user; one of two simultaneous requests fails. Raises LinkRefused."""
    user = look(token, purpose, now=now)
    queries.lock_user(user.id)
    unused = (OneTimeLink.digest == digest(token)) & OneTimeLink.used_at.is_(None)
    taken = update(OneTimeLink).where(unused).values(used_at=now).returning(OneTimeLink.digest)
    if db.session.scalars(taken).one_or_none() is None:
        raise LinkRefused
    return user


def revoke_all(user: User) -> None:
    """Revoke every link of the user."""
    db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
