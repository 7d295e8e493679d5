"""Taking a registration, from a form that was sent to the mail that asks for the address to be confirmed."""

from datetime import datetime

from forum.audit import actions as audit
from forum.database import rehearsed
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import answers, mails, places, queries, refusals, waiting_list
from forum.registration.applicant import Applicant
from forum.registration.enums import Status
from forum.registration.errors import SubmissionReused
from forum.registration.models import Registration, Submission
from forum.registration.senders import UNBOUNDED, Sender


def register(
    event: Event, sector: Sector, applicant: Applicant, *, sender: Sender = UNBOUNDED, now: datetime
) -> Registration:
    """Take a registration, and hold a place for it where the rule gives one. Call it with the event locked.

    The same form sent again gives the same registration (R03); an address that is registered already
    gets a mail that says so and nothing else changes (R04). Refusals and work are the same for both (S24).
    What the sender may not do any more is done alike for both: a mail is withheld, a place is not held beforehand.
    Raises RegistrationClosed, SectorByInvitation, SectorFull, SubmissionReused.
    """
    if earlier := queries.find_submission(applicant.submission_key):
        return _same_answers(earlier, applicant)
    refusals.refuse(sector, now)
    asked = answers.draft(event, sector, applicant, now=now)
    waiting_list.offer_free_places(event, now=now)
    live = queries.find_live(event, asked.email_canonical)
    has_room = places.has_room(sector, now, asked.organisation_key)
    leaves = sender.may_mail(applicant.email)
    with rehearsed(db.session, when=live is not None, keeping=(event, *event.sectors)):
        if live:
            _use_stand_in_key(asked)
        if has_room and leaves:
            places.hold(asked, sender, now=now)
        db.session.add(asked)
    registration = live or asked
    is_carried = registration.status == Status.PENDING and leaves
    submission = Submission(
        key=applicant.submission_key,
        fingerprint=applicant.digest(),
        answers=applicant.answers(sector.key) if is_carried else None,  # for the confirming link
        registration=registration,
        received_at=now,
    )
    db.session.add(submission)
    queue = mails.queue_already_registered if live else mails.queue_received
    queue(registration, submission, withheld=not leaves, now=now)
    action = "registration.asked_again" if live else "registration.received"
    holds = registration.holds_place
    audit.record(action, registration, actor="visitor", at=now, sector=sector.key, place=holds)
    return registration


def _same_answers(earlier: Submission, applicant: Applicant) -> Registration:
    if earlier.fingerprint != applicant.digest():
        raise SubmissionReused
    return earlier.registration


def _use_stand_in_key(rehearsal: Registration) -> None:
    """Let a registration that is only rehearsed stand under its reference instead of its address.

    The database allows one live registration for an address, and there is one already. A reference is unique and has
    no "@", so it is nobody's address, and the row costs what a real one costs until it is undone.
    """
    rehearsal.email_canonical = rehearsal.reference
