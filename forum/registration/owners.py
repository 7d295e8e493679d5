"""The address whose owner may read a registration's sealed answers, which own data show to their author only.

An organiser can merge a registration with one made by themselves, or enter their own address for a person. Neither may
reveal answers that only handlers and the role care read (P05, P21, P25). So the answers stay bound to the earlier
address, and own data show them again once the person's page has that address. A person who changes the address keeps
what the earlier one could read: who owns both addresses of two merged registrations proves it by confirming the other
one. Answers of a registration without an address are never shown.
"""

from collections.abc import Sequence

from sqlalchemy import or_, select

from forum.columns import digest
from forum.extensions import db
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration


def list_joined(registration: Registration) -> Sequence[Registration]:
    """Return every other registration that merges have joined with this one, directly or through another."""
    known, new = {registration.id}, {registration.id}
    while new:
        either = or_(RegistrationMerge.kept_id.in_(new), RegistrationMerge.ended_id.in_(new))
        pairs = db.session.execute(
            select(RegistrationMerge.kept_id, RegistrationMerge.ended_id).where(either)
        ).all()
        new = {number for pair in pairs for number in pair} - known
        known |= new
    others = select(Registration).where(Registration.id.in_(known - {registration.id}))
    return db.session.scalars(others.order_by(Registration.id)).all()


def may_read_sealed(registration: Registration) -> bool:
    """Return whether the owner of the registration's address may read the sealed answers of it and all merged ones."""
    mine = digest(registration.email_canonical)
    return all(_owner(one) == mine for one in (registration, *list_joined(registration)))


def keep_owner(registration: Registration) -> None:
    """Bind sealed answers to the registration's present address, before organisers choose another one."""
    registration.sealed_for = _owner(registration)


def follow_address(registration: Registration, canonical: str) -> None:
    """Let the new address read the sealed answers that the present one may; call before replacing the address."""
    mine = digest(registration.email_canonical)
    for one in (registration, *list_joined(registration)):
        if _owner(one) == mine:
            one.sealed_for = digest(canonical)


def _owner(registration: Registration) -> str:
    return registration.sealed_for or digest(registration.email_canonical)
