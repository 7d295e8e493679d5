"""Acts on many invitations at once: carried out only if there are as many as the organiser's page has said."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Select

from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.invitations.errors import EventOver
from forum.invitations.models import Invitation
from forum.registration import places


def lock_all(
    event: Event, kind: Callable[[Event, datetime], Select[Invitation]], *, expected: int, now: datetime
) -> Sequence[Invitation]:
    """Lock the event and return the invitations that a query selects; none if their number is not the expected one.

    `kind(event, now)` returns the query; `expected` is the number that the organiser has read. Raises EventOver.
    """
    places.lock(event)
    if events.is_off(event, now):
        raise EventOver
    invitations = db.session.scalars(kind(event, now)).all()
    return invitations if len(invitations) == expected else ()
