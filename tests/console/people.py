"""People where the public form would not let them in."""

from sqlalchemy import select

from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration.models import Registration
from tests.factories.registrations import confirmed


def register_elsewhere(event: Event, sector: str, **differing) -> Registration:
    """Take and confirm a registration for an event that is over, as on the day when it opened."""
    current = db.session.scalars(select(Event).where(Event.is_current)).one()
    _swap(current, event)
    registration = confirmed(event, sector, now=event.opens_at, **differing)
    _swap(event, current)
    return registration


def _swap(before: Event, after: Event) -> None:
    for event, is_current in ((before, False), (after, True)):
        start_write(db.session)
        event.is_current = is_current
        db.session.commit()
