"""Who is chosen: the people whom an organiser has ticked on any page of an event's attendee list.

Each organiser has a choice of their own, which stays the same over pages, searches and filters. A deleted person is
removed from it, and a person whose data may not be used does not count as chosen. Protected identity makes no
difference (P21).
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select

from forum.events.models import Event
from forum.extensions import db
from forum.registration.chosen_models import ChosenPerson
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED


def _of(event_id: Any, user_id: Any) -> Select[int]:
    """Select the ids of the registrations that this organiser has chosen."""
    return select(ChosenPerson.registration_id).where(
        ChosenPerson.user_id == user_id,
        ChosenPerson.event_id == event_id,
        ChosenPerson.registration_id.not_in(RESTRICTED),
    )


# This statement is built once, because each page of the attendee list runs it.
CHOSEN = _of(bindparam("event_id"), bindparam("user_id"))


def list_ids(event: Event, user_id: int) -> set[int]:
    """Return the ids of the registrations that this organiser has chosen."""
    return set(db.session.scalars(CHOSEN, {"event_id": event.id, "user_id": user_id}))


def list_among(event: Event, user_id: int, references: Collection[str]) -> set[str]:
    """Return those of these references whose registrations this organiser has chosen."""
    among = select(Registration.reference).where(
        Registration.event_id == event.id,
        Registration.reference.in_(references),
        is_chosen(event, user_id),
    )
    return set(db.session.scalars(among))


def is_chosen(event: Event, user_id: int) -> ColumnElement[bool]:
    """Return the condition that this organiser has chosen a registration, for queries of registrations."""
    return Registration.id.in_(_of(event.id, user_id))
