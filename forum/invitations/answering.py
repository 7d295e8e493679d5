"""Answering an invitation by its link: beginning to answer, saying yes, and declining.

The link has come by mail, so a yes also confirms the address. Then the usual rules of a confirmed address apply
(`registration.actions.confirm`): a place if one is free and nobody waits longer, else the waiting list; in a sector
that is reviewed, a review. An invitation is valid in a sector for invited people only, and before registration opens or
after it closes. No answer lets a sector exceed its ceiling.

A place that is held for the person becomes the registration's: the organisers have promised it, so neither a review nor
the cap of an organisation can refuse it. In a reviewed sector, a person with another name or organisation than the
invited one gets the place and is reviewed as after any change of name. So is a colleague to whom the invitation was
forwarded, because organisers have not seen that name or vouched for it (`review.vouching`).
"""

from datetime import datetime

from forum.audit import actions as audit
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.extensions import db
from forum.invitations import actions
from forum.invitations import queries as invitations
from forum.invitations.enums import InvitationState
from forum.invitations.errors import AlreadyRegistered
from forum.invitations.models import Invitation
from forum.registration import actions as registrations
from forum.registration import (
    answers,
    belonging,
    given,
    places,
    queries,
    reviewing,
    unconfirmed,
    waiting_list,
)
from forum.registration.applicant import Applicant
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.settling import Settled


def begin(invitation: Invitation, *, now: datetime) -> None:
    """Store the time at which the person began to answer, the first time only. Raises NotOpen."""
    actions.lock_open(invitation, now)
    if invitation.opened_at is None:
        invitation.opened_at = now


def accept(invitation: Invitation, applicant: Applicant, *, now: datetime) -> Registration:
    """Register the person who says yes. Call after `start_write`.

    Raises NotOpen, AlreadyRegistered, SectorFull. After a refusal the caller has to roll back.
    """
    actions.lock_open(invitation, now)
    event = invitation.event
    if live := queries.find_confirmed(event, invitation.email_canonical):
        raise AlreadyRegistered(live)
    actions.take_back_mail(invitation)
    has_freed = unconfirmed.end(event, invitation.email_canonical, now=now)
    registration = answers.draft(event, invitation.sector, applicant, now=now)
    db.session.add(registration)
    db.session.flush()
    if applicant.given:
        given.store(registration, applicant.given, now=now)
    changed, is_invited = _differing(invitation, registration), _is_invited(invitation, registration)
    if is_held := invitation.holds_place:
        _hand_over(invitation, registration)
    _end_with(invitation, registration, now)
    known = {"sector": invitation.sector.key, "place": is_held, "invited_for": is_invited}
    audit.record(REGISTRATION_RECEIVED, registration, actor="person", at=now, **known)
    registrations.confirm(registration, now=now)
    if is_held:
        reviewing.begin_again(registration, changed, now=now)
    audit.record("invitation.accepted", invitation, actor="person", at=now)
    if has_freed:
        waiting_list.offer_free_places(event, now=now)
    return registration


def settle(registration: Registration, now: datetime) -> Settled:
    """Mark a person's open invitation as accepted after they have registered without its link.

    The place that the invitation holds goes to a registration of the same sector that has none, which then neither
    waits nor is reviewed before it has a place; else the place becomes free. The caller has locked the event, and the
    person has just confirmed the address.
    """
    has_address = registration.has_address
    invitation = (
        invitations.find_open(registration.event, registration.email_canonical) if has_address else None
    )
    if invitation is None or invitation.expires_at <= now:
        return Settled()
    changed, was_held = _differing(invitation, registration), invitation.holds_place
    is_used = was_held and invitation.sector_id == registration.sector_id and not registration.holds_place
    if is_used and registration.status != Status.PENDING:
        _let_stand(registration, is_changed=bool(changed), now=now)
    if is_used:
        _hand_over(invitation, registration)
    _end_with(invitation, registration, now)
    audit.record("invitation.accepted", invitation, actor="person", at=now)
    return Settled(has_freed=was_held and not is_used, changed=changed if is_used else ())


def decline(invitation: Invitation, reason: str, *, now: datetime) -> None:
    """Store that the person has declined, with the reason if one is given. Raises NotOpen."""
    actions.lock_open(invitation, now)
    actions.end(invitation, InvitationState.NO, now=now)
    invitation.opened_at = invitation.opened_at or now
    invitation.reason = reason or None
    audit.record("invitation.declined", invitation, actor="person", at=now)
    waiting_list.offer_free_places(invitation.event, now=now)


def _differing(invitation: Invitation, registration: Registration) -> list[str]:
    """Return the fields that a review compares and in which the registration differs from the invitation.

    A field that organisers left empty in the invitation never differs. If a colleague has forwarded it, all fields
    differ, because organisers have never seen the person's name.
    """
    return [
        name
        for name in reviewing.REVIEWED
        if invitation.from_colleague or getattr(invitation, name) not in ("", getattr(registration, name))
    ]


def _is_invited(invitation: Invitation, registration: Registration) -> bool:
    """Return whether organisers have invited the person for the organisation of the registration.

    Only then do they vouch for both (`review.vouching`): another organisation, or one where the invitation has none,
    was typed by the person alone, and a colleague who was named by the invited person is unknown to organisers.
    """
    if invitation.from_colleague or not invitation.organisation:
        return False
    key = belonging.key_of(invitation.event, invitation.organisation, invitation.email_canonical)
    return key == registration.organisation_key


def _let_stand(registration: Registration, *, is_changed: bool, now: datetime) -> None:
    """Confirm a registration that waits in line or is in review, and is about to get a place.

    A review ends with that, unless the values that it compares differ from those of the invitation.
    """
    if registration.status == Status.IN_REVIEW and not is_changed:
        registration.review_since = registration.answer_by = None
    registration.move_to(Status.CONFIRMED, now=now)
    registration.waiting_since = None


def _hand_over(invitation: Invitation, registration: Registration) -> None:
    """Move the place that the invitation holds to the registration."""
    places.hand_over(registration)
    invitation.holds_place = False


def _end_with(invitation: Invitation, registration: Registration, now: datetime) -> None:
    """Link the invitation and its mails to the registration, so that they count among the person's data.

    The invitation takes over the registered name: the name by which organisers invited the person would reveal whose
    alias the registered name is (P20).
    """
    actions.end(invitation, InvitationState.YES, now=now)
    invitation.opened_at = invitation.opened_at or now
    invitation.registration = registration
    invitation.given_name, invitation.family_name = registration.given_name, registration.family_name
    invitation.organisation = registration.organisation
    for mail in filter(None, (invitation.message, invitation.reminder)):
        mail.registration_id = registration.id
