"""Registrations that organisers add by hand, for instance after a telephone call.

Nobody has to confirm such a registration: the person gets a place under the rules of places, or waits. No address is
needed. A given address has to be confirmed before any other mail is sent to it.

A handler of protected identities adds people by the same rules, under an alias, and stores the protected data encrypted
(P20). Pages do not say who added a person, because a handler's name would reveal who is protected (P21); the audit
trail does.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

from forum.audit import actions as audit
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.events import queries as events
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.people import notes
from forum.registration import answers, new_address, places, queries, waiting_list
from forum.registration.applicant import Applicant, Details
from forum.registration.enums import Status
from forum.registration.errors import RegistrationClosed, SectorFull, SentWithOtherValues
from forum.registration.models import Registration, Submission


@dataclass(frozen=True)
class Identity:
    """What a handler knows about a person with protected identity: the real name, and who can reach the person."""

    real_name: str | None = None
    contact: str | None = None


def add(
    event: Event,
    sector: Sector,
    details: Details,
    *,
    email: str = "",
    reason: str,
    may_wait: bool,
    form_key: str = "",
    values: str = "",
    identity: Identity | None = None,
    actor: str,
    now: datetime,
) -> Registration:
    """Add a registration; the reason becomes a private note without an author. Call after `start_write`.

    `form_key` identifies the form and `values`, a digest, what was typed: the same form sent again returns the same
    registration (R03). With an `identity` the person is recorded as protected, which the audit trail does not mention
    (P21). Raises RegistrationClosed after the event, SectorFull if no place is free and the person cannot wait,
    AddressTaken, and SentWithOtherValues for a form that has made a registration of other values; the caller then rolls
    back.
    """
    places.lock(event)
    if form_key and (earlier := queries.find_submission(form_key)):
        if earlier.fingerprint != values:
            raise SentWithOtherValues(earlier.registration)
        return earlier.registration
    if events.is_off(event, now):
        raise RegistrationClosed
    waiting_list.offer_free_places(event, now=now)
    asked = Applicant(**asdict(details), email="", submission_key=form_key)
    added = _draft(event, sector, asked, may_wait=may_wait, now=now)
    if identity:
        known_as = {"real_name": identity.real_name, "contact": identity.contact}
        answers.say_identity(added, is_protected=True, **known_as, now=now)
    db.session.add(added)
    if form_key:
        db.session.add(Submission(key=form_key, fingerprint=values, registration=added, received_at=now))
    _receive(added, reason, actor, now)
    if email:
        new_address.ask(added, email, actor=actor, comes_with_it=True, now=now)
    return added


def _receive(added: Registration, reason: str, actor: str, now: datetime) -> None:
    """Record that the registration was received, and why it was added; confirm it or put it on the waiting list."""
    known = {"sector": added.sector.key, "place": added.holds_place, "by_hand": True}
    audit.record(REGISTRATION_RECEIVED, added, actor=actor, at=now, **known)
    notes.add_note(added, reason, actor=actor, is_signed=False, now=now)
    if added.holds_place:
        audit.record("registration.confirmed", added, actor=actor, at=now)
    else:
        waiting_list.join(added, now, actor=actor)


def _draft(event: Event, sector: Sector, asked: Applicant, *, may_wait: bool, now: datetime) -> Registration:
    """Return an unsaved registration, with a place if a place is free. Raises SectorFull."""
    added = answers.draft(event, sector, asked, now=now)
    added.calendar_sequence = 0
    if places.admit(added, now):
        added.move_to(Status.CONFIRMED, now=now)
    elif not (may_wait and places.takes_waiters(event, now)):
        raise SectorFull
    return added
