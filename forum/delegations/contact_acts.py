"""Acts of a delegation's contact on one of its people: changing, withdrawing or replacing the person.

A person who has confirmed an address of their own manages the registration: the contact can only withdraw or replace
them. The rules are those of the person's own page.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.delegations import named, queries, standing, substituting, unanswered
from forum.delegations.admitting import CONTACT, applicant_of
from forum.delegations.asking import Person, forget
from forum.delegations.enums import DelegateState
from forum.delegations.errors import NotTheirs
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events import freezing
from forum.events import queries as events
from forum.extensions import db
from forum.registration import actions, bare_holds, deadlines, given, names, places, tombstones, waiting_list
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.errors import SameAddress
from forum.registration.given import Answered
from forum.registration.models import Registration
from forum.registration.senders import MayMail, always
from forum.web.limits import keyed


def can_change(delegate: Delegate, now: datetime) -> bool:
    """Return whether the contact manages this person's registration."""
    mine = _live(delegate, now)
    return mine is not None and not mine.has_address


def can_replace(delegate: Delegate, now: datetime) -> bool:
    """Return whether the contact can let somebody else come instead of this person.

    A person who has not confirmed yet can only be withdrawn, as can one whose time to accept an offer is over.
    """
    mine = _live(delegate, now)
    return mine is not None and is_known(delegate, now) and not deadlines.is_past_offer(mine, now)


def is_known(delegate: Delegate, now: datetime) -> bool:
    """Return whether the contact may know the person's registration: one that is confirmed and can still be used."""
    mine = _live(delegate, now)
    is_off = events.is_off(delegate.delegation.event, now)
    return mine is not None and mine.status != Status.PENDING and not is_off


def can_withdraw(delegate: Delegate, now: datetime) -> bool:
    """Return whether the contact can withdraw this person.

    The person has a place, waits, is in review or has not confirmed yet, and the event is neither over nor cancelled.
    """
    if events.is_off(delegate.delegation.event, now):
        return False
    if named.asked_until(delegate) is not None:
        return not named.is_forgotten(delegate, now)
    return _live(delegate, now) is not None


def change(delegate: Delegate, person: Person, *, now: datetime) -> list[str]:
    """Change name and title of a person whose registration the contact manages; return the changed fields.

    Where registrations are reviewed, a new name is reviewed again. Raises NotTheirs, AnswersFrozen, NotLive.
    """
    registration = _lock_mine(delegate, now)
    known = Details(**{name: getattr(registration, name) for name in CHANGEABLE})
    before = asdict(named.person_of(delegate, now) or named.NOBODY)
    # Keep fields that the contact did not change: organisers may have corrected these meanwhile.
    told = {
        name: value for name, value in asdict(person).items() if name != "email" and value != before[name]
    }
    named.keep(delegate, person)
    changed = actions.change(registration, replace(known, **told), actor=CONTACT, now=now)
    delegate.told = standing.of(registration)
    return changed


def answer(delegate: Delegate, answered: Answered, *, now: datetime) -> list[str]:
    """Replace a person's answers, except those about diet and access, by the contact's; return the changed keys.

    Raises NotTheirs when the person manages the registration themselves, AnswersFrozen after the freeze date, NotLive
    when the registration has ended.
    """
    registration = _lock_mine(delegate, now)
    details = Details(**{name: getattr(registration, name) for name in CHANGEABLE})
    return actions.change(registration, details, answered=answered, actor=CONTACT, now=now)


def replace_care(delegate: Delegate, told: Mapping[str, Any], *, now: datetime) -> None:
    """Replace all of a person's answers about food and access by `told`, encrypted; delete them if `told` is empty.

    The forum holds such answers by consent only, so they can be deleted even after the freeze date. Raises NotTheirs,
    and AnswersFrozen unless `told` is empty.
    """
    registration = _lock_mine(delegate, now)
    if told:
        freezing.refuse_if_frozen(registration.event, now)
    given.change_care(registration, told, now=now)
    audit.record("registration.care_changed", registration, actor=CONTACT, at=now)


