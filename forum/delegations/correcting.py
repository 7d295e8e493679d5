"""Correcting the address of a delegation's member who has not confirmed it yet.

The registration with the wrong address ends, its link stops working, and it is erased a day later like any unconfirmed
one. The person gets a link at the other address and keeps the held place. Where that address is registered already,
only its owner learns so: page, work and time are the same for the contact (S24).
"""

import sys
from dataclasses import dataclass, replace
from datetime import datetime

from forum.audit import actions as audit
from forum.delegations import admitting, named, queries
from forum.delegations.admitting import CONTACT
from forum.delegations.enums import DelegateState
from forum.delegations.errors import AddressNamed, NotTheirs
from forum.delegations.models import Delegate, Delegation
from forum.events import freezing
from forum.events import queries as events
from forum.extensions import db
from forum.registration import bare_holds, caps, links, names, places, unconfirmed, waiting_list
from forum.registration import queries as registrations
from forum.registration.errors import SameAddress
from forum.registration.models import Registration
from forum.registration.senders import UNBOUNDED, Sender


@dataclass(frozen=True)
class Held:
    """A place held until an address is confirmed.

    `client` is a keyed digest of the network that the form came from, `key` that of the organisation with the place.
    """

    client: str | None
    key: str


def can_correct(delegate: Delegate, now: datetime) -> bool:
    """Return whether the person can still confirm an address, so that the contact may correct it."""
    until = named.asked_until(delegate)
    return until is not None and until > now and not events.is_off(delegate.delegation.event, now)


def refuse_if_named(
    delegation: Delegation, email: str, now: datetime, *, beside: Delegate | None = None
) -> None:
    """Raise AddressNamed if another person of the delegation, whom the contact sees, has this address.

    A person who is hidden from the contact does not count, nor does one who was erased: only the owner of the address
    gets a message. `beside` is the person whose address is corrected.
    """
    if not email:
        return
    canonical = names.canonical_email(email)
    for one in queries.list_shown(delegation):
        if one is not beside and canonical == _address_of(one, now):
            raise AddressNamed(one.position)


def correct(delegate: Delegate, email: str, *, sender: Sender = UNBOUNDED, now: datetime) -> None:
    """Send the person a link to confirm at another address instead of the earlier one. Call after `start_write`.

    Raises NotTheirs, AnswersFrozen, SameAddress, AddressNamed.
    """
    delegation = delegate.delegation
    places.lock(delegation.event)
    db.session.refresh(delegate)
    before = delegate.registration
    if before is not None:
        db.session.refresh(before)
    if not can_correct(delegate, now):
        raise NotTheirs
    freezing.refuse_if_frozen(delegation.event, now)
    if names.canonical_email(email) == _address_of(delegate, now):
        raise SameAddress
    refuse_if_named(delegation, email, now, beside=delegate)
    held = _let_go(delegate, before, now)
    delegate.first_asked_at = delegate.first_asked_at or named.begun_at(delegate)
    delegate.email, delegate.asked_at, delegate.state = email, now, DelegateState.NAMED
    delegate.confirm_by = None
    drafted = admitting.draft(delegate, delegation, now)
    # The rank in line goes by when the person was asked first, whether the earlier address was registered already or
    # not (S24).
    drafted.requested_at = delegate.first_asked_at
    is_free = admitting.has_room(delegation.sector, drafted.organisation_key, now)
    if held is not None and _counts_alike(drafted, held):
        # The new registration takes over the held place, which still counts against the limit of the client that sent
        # the contact's form.
        sender, is_free = replace(sender, client=held.client, most_held=sys.maxsize), True
    admitting.ask_person(delegate, drafted, sender, now, is_free=is_free)
    db.session.flush()
    audit.record(
        "delegation.address_corrected", delegation, actor=CONTACT, at=now, position=delegate.position
    )
    waiting_list.offer_free_places(delegation.event, now=now)


def _address_of(delegate: Delegate, now: datetime) -> str | None:
    """Return the canonical address that the contact typed for a person; None if the person does not come any more.

    The registration is not read, so no refusal reveals a new address to which the person has changed (P20).
    """
    until, mine = named.asked_until(delegate), delegate.registration
    is_over = until <= now if until is not None else mine is None or not mine.is_live
    known = None if is_over else named.person_of(delegate, now)
    return names.canonical_email(known.email) if known and known.email else None


def _let_go(delegate: Delegate, before: Registration | None, now: datetime) -> Held | None:
    """Unlink the person from the registration with the wrong address; return the place that it gave back, or None.

    The registration ends, unless the owner of the wrong address has sent a form meanwhile: then it is the owner's own.
    Where a bare hold has the place instead of a registration, it ends; but if the owner of the wrong address has sent a
    form meanwhile, the hold stays until its own end, as the registration's place would (S24).
    """
    if hold := delegate.bare_hold:
        delegate.bare_hold = None
        if registrations.has_form_since(hold.event, delegate.email, named.begun_at(delegate)):
            return None
        bare_holds.end(hold)
        return Held(hold.asked_from, hold.organisation_key)
    if before is None:
        return None
    held = Held(before.asked_from, before.organisation_key) if before.holds_place else None
    named.part(delegate, now)
    if not before.is_live:
        return None
    if registrations.count_forms(before):
        links.end_without_form(before, now=now)
        return None
    wrong = {"action": "registration.address_wrong", "actor": CONTACT}
    unconfirmed.end(before.event, before.email_canonical, **wrong, now=now)
    return held


def _counts_alike(drafted: Registration, held: Held) -> bool:
    """Return whether the new registration may have the place: its organisation is unchanged, or is below its cap."""
    key = drafted.organisation_key
    return key == held.key or caps.has_room(drafted.event, key, drafted.sector_id)
