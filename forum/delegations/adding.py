"""Adding a person to a delegation later, while registration is open.

The rules are those of the form: a person without an address of their own gets a place, a rank in line or a review at
once; a person with one is asked to confirm it. The page first says which of these will happen. If a promised place is
taken meanwhile, the person is not registered until the contact has read the new answer.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from forum.audit import actions as audit
from forum.delegations import admitting, queries
from forum.delegations.admitting import CONTACT
from forum.delegations.asking import MOST, Person
from forum.delegations.correcting import refuse_if_named
from forum.delegations.enums import ADMITTED, DelegateState, Prospect
from forum.delegations.errors import CannotBeAdded
from forum.delegations.models import Delegate, Delegation
from forum.extensions import db
from forum.registration import belonging, intake, places, waiting_list
from forum.registration.errors import SectorByInvitation, SectorFull
from forum.registration.senders import UNBOUNDED, Sender

REFUSED: Mapping[type[Exception], Prospect] = {
    SectorByInvitation: Prospect.INVITATION,
    SectorFull: Prospect.FULL,
}


def foresee(delegation: Delegation, now: datetime) -> Prospect:
    """Return what would happen if one more person of the delegation's organisation were added now.

    Only people whom the contact sees are counted: otherwise a refusal would reveal a person who is hidden from the
    contact (Art. 18).
    """
    event, sector = delegation.event, delegation.sector
    if len(queries.list_shown(delegation)) >= MOST:
        return Prospect.TOO_MANY
    if refusal := intake.find_refusal(sector, now):
        return REFUSED.get(refusal, Prospect.CLOSED)
    return admitting.foresee(sector, belonging.key_of(event, delegation.organisation, ""), now)


def stored(delegation: Delegation, now: datetime) -> dict[str, object]:
    """Return the page's promise and the number of people, so that a form sent twice adds one person only (R03)."""
    return {"prospect": foresee(delegation, now), "people": len(queries.list_shown(delegation))}


def lock(delegation: Delegation, *, now: datetime) -> None:
    """Lock the event, offer free places to those who wait, and read the delegation's people again.

    Call after `start_write`.
    """
    places.lock(delegation.event)
    db.session.expire(delegation, ["people"])
    waiting_list.offer_free_places(delegation.event, now=now)


def add(delegation: Delegation, person: Person, *, sender: Sender = UNBOUNDED, now: datetime) -> Delegate:
    """Add a person to a delegation that is locked; the caller rolls back after a refusal.

    Only the owner of an address learns that it is registered already (S24). Raises CannotBeAdded, AddressNamed.
    """
    prospect = foresee(delegation, now)
    if prospect not in ADMITTED:
        raise CannotBeAdded(prospect)
    refuse_if_named(delegation, person.email, now)
    last = max((one.position for one in queries.list_people(delegation)), default=0)
    delegate = Delegate(position=last + 1, asked_at=now, **asdict(person))
    delegation.people.append(delegate)
    db.session.flush()
    admitting.admit(delegate, admitting.draft(delegate, delegation, now), sender, now)
    if delegate.state == DelegateState.LEFT_OUT:  # the cap of the person's organisation is reached
        raise CannotBeAdded(Prospect.FULL)
    audit.record("delegation.person_added", delegation, actor=CONTACT, at=now, position=delegate.position)
    return delegate
