"""Publishing an event, and choosing the front page. Nothing here commits; call after `start_write`."""

from datetime import datetime

from sqlalchemy import or_, select

from forum.audit import actions as audit
from forum.database import read_locked
from forum.events.making import lock_events
from forum.events.models import Event
from forum.events.queries import is_over
from forum.extensions import db


def publish(event: Event, *, actor: str, now: datetime) -> None:
    """Show the event to everybody; one that lies ahead becomes the front page of the site.

    The event that was the front page is then an earlier one, with an address of its own, and takes no registrations.
    An event that is over takes no front page from another one. Does nothing when it is published already.
    """
    former = _lock_with_current(event)
    if event.is_published:
        return
    event.is_published = True
    audit.record("event.published", event, actor=actor, at=now)
    if not is_over(event, now):
        _move_to_front(event, former, actor=actor, now=now)


def make_front_page(event: Event, *, actor: str, now: datetime) -> None:
    """Make a published event the front page of the site; the event that was the front page becomes an earlier one."""
    former = _lock_with_current(event)
    if event.is_published:
        _move_to_front(event, former, actor=actor, now=now)


def displaced_by(event: Event, now: datetime) -> Event | None:
    """Return the event that would no longer be the front page if this one was published or moved there now."""
    if event.is_current or (is_over(event, now) and not event.is_published):
        return None
    return db.session.scalars(select(Event).where(Event.is_current)).one_or_none()


def _lock_with_current(event: Event) -> Event | None:
    """Lock the event and the current one, in one order for everybody; return the current one if it is another."""
    lock_events()
    query = select(Event).where(or_(Event.id == event.id, Event.is_current)).order_by(Event.id)
    rows = db.session.scalars(read_locked(query)).all()
    return next((row for row in rows if row.is_current and row is not event), None)


def _move_to_front(event: Event, former: Event | None, *, actor: str, now: datetime) -> None:
    if event.is_current:
        return
    if former is not None:
        former.is_current = False
        # Write this before the next change: the database never accepts two current events.
        db.session.flush()
        audit.record("event.archived", former, actor=actor, at=now, by=event.id)
    event.is_current = True
    audit.record("event.made_front_page", event, actor=actor, at=now)
