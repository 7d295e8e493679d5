"""The address whose owner may read a registration's sealed answers, which own data show to their author only.

An organiser can merge a registration with one made by themselves, or enter their own address for a person. Neither may
reveal answers that only handlers and the role care read (P05, P21, P25). So the answers stay bound to the earlier
address, and own data show them again once the person's page has that address. A person who changes the address keeps
what the earlier one could read: who owns both addresses of two merged registrations proves it by confirming the other
one. Answers of a registration without an address are never shown.

A person who cancels and registers again has several registrations at one address, of which only one is live. The ended
ones belong to whoever the confirmed address belongs to (`list_former`): own data include them, and they are erased
together. Their sealed answers stay closed, because a mailbox may be shared.
"""

from collections.abc import Iterable, Sequence

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


def list_former(registration: Registration) -> Sequence[Registration]:
    """Return the event's ended registrations with the person's confirmed address, and those merged with them.

    While somebody else is registered with that address, the ended ones may be theirs, so nobody is given any. One that
    was merged with a living registration belongs to that person. An address that organisers chose, and whose owner has
    not given the sealed answers, leads to nothing.
    """
    mine = {one.id: one for one in (registration, *list_joined(registration))}
    found: dict[int, Registration] = {}
    sharing = _list_sharing(mine.values())
    taken = {one.email_canonical for one in sharing if one.is_live}
    for one in sharing:
        joined = (one, *list_joined(one))
        if one.email_canonical not in taken and not any(each.is_live for each in joined):
            found |= {each.id: each for each in joined}
    return [found[number] for number in sorted(found)]


def find_living(registration: Registration) -> Registration | None:
    """Return the live registration of somebody else who has confirmed the same address, or None."""
    mine = (registration, *list_joined(registration))
    return next((one for one in _list_sharing(mine) if one.is_live), None)


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


def _list_sharing(registrations: Iterable[Registration]) -> Sequence[Registration]:
    """Return the event's other registrations whose owner has confirmed the confirmed address of one of these."""
    mine = {one.id: one for one in registrations}
    addresses = {
        one.email_canonical
        for one in mine.values()
        if one.has_address and one.confirmed_at is not None and _owner(one) == digest(one.email_canonical)
    }
    (event_id,) = {one.event_id for one in mine.values()}
    same = Registration.event_id == event_id, Registration.email_canonical.in_(addresses)
    confirmed = Registration.confirmed_at.is_not(None), Registration.id.not_in(mine)
    return db.session.scalars(select(Registration).where(*same, *confirmed).order_by(Registration.id)).all()


def _owner(registration: Registration) -> str:
    return registration.sealed_for or digest(registration.email_canonical)
