"""Substitutes: a person names somebody of the same organisation, who takes over by confirming a mailed link.

Until the newcomer has confirmed, the person keeps everything. Confirming hands over the place, the offered place, the
rank in line or the review in one transaction, under the event's lock, so that a place belongs to one of the two at each
moment. The person's registration then ends like a cancelled one, except that its place is not offered to others. Where
organisers review the sector, they review the newcomer; a place or a rank is kept meanwhile, as for a change of name.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import update

from forum.audit import actions as audit
from forum.audit.queries import REGISTRATION_RECEIVED, SUBSTITUTE_IN_REVIEW
from forum.columns import digest, new_token
from forum.delegations import mails, queries, standing, unanswered
from forum.delegations.errors import AskedAlready, StandsStill, TakenOver
from forum.delegations.models import Delegate, Substitution
from forum.events import freezing
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.registration import (
    answers,
    caps,
    consents,
    deadlines,
    ending,
    given,
    links,
    names,
    offers,
    places,
    reviewing,
    settling,
    suppressions,
    unconfirmed,
    waiting_list,
)
from forum.registration import mails as registration_mails
from forum.registration import queries as registrations
from forum.registration.actions import CONTACT
from forum.registration.applicant import Applicant
from forum.registration.consents import Listed
from forum.registration.enums import ConsentPurpose, OfferEnd, Status
from forum.registration.errors import (
    AddressTaken,
    LinkRefused,
    NothingOffered,
    NotLive,
    OrganisationFull,
    SameAddress,
)
from forum.registration.models import Registration
from forum.registration.senders import UNBOUNDED, MayMail, always

PERSON = "person"


def ask(
    registration: Registration,
    email: str,
    *,
    may_mail: MayMail = always,
    actor: str = PERSON,
    now: datetime,
) -> None:
    """Mail a link to the person's colleague; the link of a colleague named earlier stops working.

    The owner of an address that is registered already gets a mail that says so; the person does not learn it (S24).
    Raises NotLive, AnswersFrozen, NothingOffered, SameAddress, AskedAlready. Call after `start_write`.
    """
    places.lock_live(registration)
    refuse_if_too_late(registration, now)
    if deadlines.is_past_offer(registration, now):
        raise NothingOffered
    event, canonical = registration.event, names.canonical_email(email)
    # Only the person may learn that an address is their present one. For a contact, `contact_acts` instead compares the
    # new address with the one that the contact once typed for the person.
    if canonical == registration.email_canonical and actor == PERSON:
        raise SameAddress
    asked, is_by_contact = queries.find_asked(registration, now), actor == CONTACT
    # Let a contact name a colleague whom the person has asked already: a refusal would tell the contact so (P20).
    is_repeated = asked is not None and (asked.is_by_contact or not is_by_contact)
    if asked and is_repeated and names.canonical_email(asked.email) == canonical:
        raise AskedAlready(asked.expires_at)
    taken, withheld = registrations.find_confirmed(event, canonical), not may_mail(email)
    unanswered.forget_asked(registration)
    token, until = new_token(), _link_ends(event, now)
    db.session.add(
        Substitution(
            registration_id=registration.id,
            digest=digest(token),
            email=email,
            asked_at=now,
            expires_at=until,
            is_by_contact=is_by_contact,
        )
    )
    if taken:
        mails.queue_registered(taken, withheld=withheld, now=now)
    else:
        mails.queue_asked(registration, email, token, until=until, withheld=withheld, now=now)
    audit.record("registration.substitute_asked", registration, actor=actor, at=now)


def follow(token: str, *, now: datetime) -> Substitution:
    """Return the substitution to which a link leads.

    Raises TakenOver, or AnswersFrozen, StandsStill or LinkRefused when the person cannot be replaced any more.
    """
    substitution = queries.find_by_token(token)
    if substitution is None or events.is_over(substitution.registration.event, now):
        raise LinkRefused
    if substitution.registration.event.cancelled_at:
        raise StandsStill
    if substitution.successor and substitution.successor.is_live:
        raise TakenOver(substitution.successor)
    if not substitution.registration.is_live:
        raise LinkRefused
    freezing.refuse_if_frozen(substitution.registration.event, now)
    if substitution.expires_at <= now:
        raise LinkRefused
    return substitution


def confirm(
    token: str,
    applicant: Applicant,
    *,
    purposes: Collection[ConsentPurpose] = (),
    listed: Listed | None = None,
    now: datetime,
) -> Registration:
    """Let the newcomer, with these answers, take over; return their registration. Call after `start_write`.

    The link is looked up again once the event is locked: the previous holder of the lock may have ended the link (S20).
    Raises LinkRefused, NotLive, AnswersFrozen, NothingOffered, AddressTaken, OrganisationFull.
    """
    places.lock_live(follow(token, now=now).registration)
    asked = follow(token, now=now)
    refuse_if_too_late(asked.registration, now)
    by = CONTACT if asked.is_by_contact else PERSON
    successor = hand_over(asked.registration, applicant, named_by=by, now=now)
    consents.give(successor, purposes, listed, now=now)
    asked.successor_id, asked.confirmed_at, asked.email = successor.id, now, ""
    return successor


def hand_over(
    registration: Registration,
    applicant: Applicant,
    *,
    actor: str = PERSON,
    named_by: str,
    now: datetime,
) -> Registration:
    """Move place, rank and status of the registration to a new one with these answers; the event is locked.

    The newcomer's address answers an open invitation to it. The new registration keeps the organisation of the old one,
    whatever the answers say. `named_by` is who has named the newcomer, `actor` who makes the change. Raises
    NothingOffered, AddressTaken, OrganisationFull.
    """
    applicant = replace(applicant, organisation=registration.organisation)
    event, before = registration.event, registration.status
    if deadlines.is_past_offer(registration, now):
        raise NothingOffered
    canonical = names.canonical_email(applicant.email) if applicant.email else ""
    if taken := registrations.find_confirmed(event, canonical):
        raise AddressTaken(taken)
    ending.take_back_mails([registration])
    has_freed = unconfirmed.end(event, canonical, now=now)
    successor = answers.draft(event, registration.sector, applicant, now=now)
    is_reviewed, key = registration.is_in_review, successor.organisation_key
    # The domain of the newcomer's address may belong to another organisation, whose cap then counts the place.
    moves = key != registration.organisation_key
    if moves and registration.holds_place and not caps.has_room(event, key, registration.sector_id):
        raise OrganisationFull
    # The database refuses a row whose status and place do not fit, so write nothing until both are set.
    with db.session.no_autoflush:
        _pass_on(registration, successor, now)
        _end(registration, before, now)
        db.session.add(successor)
    db.session.flush()
    has_freed |= settling.settle(successor, now).has_freed
    is_reviewed_again = is_reviewed or reviewing.is_reviewed_again(successor)
    _keep_in_delegation(registration, successor, is_reviewed_again=is_reviewed_again)
    given.store(successor, applicant.given or {}, now=now)
    mails.queue_replaced(registration, by_contact=named_by == CONTACT, now=now)
    _record(registration, successor, before, actor, now)
    _welcome(successor, is_reviewed_again=is_reviewed_again, now=now)
    if moves or has_freed:
        waiting_list.offer_free_places(event, now=now)
    return successor


def refuse_if_too_late(registration: Registration, now: datetime) -> None:
    """Raise NotLive or AnswersFrozen if this person can no longer be replaced."""
    if registration.status == Status.PENDING or events.is_off(registration.event, now):
        raise NotLive
    freezing.refuse_if_frozen(registration.event, now)


def _link_ends(event: Event, now: datetime) -> datetime:
    ends = (now + deadlines.CONFIRM_TIME, event.ends_at, event.freezes_at)
    return min(moment for moment in ends if moment is not None)


def _pass_on(registration: Registration, successor: Registration, now: datetime) -> None:
    """Move place, rank and status to the successor; the event's counters stay the same."""
    status, holds = registration.status, registration.holds_place
    places.release(registration)
    if holds:
        places.hold(successor, UNBOUNDED, now=now)
        places.keep(successor)
    # Copy the times that decide the rank in line, even where the person has a place: organisers may move the newcomer
    # to a sector in which the newcomer has to wait.
    successor.requested_at, successor.waiting_since = registration.requested_at, registration.waiting_since
    successor.confirmed_at = now
    _begin_calendar(successor, now)
    successor.move_to(Status.CONFIRMED if holds else status, now=now)
    if holds:
        successor.waiting_since = None


