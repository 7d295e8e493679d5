"""Registrations that organisers add by hand: somebody telephones, or a minister's office writes.

The organiser answers for the person, so nobody has to confirm anything: there is a place under the rules of places, or
the person waits. An address is not needed. One that is given has to be confirmed before anything else goes there.
"""

from dataclasses import asdict
from datetime import datetime

from forum.audit import actions as audit
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.events import queries as events
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.people import notes
from forum.registration import answers, new_address, places, waiting_list
from forum.registration.applicant import Applicant, Details
from forum.registration.enums import Status
from forum.registration.errors import RegistrationClosed, SectorFull
from forum.registration.models import Registration


def add(
    event: Event,
    sector: Sector,
    details: Details,
    *,
    email: str = "",
    reason: str,
    may_wait: bool,
    actor: str,
    now: datetime,
) -> Registration:
    """Add a registration; the reason becomes a private note. Call after `start_write`.

    Raises RegistrationClosed after the event, SectorFull without a place if the person may not wait or nobody can, and
    AddressTaken. After a refusal the caller has to roll back.
    """
    places.lock(event)
    if events.is_over(event, now):
        raise RegistrationClosed
    waiting_list.offer_free_places(event, now=now)
    added = answers.draft(event, sector, Applicant(**asdict(details), email="", submission_key=""), now=now)
    added.calendar_sequence = 0
    has_place = places.admit(added, now)
    if has_place:
        added.move_to(Status.CONFIRMED, now=now)
    elif not (may_wait and places.takes_waiters(event, now)):
        raise SectorFull
    db.session.add(added)
    known = {"sector": sector.key, "place": has_place, "by_hand": True}
    audit.record(REGISTRATION_RECEIVED, added, actor=actor, at=now, **known)
    notes.add_note(added, reason, actor=actor, now=now)
    if has_place:
        audit.record("registration.confirmed", added, actor=actor, at=now)
    else:
        waiting_list.join(added, now, actor=actor)
    if email:
        new_address.ask(added, email, actor=actor, now=now)
    return added
