"""Deadlines of delegations, their people and named substitutes while their event is cancelled.

Nobody can confirm meanwhile. If the event takes place after all within the longest time to confirm, the links of the
mails still work, as for people who register themselves (`registration/expiry`).
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from forum.delegations import named
from forum.delegations.enums import ContactLink, DelegateState
from forum.delegations.models import Delegate, Delegation, DelegationLink, Substitution
from forum.events.models import Event
from forum.extensions import db
from forum.registration.deadlines import CONFIRM_TIME, TIMES
from forum.registration.models import Registration

LONGEST = TIMES * CONFIRM_TIME


def outlast_cancellation(event: Event, *, now: datetime) -> None:
    """Give contacts, their people and substitutes more time to confirm, because the event was cancelled.

    Call with the event locked.
    """
    asked = Delegation.confirmed_at.is_(None), Delegation.confirm_by > now
    for delegation in db.session.scalars(select(Delegation).where(Delegation.event_id == event.id, *asked)):
        delegation.confirm_by = max(delegation.confirm_by, delegation.asked_at + LONGEST)
        mine = DelegationLink.delegation_id == delegation.id, DelegationLink.purpose == ContactLink.CONFIRM
        # Do not prolong links that no longer work: where a limit kept a mail from being sent, its link expired when it
        # was made.
        works = DelegationLink.expires_at > now
        db.session.execute(
            update(DelegationLink).where(*mine, works).values(expires_at=delegation.confirm_by)
        )
    _extend_people(event, now)
    open_ones = Substitution.confirmed_at.is_(None), Substitution.expires_at > now
    theirs = select(Substitution).join(Substitution.registration).where(*open_ones)
    for substitution in db.session.scalars(theirs.where(Registration.event_id == event.id)):
        ends = (substitution.asked_at + LONGEST, event.ends_at, event.freezes_at)
        until = min(moment for moment in ends if moment is not None)
        substitution.expires_at = max(substitution.expires_at, until)


def _extend_people(event: Event, now: datetime) -> None:
    """Extend the deadlines on contacts' pages, alike whether a person's address was registered before or not (S24)."""
    asked = Delegate.state.in_((DelegateState.ASKED, DelegateState.REGISTERED))
    people = select(Delegate).join(Delegate.delegation).where(Delegation.event_id == event.id, asked)
    for one in db.session.scalars(people.options(joinedload(Delegate.registration))):
        until = named.asked_until(one)
        if until and until > now:
            one.confirm_by = max(until, named.begun_at(one) + LONGEST)
