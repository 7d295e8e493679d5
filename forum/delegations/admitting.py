"""Confirming a delegation: its people are registered in one transaction, under the event's lock.

Each person gets a place by the usual rule or waits; where organisers review the sector, each is reviewed. A person with
an address of their own is asked to confirm it, and a place is held until then as usual. For people without an address
the contact answers, so these get their place at once. If the contact has chosen "all or nobody", nobody is registered
unless everybody gets a place.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from forum.audit import actions as audit
from forum.audit import traces
from forum.audit.queries import ASKED_AGAIN, REGISTRATION_RECEIVED
from forum.database import rehearsed
from forum.delegations import contact_links, lacking, mails, named, queries, standing
from forum.delegations.asking import Person
from forum.delegations.enums import ContactLink, DelegateState, Prospect
from forum.delegations.errors import DelegationConfirmed, NotAllFit, SectorRefuses
from forum.delegations.models import Delegate, Delegation
from forum.events import queries as events
from forum.events.enums import SectorPolicy
from forum.events.models import Sector
from forum.extensions import db
from forum.registration import (
    actions,
    answers,
    bare_holds,
    caps,
    places,
    reviewing,
    waiting_list,
)
from forum.registration import mails as registration_mails
from forum.registration import queries as registrations
from forum.registration.applicant import Applicant
from forum.registration.enums import Status
from forum.registration.errors import LinkRefused, SectorFull
from forum.registration.models import Registration
from forum.registration.senders import UNBOUNDED, Sender

CONTACT = "contact"
Drafts = Mapping[Delegate, Registration]


def confirm(
    token: str, *, is_all_or_nobody: bool | None = None, sender: Sender = UNBOUNDED, now: datetime
) -> Delegation:
    """Register the people of a delegation by the contact's link. Call after `start_write`.

    `is_all_or_nobody` replaces what the contact chose in the form. Raises LinkRefused, DelegationConfirmed,
    SectorRefuses, NotAllFit; the caller then has to roll back.
    """
    places.lock(contact_links.follow(token, ContactLink.CONFIRM, now=now).event)
    delegation = contact_links.follow(token, ContactLink.CONFIRM, now=now)
    db.session.refresh(delegation)
    event, sector = delegation.event, delegation.sector
    if events.is_off(event, now):
        raise LinkRefused
    if delegation.confirmed_at or queries.find_confirmed(sector, delegation.email_canonical):
        raise DelegationConfirmed
    if sector.policy == SectorPolicy.INVITATION or not sector.ceiling:
        raise SectorRefuses
    if is_all_or_nobody is not None:
        delegation.is_all_or_nobody = is_all_or_nobody
    waiting_list.offer_free_places(event, now=now)
    drafts = {one: draft(one, delegation, now) for one in delegation.people}
    if delegation.is_all_or_nobody and sector.policy == SectorPolicy.OPEN:
        _refuse_unless_all_fit(drafts, sector, sender, now)
    delegation.confirmed_at = now
    for delegate, drafted in drafts.items():
        admit(delegate, drafted, sender, now)
    audit.record("delegation.confirmed", delegation, actor=CONTACT, at=now, people=len(drafts))
    manage = contact_links.issue(delegation, ContactLink.MANAGE, now=now)
    has_to_answer = bool(lacking.list_for_contact(delegation, delegation.people, now))
    mails.queue_to_contact(delegation, mails.DONE, manage, now=now, has_to_answer=has_to_answer)
    return delegation


def applicant_of(person: Delegate | Person, like: Delegation | Registration) -> Applicant:
    """Return the registration details of a person of a delegation.

    Organisation, country and language are those of `like`, the delegation or another registration.
    """
    own = {name: getattr(person, name) for name in ("given_name", "family_name", "title", "email")}
    shared = {name: getattr(like, name) for name in ("organisation", "country", "language")}
    return Applicant(**own, **shared, phone=None, submission_key="")


def has_registration(delegate: Delegate, registration: Registration) -> None:
    """Link a person of the delegation to a registration, and encrypt the details that the contact typed of them."""
    named.keep(delegate, Person(delegate.given_name, delegate.family_name, delegate.title, delegate.email))
    delegate.registration, delegate.state = registration, DelegateState.REGISTERED
    delegate.told = standing.of(registration)


def draft(delegate: Delegate, delegation: Delegation, now: datetime) -> Registration:
    """Return an unsaved registration, without a place, for a person of the delegation."""
    drafted = answers.draft(delegation.event, delegation.sector, applicant_of(delegate, delegation), now=now)
    # Set the id before the flush: the copy of the event on which places are counted finds the sector by its id.
    drafted.sector_id = delegation.sector_id
    return drafted


def _refuse_unless_all_fit(drafts: Drafts, sector: Sector, sender: Sender, now: datetime) -> None:
    """Raise NotAllFit unless each person would get a place now; the places are given on a copy of the event."""
    event, asked = sector.event, list(drafts.values())
    free = 0 if not has_room(sector, None, now) else _count_places(sector, asked, now)
    if sender.client is not None:
        held = registrations.count_places_held_for(event, sender.client)
        unheld = sum(bool(one.email) for one in asked) - max(0, sender.most_held - held)
        free = min(free, len(asked) - max(0, unheld))
    if free < len(asked):
        raise NotAllFit(free)


def _count_places(sector: Sector, asked: Sequence[Registration], now: datetime) -> int:
    trial = places.trial_of(sector.event)
    held = caps.held_by(sector.event, {one.organisation_key for one in asked})
    return sum(places.admit_on_trial(trial, one, now, held) for one in asked)


def has_room(sector: Sector, key: str | None, now: datetime) -> bool:
    """Return whether one more person of this organisation gets a place now; people who wait in line come first."""
    try:
        return places.has_room(sector, now, key)
    except SectorFull:
        return False


def foresee(sector: Sector, key: str | None, now: datetime) -> Prospect:
    """Return what would happen to a person of this organisation (None: of any) who were registered now."""
    if sector.policy == SectorPolicy.REVIEW:
        return Prospect.REVIEW
    if sector.policy == SectorPolicy.INVITATION:
        return Prospect.INVITATION
    if has_room(sector, key, now):
        return Prospect.PLACE
    return Prospect.WAITS if places.takes_waiters(sector.event, now) else Prospect.FULL


def admit(delegate: Delegate, drafted: Registration, sender: Sender, now: datetime) -> None:
    """Register one person of a delegation, or store in `delegate` that there was no place. The event is locked."""
    sector = drafted.sector
    is_free = has_room(sector, drafted.organisation_key, now)
    is_reviewed = sector.policy == SectorPolicy.REVIEW
    if not (is_free or is_reviewed or places.takes_waiters(sector.event, now)):
        delegate.state = DelegateState.LEFT_OUT
    elif delegate.email:
        ask_person(delegate, drafted, sender, now, is_free=is_free)
    else:
        _settle(drafted, now, is_free=is_free, is_reviewed=is_reviewed)
        has_registration(delegate, drafted)
    db.session.flush()


def _settle(drafted: Registration, now: datetime, *, is_free: bool, is_reviewed: bool) -> None:
    """Give a person without an address of their own a place, a rank in line or a review."""
    drafted.confirmed_at, drafted.calendar_sequence = now, 0
    if is_free and places.admit(drafted, now):
        drafted.move_to(Status.CONFIRMED, now=now)
    db.session.add(drafted)
    known = {"sector": drafted.sector.key, "place": drafted.holds_place, "delegation": True}
    in_review = is_reviewed and drafted.status != Status.CONFIRMED
    if in_review:
        known["status"] = Status.IN_REVIEW
    audit.record(REGISTRATION_RECEIVED, drafted, actor=CONTACT, at=now, **known)
    if drafted.status == Status.CONFIRMED:
        audit.record("registration.confirmed", drafted, actor=CONTACT, at=now)
    elif in_review:
        reviewing.begin(drafted, now=now)
    else:
        waiting_list.join(drafted, now, actor=CONTACT)


def ask_person(
    delegate: Delegate, drafted: Registration, sender: Sender, now: datetime, *, is_free: bool
) -> None:
    """Mail a person a link to confirm their own address; hold a place until then, as `intake.register` does.

    If the address is registered already, only its owner learns of that: the contact reads the same for every address,
    and a place is held for every address (S24). Nothing has to be hidden of the contact's own address, which the
    contact has confirmed by the link.
    """
    live = registrations.find_live(drafted.event, drafted.email_canonical)
    is_own = drafted.email_canonical == delegate.delegation.email_canonical
    leaves = sender.may_mail(drafted.email)
    if is_free and leaves and not (live and is_own):
        places.hold(drafted, sender, now=now)
    with rehearsed(db.session, when=live is not None):
        if live:
            # The address has a live registration already: the drafted registration gets its own reference, which is
            # unique, in place of the address (R04).
            drafted.email_canonical = drafted.reference
        db.session.add(drafted)
    if live:
        _tell_owner(delegate, drafted, live, withheld=not leaves, now=now)
    else:
        _has_asked(delegate, drafted, withheld=not leaves, is_own=is_own, now=now)
    if drafted.holds_place and not is_own:
        event = drafted.event
        with rehearsed(db.session, when=live is None, keeping=(delegate, event, *event.sectors)):
            delegate.bare_hold = bare_holds.take_over(drafted)


def _tell_owner(
    delegate: Delegate, drafted: Registration, live: Registration, *, withheld: bool, now: datetime
) -> None:
    delegate.state = DelegateState.ASKED
    registration_mails.queue_already_registered(live, withheld=withheld, now=now)
    known = {"sector": drafted.sector.key, "delegation": True}
    traces.record_form(ASKED_AGAIN, live, actor=CONTACT, at=now, **known)


def _has_asked(
    delegate: Delegate, drafted: Registration, *, withheld: bool, is_own: bool, now: datetime
) -> None:
    told = {"place": drafted.holds_place, "sector": drafted.sector.key, "delegation": True}
    traces.record_form(REGISTRATION_RECEIVED, drafted, is_new=True, actor=CONTACT, at=now, **told)
    has_registration(delegate, drafted)
    if is_own:
        # The contact has named their own address for this person, too, and has confirmed that address by the contact's
        # link: confirm the person's registration at once.
        actions.confirm(drafted, now=now)
        delegate.told = standing.of(drafted)
    else:
        registration_mails.queue_received(drafted, withheld=withheld, by_contact=True, now=now)
