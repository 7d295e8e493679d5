"""Publishing and unpublishing an event, and choosing the front page.

Nothing here commits; call after `start_write`.
"""

from datetime import datetime

from sqlalchemy import or_, select

from forum.audit import actions as audit
from forum.database import read_locked
from forum.events import previews
from forum.events.making import lock_events
from forum.events.models import Event
from forum.events.queries import is_over
from forum.extensions import db


def publish(event: Event, *, to_front: bool = False, actor: str, now: datetime) -> None:
    """Show the event to everybody; `to_front` makes it the front page of the site in place of another event.

    An event in the future also becomes the front page if the front page has no event, or an event that is over. An
    event that is over never becomes the front page. Private links to its preview end for good. Does nothing when the
    event is published already.
    """
    former = _lock_with_current(event)
    if event.is_published:
        return
    event.is_published, event.unpublished_at = True, None
    audit.record("event.published", event, actor=actor, at=now)
    previews.end_links(event, actor=actor, now=now)
    is_free = former is None or not former.is_published or is_over(former, now)
    if (to_front or is_free) and not is_over(event, now):
        _move_to_front(event, former, actor=actor, now=now)


def unpublish(event: Event, *, actor: str, now: datetime) -> None:
    """Hide the event from visitors; its registrations, places and personal links stay as they are.

    An event that is the front page stays the front page, which then says that the forum is not public at the moment.
    Does nothing when the event is not published.
    """
    _lock_with_current(event)
    if event.is_published:
        event.is_published, event.unpublished_at = False, now
        audit.record("event.unpublished", event, actor=actor, at=now)


def make_front_page(event: Event, *, actor: str, now: datetime) -> None:
    """Make a published event the front page of the site.

    The event that was the front page keeps its pages and its registration, under an address of its own.
    """
    former = _lock_with_current(event)
    if event.is_published:
        _move_to_front(event, former, actor=actor, now=now)


def displaced_by(event: Event, now: datetime) -> Event | None:
    """Return the event that visitors would no longer see on the front page if this one was moved there now."""
    if event.is_current or (is_over(event, now) and not event.is_published):
        return None
    return db.session.scalars(select(Event).where(Event.is_current, Event.is_published)).one_or_none()


def _lock_with_current(event: Event) -> Event | None:
    """Lock the event and the current event, always in the same order; return the current event if it is another one."""
    lock_events()
    query = select(Event).where(or_(Event.id == event.id, Event.is_current)).order_by(Event.id)
    rows = db.session.scalars(read_locked(query)).all()
    return next((row for row in rows if row.is_current and row is not event), None)


def _move_to_front(event: Event, former: Event | None, *, actor: str, now: datetime) -> None:
    if event.is_current:
        return
    if former is not None:
        former.is_current = False
        # Write this change before `event` becomes the current one: the database never accepts two current events.
        db.session.flush()
        audit.record("event.left_front_page", former, actor=actor, at=now, by=event.id)
    event.is_current = True
    audit.record("event.made_front_page", event, actor=actor, at=now)
