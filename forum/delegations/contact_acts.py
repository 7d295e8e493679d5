"""What the contact of a delegation does about one of its people: changing, withdrawing, letting somebody come instead.

Whoever has an address of their own and has confirmed it answers for themselves: the contact can withdraw the person or
name somebody else, and changes nothing. The rules are those for people who do the same on their own page.
"""

from dataclasses import replace
from datetime import datetime

from forum.audit import actions as audit
from forum.delegations import substituting
from forum.delegations.admitting import CONTACT, applicant_of
from forum.delegations.asking import Person, forget
from forum.delegations.enums import DelegateState
from forum.delegations.errors import NotTheirs
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.events import queries as events
from forum.extensions import db
from forum.registration import actions, places
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.senders import MayMail, always


def can_change(delegate: Delegate, now: datetime) -> bool:
    """Return whether the contact answers for this person."""
    mine = _live(delegate, now)
    return mine is not None and not mine.has_address


def can_replace(delegate: Delegate, now: datetime) -> bool:
    """Return whether somebody else can come instead; whoever has not confirmed yet can only be withdrawn."""
    mine = _live(delegate, now)
    return mine is not None and mine.status != Status.PENDING


def can_withdraw(delegate: Delegate, now: datetime) -> bool:
    """Return whether the person can be withdrawn: one who comes, waits, is reviewed or has not confirmed yet."""
    is_asked = delegate.state == DelegateState.ASKED and delegate.delegation.event.ends_at > now
    return is_asked or _live(delegate, now) is not None


def change(delegate: Delegate, person: Person, *, now: datetime) -> list[str]:
    """Change name and title of somebody for whom the contact answers; return the names of what has changed.

    A new name is reviewed where registrations are. Raises NotTheirs, AnswersFrozen, NotLive.
    """
    registration = _lock(delegate, now)
    if registration is None or registration.has_address:
        raise NotTheirs
    known = Details(**{name: getattr(registration, name) for name in CHANGEABLE})
    told = {"given_name": person.given_name, "family_name": person.family_name, "title": person.title}
    changed = actions.change(registration, replace(known, **told), actor=CONTACT, now=now)
    delegate.told = registration.status
    return changed


def withdraw(delegate: Delegate, *, now: datetime) -> None:
    """End the registration of one person; the place is offered to the next in line. Raises NotTheirs."""
    registration = _lock(delegate, now)
    if registration is not None:
        actions.cancel(registration, actor=CONTACT, now=now)
        delegate.told = registration.status
    elif delegate.state == DelegateState.ASKED:
        delegate.state = DelegateState.WITHDRAWN
        delegate.given_name = delegate.family_name = delegate.title = delegate.email = ""
    else:
        raise NotTheirs


def let_come_instead(
    delegate: Delegate, person: Person, *, may_mail: MayMail = always, now: datetime
) -> Registration | None:
    """Let somebody else come: with an address of their own once they confirm, else at once; return who came at once.

    Raises NotTheirs, AnswersFrozen, SameAddress, NothingOffered, OrganisationFull.
    """
    registration = _lock(delegate, now)
    if registration is None or registration.status == Status.PENDING:
        raise NotTheirs
    if person.email:
        substituting.ask(registration, person.email, may_mail=may_mail, actor=CONTACT, now=now)
        return None
    substituting.refuse_if_too_late(registration, now)
    newcomer = substituting.hand_over(
        registration, applicant_of(person, registration), actor=CONTACT, now=now
    )
    moments = {"asked_at": now, "expires_at": now, "confirmed_at": now}
    db.session.add(Substitution(registration=registration, successor=newcomer, email="", **moments))
    return newcomer


def forget_contact(delegation: Delegation, *, now: datetime) -> None:
    """Erase the contact's data and links; the people stay registered, each as they are. Call after `start_write`."""
    places.lock(delegation.event)
    audit.record("delegation.contact_erased", delegation, actor=CONTACT, at=now)
    forget(delegation)


def _live(delegate: Delegate, now: datetime) -> Registration | None:
    mine = delegate.registration
    if mine is None or not mine.is_live or events.is_over(mine.event, now):
        return None
    return mine


def _lock(delegate: Delegate, now: datetime) -> Registration | None:
    """Lock the event and read afresh; return the live registration, None if the person has none. Raises NotTheirs."""
    places.lock(delegate.delegation.event)
    db.session.refresh(delegate)
    if delegate.registration is not None:
        db.session.refresh(delegate.registration)
        if _live(delegate, now) is None:
            raise NotTheirs
    return delegate.registration
