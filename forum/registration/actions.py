"""What happens to a registration: asked for, confirmed, changed, accepted, cancelled."""

import secrets
from datetime import datetime

from forum.audit import actions as audit
from forum.database import rehearsed
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import answers, links, mails, names, places, queries, waiting_list
from forum.registration.applicant import CHANGEABLE, Applicant, Details
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.enums import ConsentPurpose, Status, TokenPurpose
from forum.registration.errors import (
    AlreadyConfirmed,
    NoSuchSector,
    NothingOffered,
    NotLive,
    OrganisationFull,
    RegistrationClosed,
    SectorByInvitation,
    SectorFull,
    SubmissionReused,
)
from forum.registration.models import CareAnswer, Consent, Registration, Submission
from forum.registration.senders import UNBOUNDED, Sender

CONSENT_TEXTS = "2026-11"
REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def register(
    *, event: Event, sector: Sector, applicant: Applicant, sender: Sender = UNBOUNDED, now: datetime
) -> Registration:
    """Take a registration, and hold a place for it where the rule gives one.

    The same form sent again gives the same registration (R03); an address that is registered already
    gets a mail that says so and nothing else changes (R04). Refusals and work are the same for both (S24).
    What the sender may not do any more is done alike for both: a mail is withheld, a place is not held beforehand.
    Raises RegistrationClosed, SectorByInvitation, SectorFull, SubmissionReused. Call after `start_write`.
    """
    places.lock(event)
    return _register(event, sector, applicant, sender, now)


def register_here(
    key: str, applicant: Applicant, *, sender: Sender = UNBOUNDED, now: datetime
) -> Registration:
    """Take a registration as `register` does, for the sector with this key of the current event.

    Raises NoSuchSector too.
    """
    event = places.lock_current()
    sector = events.find_sector(event, key) if event else None
    if event is None or sector is None:
        raise NoSuchSector
    return _register(event, sector, applicant, sender, now)


def _register(
    event: Event, sector: Sector, applicant: Applicant, sender: Sender, now: datetime
) -> Registration:
    if earlier := queries.find_submission(applicant.submission_key):
        return _same_answers(earlier, applicant)
    _refuse_if_not_taking(event, sector, now)
    waiting_list.offer_free_places(event, now=now)
    live = queries.find_live(event, names.canonical_email(applicant.email))
    asked = _make(event, sector, applicant, now, anew=live is None)
    has_room = _has_room(asked, now)
    leaves = sender.may_mail(applicant.email)
    registration = _add(asked, sender, now, live, hold=has_room and leaves)
    is_carried = registration.status == Status.PENDING and leaves
    submission = _remember_form(registration, sector if is_carried else None, applicant, now)
    queue = mails.queue_already_registered if live else mails.queue_received
    queue(registration, submission, withheld=not leaves, now=now)
    action = "registration.asked_again" if live else "registration.received"
    place = registration.holds_place
    audit.record(action, registration, actor="visitor", at=now, sector=sector.key, place=place)
    return registration


def confirm_by_link(token: str, *, consents: frozenset[ConsentPurpose], now: datetime) -> Registration:
    """Confirm what a confirming link carries. Raises LinkRefused, and as `confirm` does. Call after `start_write`.

    The link is looked up again once the event is locked: whoever had the lock before may have ended it (S20).
    """
    registration = links.follow(token, TokenPurpose.CONFIRM, now=now)
    places.lock(registration.event)
    return confirm(registration, links.find_submission(token, now=now), consents=consents, now=now)


