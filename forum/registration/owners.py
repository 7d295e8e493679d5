"""To which address sealed answers may be told: own data show them only to whoever is known to have given them.

An organiser can merge a registration with one of their own making, or enter an address of their own for somebody.
Neither may open what only handlers and the role care read (P05, P21, P25). So by such an act the answers keep the
address that they had, and are told again once the person's page is at that address. A person who moves from one
address to another takes along what was told at the first: whoever has both addresses of two merged registrations
confirms the other one on their page, and has shown that they belong together. Whoever had no address has none to show.
"""

from collections.abc import Sequence

from sqlalchemy import or_, select

from forum.columns import digest
from forum.extensions import db
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration


def list_joined(registration: Registration) -> Sequence[Registration]:
    """Return every other registration that merges have made one with this, directly or through another."""
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
    """Return whether the sealed answers of the registration and of all merged with it may be told at its address."""
    mine = digest(registration.email_canonical)
    return all(_owner(one) == mine for one in (registration, *list_joined(registration)))


def keep_owner(registration: Registration) -> None:
    """Keep sealed answers with the address that the registration has, because organisers have chosen another one."""
    registration.sealed_for = _owner(registration)


def follow_address(registration: Registration, canonical: str) -> None:
    """Let a person's new address be told what may be told at the one before; call before the address is replaced."""
    mine = digest(registration.email_canonical)
    for one in (registration, *list_joined(registration)):
        if _owner(one) == mine:
            one.sealed_for = digest(canonical)


def _owner(registration: Registration) -> str:
    return registration.sealed_for or digest(registration.email_canonical)
