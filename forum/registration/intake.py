"""Receiving a registration: from the form that was sent to the mail that asks to confirm the address.

One rule says why a sector accepts no registration: then the page shows no form, and a form that is sent is refused.
"""

from datetime import datetime
from typing import Any

from forum.audit import traces
from forum.audit.queries import ASKED_AGAIN, REGISTRATION_RECEIVED
from forum.database import rehearsed
from forum.events.enums import RegistrationState, SectorPolicy
from forum.events.models import Event, Sector
from forum.events.queries import registration_state
from forum.extensions import db
from forum.questions import files
from forum.registration import answers, belonging, mails, names, places, queries, waiting_list
from forum.registration.applicant import Applicant
from forum.registration.enums import Status
from forum.registration.errors import (
    RegistrationClosed,
    RegistrationRefused,
    SectorByInvitation,
    SectorClosed,
    SectorFull,
    SubmissionReused,
)
from forum.registration.models import Registration, Submission
from forum.registration.places import Left
from forum.registration.senders import UNBOUNDED, Sender

# The name of each refusal in templates/public/registration/refused.html, which explains it to the visitor.
REASONS: dict[type[Exception], str] = {
    RegistrationClosed: "closed",
    SectorByInvitation: "invitation",
    SectorClosed: "sector_closed",
    SectorFull: "full",
    SubmissionReused: "reused",
}


def register(
    event: Event, sector: Sector, applicant: Applicant, *, sender: Sender = UNBOUNDED, now: datetime
) -> Registration:
    """Store a registration, and hold a place for it if the rule of places.py allows. Call this with the event locked.

    The same form sent again returns the same registration (R03); for an address that is already registered, a mail to
    it says so and nothing else changes (R04). Whether or not the address is registered, refusals and work are the same
    (S24), and a sender who has used up a limit is treated alike: the mail is withheld, or no place is held. Raises
    RegistrationClosed, SectorByInvitation, SectorClosed, SectorFull, SubmissionReused.
    """
    if earlier := queries.find_submission(applicant.submission_key):
        return _same_answers(earlier, applicant)
    refuse(sector, now)
    canonical = names.canonical_email(applicant.email)
    belongs = belonging.find(event, applicant.organisation, canonical)
    asked = answers.draft(event, sector, applicant, belongs=belongs, now=now)
    waiting_list.offer_free_places(event, now=now)
    live = queries.find_live(event, canonical)
    has_room = places.has_room(sector, now, belongs.key, own=belongs.own)
    leaves = sender.may_mail(applicant.email)
    with rehearsed(db.session, when=live is not None, keeping=(event, *event.sectors)):
        if live:
            _use_stand_in_key(asked)
        if has_room and leaves:
            places.hold(asked, sender, now=now)
        db.session.add(asked)
    registration = live or asked
    is_carried = registration.status == Status.PENDING and leaves
    carried = applicant.answers(sector.key) if is_carried else None
    submission = _keep_form(registration, applicant, carried, is_new=live is None, now=now)
    queue = mails.queue_already_registered if live else mails.queue_received
    queue(registration, submission, withheld=not leaves, now=now)
    told: dict[str, Any] = {"sector": sector.key, "place": registration.holds_place}
    action = ASKED_AGAIN if live else REGISTRATION_RECEIVED
    traces.record_form(action, registration, is_new=live is None, at=now, **told)
    return registration


def refuse(sector: Sector, now: datetime, left: Left | None = None) -> None:
    """Raise RegistrationClosed, SectorByInvitation, SectorClosed or SectorFull if the sector accepts nobody now.

    `left` is what `places.places_left` returns now, if the caller has it.
    """
    if registration_state(sector.event, now) != RegistrationState.OPEN:
        raise RegistrationClosed
    if sector.policy == SectorPolicy.INVITATION:
        raise SectorByInvitation
    if not sector.ceiling:
        raise SectorClosed
    places.has_room(sector, now, left=left)


def find_refusal(sector: Sector, now: datetime, left: Left | None = None) -> type[RegistrationRefused] | None:
    """Return why the sector accepts no registration at the moment `now`; None if it accepts registrations then.

    `left` is what `places.places_left` returns at that moment, if the caller has it.
    """
    try:
        refuse(sector, now, left)
    except RegistrationRefused as refusal:
        return type(refusal)
    return None


def _same_answers(earlier: Submission, applicant: Applicant) -> Registration:
    if earlier.fingerprint != applicant.digest():
        raise SubmissionReused
    return earlier.registration


def _use_stand_in_key(rehearsal: Registration) -> None:
    """Store the reference instead of the address in a registration that will be rolled back.

    The database allows one live registration for an address, and the address already has one. A reference is unique and
    nobody's address, as it has no "@". Writing this row takes as long as writing that of a new address.
    """
    rehearsal.email_canonical = rehearsal.reference


def _keep_form(
    registration: Registration,
    applicant: Applicant,
    carried: dict[str, Any] | None,
    *,
    is_new: bool,
    now: datetime,
) -> Submission:
    """Store the form that was sent, with the answers `carried` by its confirming link (None without such a link).

    The answers to the event's own questions are also kept if the registration was made from this form (`is_new`), so
    that a link requested later carries them, like the registration's details.
    """
    submission = Submission(
        key=applicant.submission_key,
        fingerprint=applicant.digest(),
        answers=carried,
        given=applicant.given if carried is not None or is_new else None,
        registration=registration,
        received_at=now,
    )
    db.session.add(submission)
    if submission.given and files.keys_in(submission.given.values()):
        db.session.flush()
        files.hold(registration.id, submission.given, now=now)
    return submission
