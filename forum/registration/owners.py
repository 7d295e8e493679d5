"""The address whose owner may read a registration's sealed answers, which own data show to their author only.

An organiser can merge a registration with one made by themselves, or enter their own address for a person. Neither may
reveal answers that only handlers and the role care read (P05, P21, P25). So the answers stay bound to the earlier
address; once the registration has that address again, the page of all data shows them. A person who changes their
address can still read what the earlier address could. Whoever owns both addresses of two merged registrations proves it
by confirming the other address. Answers of a registration without an address are never shown.

A person who cancels and registers again has several registrations at one address, of which only one is live. The ended
ones belong to whoever the confirmed address belongs to (`list_former`): own data include them, and they are erased
together, but for those under a restriction (`list_kept`). Their sealed answers stay closed, because a mailbox may be
shared.
"""

import hmac
from collections.abc import Collection, Sequence
from datetime import datetime

from flask import current_app
from sqlalchemy import or_, select

from forum.columns import DIGEST_LENGTH, digest
from forum.extensions import db
from forum.registration import restrictions
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration

# What a keyed digest of an address begins with. An earlier version stored plain ones, from which somebody with a copy
# of the database could guess the address.
KEYED = "k:"
KEYED_AT_ONCE = 500


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
    others = known - {registration.id}
    query = select(Registration).where(Registration.id.in_(others)).order_by(Registration.id)
    return db.session.scalars(query).all() if others else []


def list_former(registration: Registration) -> Sequence[Registration]:
    """Return the event's ended registrations with the person's confirmed address, and those merged with them.

    While somebody else is registered with that address, the ended ones may be theirs, so nobody is given any. A
    registration that was merged with a live one belongs to the person of that one. An address that organisers have
    entered, for the person or for an ended registration, gives access only if its owner has given the sealed answers.
    """
    mine = [registration, *list_joined(registration)]
    by_number: dict[int, Registration] = {}
    sharing = _list_sharing(mine, {one.email_canonical for one in mine if _is_confirmed(one)})
    taken = {one.email_canonical for one in sharing if one.is_live}
    for one in sharing:
        joined = (one, *list_joined(one))
        is_mine = one.email_canonical not in taken and _is_confirmed(one)
        if is_mine and not any(each.is_live for each in joined):
            by_number |= {each.id: each for each in joined}
    return [by_number[number] for number in sorted(by_number)]


def list_kept(former: Sequence[Registration]) -> list[Registration]:
    """Return those ended registrations that a restriction keeps from being erased with the person (Art. 18).

    Those that are merged with such a registration are kept, too.
    """
    return [one for one in former if any(restrictions.stands(each) for each in (one, *list_joined(one)))]


def find_living(registration: Registration) -> Registration | None:
    """Return another person's live registration whose confirmed address is the same as this registration's, or None."""
    mine = (registration, *list_joined(registration))
    return next((one for one in _list_sharing(mine, {registration.email_canonical}) if one.is_live), None)


def list_sole(registrations: Sequence[Registration]) -> list[Registration]:
    """Return the registrations whose address no other live registration has: rows that name the address are theirs."""
    sharing = _list_sharing(registrations, {one.email_canonical for one in registrations})
    taken = {one.email_canonical for one in sharing if one.is_live}
    return [one for one in registrations if one.email_canonical not in taken]


def list_forgettable(erased: Sequence[Registration]) -> list[Registration]:
    """Return those registrations to be erased whose address no remaining registration has.

    Rows that name such an address, such as invitations, are erased with them. A registration remains while it is
    live, or while a restriction of it, or of one merged with it, applies or is requested (Art. 18).
    """
    sharing = _list_sharing(erased, {one.email_canonical for one in erased})
    kept = list_kept(sharing)
    taken = {one.email_canonical for one in sharing if one.is_live or one in kept}
    return [one for one in erased if one.email_canonical not in taken]


def may_read_sealed(registration: Registration) -> bool:
    """Return whether the address's owner may read the sealed answers of this registration and all merged with it."""
    mine = registration.email_canonical
    return all(_is_owner(mine, one) for one in (registration, *list_joined(registration)))


def keep_owner(registration: Registration) -> None:
    """Bind sealed answers to the registration's present address, before organisers choose another one."""
    registration.sealed_for = registration.sealed_for or _digests(registration.email_canonical)[0]


def follow_address(registration: Registration, canonical: str) -> None:
    """Let the new address read the sealed answers that the present one may read. Call before replacing the address."""
    mine = registration.email_canonical
    for one in (registration, *list_joined(registration)):
        if _is_owner(mine, one):
            one.sealed_for = _digests(canonical)[0]


def key_old(*, now: datetime) -> int:
    """Put keyed digests in place of the plain ones that an earlier version stored; return how many."""
    is_plain = Registration.sealed_for.is_not(None), Registration.sealed_for.not_like(f"{KEYED}%")
    query = select(Registration).where(*is_plain).order_by(Registration.id).limit(KEYED_AT_ONCE)
    plain = db.session.scalars(query.with_for_update()).all()
    for one in plain:
        one.sealed_for = _keyed(one.sealed_for or "")[0]
    return len(plain)


def _list_sharing(
    registrations: Sequence[Registration], addresses: Collection[str]
) -> Sequence[Registration]:
    """Return the event's other registrations with one of these canonical addresses that somebody has confirmed."""
    (event_id,) = {one.event_id for one in registrations}
    same = Registration.event_id == event_id, Registration.email_canonical.in_(addresses)
    other = Registration.id.not_in([one.id for one in registrations])
    confirmed = select(Registration).where(*same, other, Registration.confirmed_at.is_not(None))
    return db.session.scalars(confirmed.order_by(Registration.id)).all()


def _is_confirmed(registration: Registration) -> bool:
    """Return whether whoever gave the sealed answers has confirmed the registration's address."""
    is_owners = _is_owner(registration.email_canonical, registration)
    return registration.has_address and registration.confirmed_at is not None and is_owners


def _is_owner(canonical: str, registration: Registration) -> bool:
    """Return whether the sealed answers of the registration are bound to the address."""
    if registration.sealed_for is None:
        return registration.email_canonical == canonical
    return registration.sealed_for in _digests(canonical)


def _digests(canonical: str) -> list[str]:
    """Return the digests of an address under each audit key, the present one first, then that of earlier versions."""
    plain = digest(canonical)
    return [*_keyed(plain), plain]


def _keyed(plain: str) -> list[str]:
    """Return the keyed digests made from a plain digest, such as an earlier version stored; each fits the column."""
    keys = current_app.config["DATA_KEYS"]["audit"]
    said = f"sealed answers:{plain}".encode()
    return [(KEYED + hmac.digest(key, said, "sha256").hex())[:DIGEST_LENGTH] for key in keys]