def withdraw(delegate: Delegate, *, now: datetime) -> None:
    """End the registration of one person; the place is offered to the next in line. Raises NotTheirs.

    What the delegation has stored of a person who has not confirmed yet is deleted, whether the address is registered
    or not (S24).
    """
    registration = _read(delegate)
    if not can_withdraw(delegate, now):
        raise NotTheirs
    if named.asked_until(delegate) is not None:
        delegate.state = DelegateState.WITHDRAWN
        named.forget(delegate)
    if registration is not None and registration.is_live:
        actions.cancel(registration, actor=CONTACT, now=now)
        delegate.told = standing.of(registration)
    elif hold := delegate.bare_hold:
        delegate.bare_hold = None
        bare_holds.end(hold)
        waiting_list.offer_free_places(delegate.delegation.event, now=now)


def let_come_instead(
    delegate: Delegate, person: Person, *, may_mail: MayMail = always, now: datetime
) -> Registration | None:
    """Replace a person by a newcomer; return the newcomer's registration if it is made at once, else None.

    A newcomer with an address of their own takes over after confirming the address; a newcomer without one takes over
    at once. Raises NotTheirs, AnswersFrozen, SameAddress, AskedAlready, NothingOffered, OrganisationFull.
    """
    registration = _lock(delegate, now)
    if registration is None or registration.status == Status.PENDING:
        raise NotTheirs
    if person.email:
        known = named.person_of(delegate, now)
        if (
            known
            and known.email
            and names.canonical_email(person.email) == names.canonical_email(known.email)
        ):
            raise SameAddress
        substituting.ask(registration, person.email, may_mail=may_mail, actor=CONTACT, now=now)
        return None
    substituting.refuse_if_too_late(registration, now)
    newcomer = substituting.hand_over(
        registration, applicant_of(person, registration), actor=CONTACT, named_by=CONTACT, now=now
    )
    moments = {"asked_at": now, "expires_at": now, "confirmed_at": now}
    db.session.add(Substitution(registration=registration, successor=newcomer, email="", **moments))
    named.keep(delegate, person)
    return newcomer


def take_back(delegate: Delegate, asked: str, *, now: datetime) -> bool:
    """End the link of the newcomer whose mark (`mark_of`) is `asked`; return whether the contact had asked them.

    The result is False for every person of whom the contact may know nothing, whether there is a registration or not
    (S24), and where the contact has asked somebody else meanwhile (R30).
    """
    registration = _read(delegate)
    if registration is None or not is_known(delegate, now):
        return False
    question = queries.find_asked(registration, now)
    if question is None or mark_of(question) != asked:
        return False
    return unanswered.take_back(registration, actor=CONTACT, now=now)


def mark_of(substitution: Substitution) -> str:
    """Return the mark by which a page of the contact names a substitution, such as one that was asked for."""
    return keyed(f"substitution {substitution.id}")


def forget_contact(delegation: Delegation, *, now: datetime) -> None:
    """Erase the contact's data and links; people's registrations stay unchanged. Call after `start_write`."""
    places.lock(delegation.event)
    tombstones.remember_contact(delegation, now=now)
    audit.record("delegation.contact_erased", delegation, actor=CONTACT, at=now)
    forget(delegation)


def _live(delegate: Delegate, now: datetime) -> Registration | None:
    mine = delegate.registration
    if mine is None or not mine.is_live or events.is_over(mine.event, now):
        return None
    return mine


def _lock(delegate: Delegate, now: datetime) -> Registration | None:
    """Lock the event and read the person again; return the person's live registration, or None. Raises NotTheirs."""
    registration = _read(delegate)
    if registration is not None and _live(delegate, now) is None:
        raise NotTheirs
    return registration


def _read(delegate: Delegate) -> Registration | None:
    """Lock the event, read the person and their registration again, and return the registration or None."""
    places.lock(delegate.delegation.event)
    db.session.refresh(delegate)
    if delegate.registration is not None:
        db.session.refresh(delegate.registration)
    return delegate.registration


def _lock_mine(delegate: Delegate, now: datetime) -> Registration:
    """Lock the event; return the person's registration if the contact manages it. Raises NotTheirs otherwise."""
    registration = _lock(delegate, now)
    if registration is None or registration.has_address:
        raise NotTheirs
    return registration
