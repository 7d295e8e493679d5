"""Counting the places that are held, row by row: by registrations, and for people who are invited."""

from collections import Counter

from sqlalchemy import Boolean, Integer, column, func, select, table

from forum.events.models import Event
from forum.extensions import db
from forum.registration.models import HOLDS_PLACE, Registration

# The columns of the table of invitations by which held places are counted. Its model is in the package `invitations`,
# which `registration` may not import.
INVITATIONS = table(
    "invitations", column("event_id", Integer), column("sector_id", Integer), column("holds_place", Boolean)
)


def count_places(event: Event) -> Counter[int]:
    """Return by sector id how many places are held, by registrations and for people who are invited."""
    held = Registration.event_id == event.id, HOLDS_PLACE
    query = select(Registration.sector_id, func.count()).where(*held).group_by(Registration.sector_id)
    return Counter(dict(db.session.execute(query).all())) + count_invited(event)


def count_invited(event: Event) -> Counter[int]:
    """Return, by sector id, how many places open invitations hold for invited people."""
    held = INVITATIONS.c.event_id == event.id, INVITATIONS.c.holds_place
    query = select(INVITATIONS.c.sector_id, func.count()).where(*held).group_by(INVITATIONS.c.sector_id)
    return Counter(dict(db.session.execute(query).all()))
