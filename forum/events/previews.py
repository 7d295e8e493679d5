"""Private links that show an event before it is published. Nothing here commits; call `start_write` before a change.

A link's token is random and stored as a digest only (S18). The link opens nothing but the preview (S19), until it
expires, an organiser ends it or the event is published.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from forum.audit import actions as audit
from forum.columns import LARGEST_ID, digest, new_token
from forum.events import queries
from forum.events.models import Event, PreviewLink
from forum.extensions import db

# The numbers of days for which a private link can be made, the usual number first.
DAYS = (7, 1, 30)
# The most private links of an event that work at once: a longer list would confuse organisers.
MOST = 20


def make_link(event: Event, *, days: int, actor: str, now: datetime) -> str:
    """Make a link that works for this number of days; return its token, which is stored nowhere."""
    token = new_token()
    link = PreviewLink(
        event_id=event.id, digest=digest(token), made_at=now, expires_at=now + timedelta(days=days)
    )
    db.session.add(link)
    audit.record("preview.made", event, actor=actor, at=now, days=days)
    return token


def end_link(link: PreviewLink, *, actor: str, now: datetime) -> None:
    """End a link at once; ending it again changes nothing."""
    if link.revoked_at is None:
        link.revoked_at = now
        audit.record("preview.ended", link.event, actor=actor, at=now, link=link.id)


def end_links(event: Event, *, actor: str, now: datetime) -> None:
    """End all links of an event that work now."""
    for link in list_links(event, now):
        end_link(link, actor=actor, now=now)


def list_links(event: Event, now: datetime) -> Sequence[PreviewLink]:
    """Return the event's links that work now, the newest first."""
    mine = PreviewLink.event_id == event.id, PreviewLink.expires_at > now, PreviewLink.revoked_at.is_(None)
    return db.session.scalars(select(PreviewLink).where(*mine).order_by(PreviewLink.id.desc())).all()


def find_link(event: Event, number: int) -> PreviewLink | None:
    """Return the event's link with this id."""
    if number > LARGEST_ID:
        return None
    mine = PreviewLink.id == number, PreviewLink.event_id == event.id
    return db.session.scalars(select(PreviewLink).where(*mine)).one_or_none()


def find_event(token_digest: str, now: datetime) -> Event | None:
    """Return the event that the link with this digest shows; None for a link that does not work now.

    A published event has nothing to hide: it is returned even if the link has ended, which then leads to public pages.
    """
    query = select(PreviewLink).where(PreviewLink.digest == token_digest)
    link = db.session.scalars(query.options(joinedload(PreviewLink.event))).one_or_none()
    if link is None:
        return None
    is_ended = link.revoked_at is not None or link.expires_at <= now
    return None if is_ended and not link.event.is_published else link.event


def as_published(event: Event) -> Event:
    """Return the event as it will be once it is published, without a database session, so that nothing stores it."""
    queries.load_sectors(event)
    queries.load_pages(event)
    rows = [*event.sectors, *event.pages]
    db.session.expunge(event)
    for row in rows:
        set_committed_value(row, "event", event)
    event.is_published = True
    return event
