"""Finding people who have no confirmed address, but for whom an address was entered and a link was sent there.

A person who has an address and has asked for another one does not count: the person's page shows organisers only the
confirmed address.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, func, or_, select

from forum.events.models import Event
from forum.people.models import AddressChange
from forum.registration.enums import AddressState, Status
from forum.registration.models import Registration


def is_awaited(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a person has no address yet, but a link that works was sent to an entered one."""
    mine = AddressChange.registration_id == Registration.id, AddressChange.expires_at > now
    return (Registration.email == "") & exists().where(*mine)


def is_in(state: AddressState, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a person's address is in this state; a person is in exactly one state."""
    is_pending, awaited = Registration.status == Status.PENDING, is_awaited(now)
    if state == AddressState.ENTERED:
        return or_(is_pending, awaited)
    has_address = Registration.email != "" if state == AddressState.CONFIRMED else Registration.email == ""
    return has_address & ~is_pending & ~awaited


def select_holding(event: Event, text: str, now: datetime) -> Select[int]:
    """Select the ids of the event's people whose entered address has this text, which is in lower case."""
    query = select(AddressChange.registration_id).join(
        Registration, Registration.id == AddressChange.registration_id
    )
    awaited = Registration.email == "", AddressChange.expires_at > now
    has_text = func.lower(AddressChange.email).contains(text, autoescape=True)
    return query.where(Registration.event_id == event.id, *awaited, has_text)