def _begin_calendar(successor: Registration, now: datetime) -> None:
    """Number the newcomer's calendar entry higher than the entry of any earlier registration with this address."""
    earlier = registrations.find_last_calendar_sequence(successor)
    successor.calendar_sequence = 0 if earlier is None else earlier + 1
    successor.calendar_changed_at = now


def _end(registration: Registration, before: Status, now: datetime) -> None:
    registration.move_to(Status.CANCELLED, now=now)
    registration.ended_at = now
    links.revoke(registration, keeps_feed=True, now=now)
    answers.forget(registration)
    # A substitute who takes over an offered place thereby accepts it.
    how = OfferEnd.ACCEPTED if before == Status.OFFERED else OfferEnd.CANCELLED
    offers.end(registration, how, now=now)


def _keep_in_delegation(
    registration: Registration, successor: Registration, *, is_reviewed_again: bool
) -> None:
    """Let the newcomer take the person's place in the delegation, too, if the person is in one.

    The contact does not read name or address of a newcomer whom the person has named (P20). Of a newcomer with an
    address who takes over from somebody for whom the contact answers, the contact is told by the worker: nobody else
    can tell that person.
    """
    mine = Delegate.registration_id == registration.id
    told = standing.of(successor, is_reviewed_again=is_reviewed_again)
    if successor.has_address and not registration.has_address:
        told = standing.TAKEN_OVER
    kept = {"registration_id": successor.id, "told": told, "sealed_typed": None}
    db.session.execute(update(Delegate).where(mine).values(**kept))


def _record(
    registration: Registration, successor: Registration, before: Status, actor: str, now: datetime
) -> None:
    audit.record("registration.substituted", registration, actor=actor, at=now, was=before)
    known = {"sector": successor.sector.key, "place": successor.holds_place, "status": successor.status}
    audit.record(REGISTRATION_RECEIVED, successor, actor=actor, at=now, instead=True, **known)
    if successor.has_address:
        suppressions.note_reached(successor)
        audit.record("registration.address_confirmed", successor, actor=actor, at=now)
    if successor.holds_place:
        audit.record("registration.confirmed", successor, actor=actor, at=now)


def _welcome(successor: Registration, *, is_reviewed_again: bool, now: datetime) -> None:
    """Start the newcomer's review if organisers review the sector, and mail the newcomer their status."""
    if successor.status == Status.IN_REVIEW:
        reviewing.begin(successor, now=now)
    elif is_reviewed_again:
        reviewing.reopen(successor, kind=mails.REVIEWED, now=now)
        audit.record(SUBSTITUTE_IN_REVIEW, successor, actor=PERSON, at=now)
    else:
        registration_mails.queue_for_state(successor, now=now)
