"""People without an address of whom one was entered that nobody has confirmed: known by the link that was sent there.

A person who has an address and has asked for another one is not among them: the person's page shows organisers only
the confirmed address.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, exists

from forum.people.models import AddressChange
from forum.registration.models import Registration


def is_awaited(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a person has no address yet, but a link that works was sent to an entered one."""
    mine = AddressChange.registration_id == Registration.id, AddressChange.expires_at > now
    return (Registration.email == "") & exists().where(*mine)