def confirm(
    registration: Registration,
    submission: Submission | None = None,
    *,
    consents: frozenset[ConsentPurpose] = frozenset(),
    now: datetime,
) -> Registration:
    """The address is confirmed, and with it the answers of `submission`: the place stands, or it is reviewed or waits.

    Only who reads the address consents to anything (P03). Raises NotLive, SectorFull, and AlreadyConfirmed when asked
    twice: of two presses at once only the first may open anything (S21). Call after `start_write`.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    if not registration.is_live or (registration.status == Status.PENDING and registration.confirm_by <= now):
        raise NotLive
    if registration.status != Status.PENDING:
        raise AlreadyConfirmed
    freed = answers.take_over(registration, submission, now=now)
    places.keep(registration)
    registration.confirmed_at = now
    _begin_calendar(registration, now)
    registration.consents = [_consent(purpose, now) for purpose in sorted(consents)]
    audit.record("registration.address_confirmed", registration, actor="person", at=now)
    if registration.sector.policy == SectorPolicy.REVIEW and not registration.holds_place:
        registration.move_to(Status.IN_REVIEW, now=now)
        mails.queue_in_review(registration, now=now)
    elif registration.holds_place or _takes_last_chance(registration, now):
        _stand(registration, now)
    else:
        _wait_or_stand(registration, now)
    if freed:
        waiting_list.offer_free_places(registration.event, now=now)
    return registration


def open_link(token: str, *, now: datetime) -> None:
    """End the personal links that are older than the one that is opened (S20). Raises LinkRefused."""
    places.lock(links.follow(token, TokenPurpose.MANAGE, now=now).event)
    links.end_older(token, now=now)


def accept_offer(registration: Registration, *, now: datetime) -> Registration:
    """Turn an offer into a place. Accepted twice it changes nothing. Raises NothingOffered."""
    places.lock(registration.event)
    db.session.refresh(registration)
    if registration.status == Status.CONFIRMED:
        return registration
    until = registration.offer_expires_at
    if registration.status != Status.OFFERED or until is None or until <= now:
        raise NothingOffered
    registration.confirmed_at = registration.confirmed_at or now
    _stand(registration, now)
    return registration


def cancel(registration: Registration, *, actor: str, now: datetime) -> Registration:
    """End the registration, free its place and offer it to the next in line. Raises NotLive.

    Its links lead nowhere from now on (S20).
    """
    places.lock_live(registration)
    before = registration.status
    places.release(registration)
    registration.move_to(Status.CANCELLED, now=now)
    registration.ended_at = now
    links.revoke(registration, now=now)
    answers.forget(registration)
    mails.queue_cancelled(registration, now=now)
    audit.record("registration.cancelled", registration, actor=actor, at=now, was=before)
    waiting_list.offer_free_places(registration.event, now=now)
    return registration


def change(registration: Registration, details: Details, *, actor: str, now: datetime) -> list[str]:
    """Change what a person may change; return the names of the fields that differ. Raises NotLive, OrganisationFull.

    What changed is recorded by field, not by value (P28): an organiser sees that it did, and may ask.
    """
    places.lock_live(registration)
    _refuse_if_organisation_full(registration, details)
    changed = [name for name in CHANGEABLE if getattr(registration, name) != getattr(details, name)]
    for name in changed:
        setattr(registration, name, getattr(details, name))
    if changed:
        answers.derive(registration)
        audit.record("registration.changed", registration, actor=actor, at=now, fields=changed)
    if "organisation" in changed:
        waiting_list.offer_free_places(registration.event, now=now)
    return changed


def set_consents(registration: Registration, wanted: frozenset[ConsentPurpose], *, now: datetime) -> None:
    """Give or withdraw consents, with effect at once (P04). Raises NotLive."""
    places.lock_live(registration)
    for purpose in ConsentPurpose:
        has = registration.has_consented(purpose)
        if purpose in wanted and not has:
            registration.consents.append(_consent(purpose, now))
        elif has and purpose not in wanted:
            _withdraw(registration, purpose, now)
        if has != (purpose in wanted):
            audit.record(
                "registration.consent", registration, actor="person", at=now, purpose=purpose, given=not has
            )


def resend(registration: Registration, *, actor: str, now: datetime) -> None:
    """Send the mail of the registration's state once more, with a fresh link. Raises NotLive.

    It ends no link: the mail may never arrive, and each confirming link has answers of its own. Older personal links
    end when the fresh one is opened (S20). A confirming link carries the answers that were sent last.
    """
    places.lock_live(registration)
    mails.queue_for_state(registration, queries.find_last_form(registration), now=now)
    audit.record("registration.mail_resent", registration, actor=actor, at=now)


def _refuse_if_not_taking(event: Event, sector: Sector, now: datetime) -> None:
    if not events.is_open(event, now):
        raise RegistrationClosed
    if sector.policy == SectorPolicy.INVITATION:
        raise SectorByInvitation


def _refuse_if_organisation_full(registration: Registration, details: Details) -> None:
    """A place cannot be carried over to an organisation that has reached its cap."""
    key = names.organisation_key(details.organisation)
    moves = registration.holds_place and key != registration.organisation_key
    if moves and not places.organisation_has_room(registration.event, key):
        raise OrganisationFull


def _same_answers(earlier: Submission, applicant: Applicant) -> Registration:
    if earlier.fingerprint != applicant.digest():
        raise SubmissionReused
    return earlier.registration


def _has_room(registration: Registration, now: datetime) -> bool:
    """Whether a place could be held for the registration. Raises SectorFull where there is no line to wait in."""
    if registration.sector.policy != SectorPolicy.OPEN:
        return False
    has_room = places.may_take(registration, now)
    if not has_room and not registration.event.has_waiting_list:
        raise SectorFull
    return has_room


def _add(
    registration: Registration, sender: Sender, now: datetime, live: Registration | None, *, hold: bool
) -> Registration:
    """Add the registration; hold a place for it if the sender has not too many that nobody has confirmed.

    For an address that is registered already this is rehearsed, and the live registration is returned (S24).
    """
    event = registration.event
    with rehearsed(db.session, when=live is not None, keeping=(event, *event.sectors)):
        if hold and _may_hold(event, sender):
            places.hold(registration, client=sender.client, now=now)
        db.session.add(registration)
    return live or registration


def _may_hold(event: Event, sender: Sender) -> bool:
    """Whether one more place may be held for the client before anybody has confirmed an address."""
    return sender.client is None or queries.count_places_held_for(event, sender.client) < sender.most_held


def _remember_form(
    registration: Registration, sector: Sector | None, applicant: Applicant, now: datetime
) -> Submission:
    """Remember the form; with a sector its answers too, for the confirming link that will carry them."""
    submission = Submission(
        key=applicant.submission_key,
        fingerprint=applicant.digest(),
        answers=applicant.answers(sector.key) if sector else None,
        registration=registration,
        received_at=now,
    )
    db.session.add(submission)
    return submission


def _make(event: Event, sector: Sector, applicant: Applicant, now: datetime, *, anew: bool) -> Registration:
    reference = _new_reference()
    registration = Registration(
        event=event,
        sector=sector,
        reference=reference,
        status=Status.PENDING,
        holds_place=False,
        email=applicant.email,
        email_canonical=names.canonical_email(applicant.email) if anew else reference,
        requested_at=now,
        confirm_by=now + CONFIRM_TIME,
        **{name: getattr(applicant, name) for name in CHANGEABLE},
    )
    answers.derive(registration)
    answers.say_identity(
        registration, is_protected=applicant.is_protected, real_name=applicant.real_name, now=now
    )
    registration.care_answer = CareAnswer(answer=answers.care(None, None, None))  # nobody is asked yet
    return registration


def _takes_last_chance(registration: Registration, now: datetime) -> bool:
    """Whether a place is given now, where the event keeps no line to wait in. Raises SectorFull."""
    if registration.event.has_waiting_list:
        return False
    if not places.admit(registration, now):
        raise SectorFull
    return True


def _wait_or_stand(registration: Registration, now: datetime) -> None:
    """No place was held: stand in line, unless a place is free and nobody has waited longer."""
    waiting_list.join(registration, now)
    db.session.flush()
    if waiting_list.take_if_first(registration, now):
        _stand(registration, now)
    else:
        mails.queue_waiting(registration, now=now)


def _stand(registration: Registration, now: datetime) -> None:
    registration.move_to(Status.CONFIRMED, now=now)
    registration.waiting_since = registration.offer_expires_at = None
    mails.queue_confirmed(registration, now=now)
    audit.record("registration.confirmed", registration, actor="person", at=now)


def _begin_calendar(registration: Registration, now: datetime) -> None:
    """Number the person's calendar entry above the cancelled one of an earlier registration: both have one UID."""
    earlier = queries.find_last_calendar_sequence(registration)
    registration.calendar_sequence = 0 if earlier is None else earlier + 1
    registration.calendar_changed_at = now


def _consent(purpose: ConsentPurpose, now: datetime) -> Consent:
    return Consent(purpose=purpose, text_version=CONSENT_TEXTS, given_at=now)


def _withdraw(registration: Registration, purpose: ConsentPurpose, now: datetime) -> None:
    for consent in registration.consents:
        if consent.purpose == purpose and consent.withdrawn_at is None:
            consent.withdrawn_at = now


def _new_reference() -> str:
    """Return eight characters that say nothing of event or person (P26), without look-alikes."""
    drawn = "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"
