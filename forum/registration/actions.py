"""What happens to a registration: asked for, confirmed, changed, accepted, cancelled."""

import secrets
from datetime import datetime, timedelta

from forum.audit import actions as audit
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import links, mails, names, places, queries, waiting_list
from forum.registration.applicant import Applicant, Details
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import (
    NoSuchSector,
    NothingOffered,
    NotLive,
    OrganisationFull,
    RegistrationClosed,
    SectorByInvitation,
    SectorFull,
    SubmissionReused,
)
from forum.registration.models import Consent, ProtectedIdentity, Registration, Submission

CONFIRM_HOURS = 48
CONSENT_TEXTS = "2026-11"
REFERENCE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHANGEABLE = ("given_name", "family_name", "organisation", "title", "country", "language", "phone")


def register(*, event: Event, sector: Sector, applicant: Applicant, now: datetime) -> Registration:
    """Take a registration, and hold a place for it where the rule gives one.

    The same form sent again gives the same registration (R03); an address that is registered already
    gets a mail that says so and nothing else changes (R04). Refusals and work are the same for both (S24).
    Raises RegistrationClosed, SectorByInvitation, SectorFull, SubmissionReused. Call after `start_write`.
    """
    places.lock(event)
    return _register(event, sector, applicant, now)


def register_here(key: str, applicant: Applicant, now: datetime) -> Registration:
    """Do the same for the sector with this key of the current event. Raises NoSuchSector too."""
    event = places.lock_current()
    sector = events.find_sector(event, key) if event else None
    if event is None or sector is None:
        raise NoSuchSector
    return _register(event, sector, applicant, now)


def _register(event: Event, sector: Sector, applicant: Applicant, now: datetime) -> Registration:
    if earlier := queries.find_submission(applicant.submission_key):
        return _same_answers(earlier, applicant)
    _refuse_if_not_taking(event, sector, now)
    waiting_list.offer_free_places(event, now=now)
    live, repeats = mails.find_live_with_repeats(event, names.canonical_email(applicant.email), now)
    registration = _take(event, sector, applicant, now, live)
    _remember_form(registration, applicant, now)
    if live:
        mails.queue_already_registered(live, repeats, now=now)
    else:
        mails.queue_received(registration, now=now)
    action = "registration.asked_again" if live else "registration.received"
    place = registration.holds_place
    audit.record(action, registration, actor="visitor", at=now, sector=sector.key, place=place)
    return registration


def confirm(registration: Registration, *, now: datetime) -> Registration:
    """The address is confirmed: the place stands, or the registration is reviewed or waits.

    Asked twice it changes nothing (S21). Raises NotLive. Call after `start_write`.
    """
    places.lock(registration.event)
    db.session.refresh(registration)
    if not registration.is_live or (registration.status == Status.PENDING and registration.confirm_by <= now):
        raise NotLive
    if registration.status != Status.PENDING:
        return registration
    registration.confirmed_at = now
    audit.record("registration.address_confirmed", registration, actor="person", at=now)
    if registration.sector.policy == SectorPolicy.REVIEW and not registration.holds_place:
        registration.status = Status.IN_REVIEW
        mails.queue_in_review(registration, now=now)
    elif registration.holds_place:
        _stand(registration, now)
    else:
        _wait_or_stand(registration, now)
    return registration


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
    _refresh_live(registration)
    before = registration.status
    places.release(registration)
    registration.status = Status.CANCELLED
    registration.ended_at = now
    registration.calendar_sequence += 1
    links.revoke(registration, now=now)
    mails.queue_cancelled(registration, now=now, was=before)
    audit.record("registration.cancelled", registration, actor=actor, at=now, was=before)
    waiting_list.offer_free_places(registration.event, now=now)
    return registration


def change(registration: Registration, details: Details, *, actor: str, now: datetime) -> list[str]:
    """Change what a person may change; return the names of the fields that differ. Raises NotLive, OrganisationFull.

    What changed is recorded by field, not by value (P28): an organiser sees that it did, and may ask.
    """
    _refresh_live(registration)
    _refuse_if_organisation_full(registration, details)
    changed = [name for name in CHANGEABLE if getattr(registration, name) != getattr(details, name)]
    for name in changed:
        setattr(registration, name, getattr(details, name))
    if changed:
        _derive(registration)
        audit.record("registration.changed", registration, actor=actor, at=now, fields=changed)
    if "organisation" in changed:
        waiting_list.offer_free_places(registration.event, now=now)
    return changed


def set_consents(registration: Registration, wanted: frozenset[ConsentPurpose], *, now: datetime) -> None:
    """Give or withdraw consents, with effect at once (P04). Raises NotLive."""
    _refresh_live(registration)
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
    """Send the mail of the registration's state once more, with a fresh link; older links end (S20). Raises NotLive."""
    _refresh_live(registration)
    links.revoke(registration, now=now)
    mails.queue_for_state(registration, now=now)
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


def _take(
    event: Event, sector: Sector, applicant: Applicant, now: datetime, live: Registration | None
) -> Registration:
    """Add the registration, with a place if one is free. Raises SectorFull.

    For an address that is registered already the same is done and undone, so that nobody can tell by the clock,
    and the live registration is returned (S24).
    """
    registration = _make(event, sector, applicant, now, anew=live is None)
    remembered = places.remember(event)
    with db.session.begin_nested() as attempt:
        admitted = sector.policy != SectorPolicy.OPEN or places.admit(registration, now)
        if not admitted and not event.has_waiting_list:
            raise SectorFull
        db.session.add(registration)
        db.session.flush()
        if live:
            attempt.rollback()
    if live:
        places.restore(remembered)
    return live or registration


def _remember_form(registration: Registration, applicant: Applicant, now: datetime) -> None:
    db.session.add(
        Submission(
            key=applicant.submission_key,
            fingerprint=applicant.digest(),
            registration=registration,
            received_at=now,
        )
    )


def _refresh_live(registration: Registration) -> None:
    """Lock the event, as every change does first (so that none waits in a circle), and read afresh. Raises NotLive."""
    places.lock(registration.event)
    db.session.refresh(registration)
    if not registration.is_live:
        raise NotLive


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
        confirm_by=now + timedelta(hours=CONFIRM_HOURS),
        consents=[_consent(purpose, now) for purpose in sorted(applicant.consents)],
        **{name: getattr(applicant, name) for name in CHANGEABLE},
    )
    _derive(registration)
    if applicant.is_protected:
        registration.protected_identity = ProtectedIdentity(real_name=applicant.real_name, recorded_at=now)
    return registration


def _derive(registration: Registration) -> None:
    """Set what lists sort by, search in and count by."""
    registration.sort_key = names.sort_key(registration.family_name, registration.given_name)
    registration.organisation_key = names.organisation_key(registration.organisation)
    registration.organisation_sort_key = names.sort_key(registration.organisation, "")
    shown = (registration.given_name, registration.family_name, registration.organisation, registration.email)
    registration.search_text = names.search_fold(" ".join((*shown, registration.reference)))[:900]


def _wait_or_stand(registration: Registration, now: datetime) -> None:
    """No place was held: stand in line, unless a place is free and nobody has waited longer."""
    waiting_list.join(registration, now)
    db.session.flush()
    if waiting_list.take_if_first(registration, now):
        _stand(registration, now)
    else:
        mails.queue_waiting(registration, now=now)


def _stand(registration: Registration, now: datetime) -> None:
    registration.status = Status.CONFIRMED
    registration.waiting_since = registration.offer_expires_at = None
    mails.queue_confirmed(registration, now=now)
    audit.record("registration.confirmed", registration, actor="person", at=now)


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
