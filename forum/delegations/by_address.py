"""Data about a person that only the address connects to them: as contact or member of a delegation, as a substitute.

No registration of the person leads to these rows. The rows are part of the person's own data, and erased with the
person, once the person has confirmed the address (P08, P11).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.delegations import asking, unanswered
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import bare_holds, names
from forum.registration.models import Registration


def find_rows(registration: Registration, *, before: datetime | None = None) -> Mapping[str, Sequence[Any]]:
    """Return by table the rows with the person's address, and the messages to it that belong to these rows.

    With `before`, rows made at that moment or later are left out.
    """
    if registration.confirmed_at is None or not registration.has_address:
        return {}
    contacts = [one for one in _list_delegations(registration) if _is_made(one.asked_at, before)]
    colleagues = [one for one in _list_substitutions(registration) if _is_made(one.asked_at, before)]
    named = [
        one
        for one in _list_delegates(registration)
        if _is_made(one.asked_at or one.delegation.asked_at, before)
    ]
    mails = [mail for one in contacts for mail in asking.list_mails(one)]
    mails += [mail for one in colleagues for mail in unanswered.list_mails(one)]
    return {
        Delegation.__tablename__: contacts,
        Delegate.__tablename__: named,
        Substitution.__tablename__: colleagues,
        OutboxMessage.__tablename__: mails,
    }


def forget(registration: Registration, *, actor: str, now: datetime, before: datetime | None = None) -> None:
    """Delete the rows that have the person's address (`find_rows`); others' registrations in those delegations stay.

    The person leaves a delegation in the same way whether the address was registered before or not (S24), and no place
    is held any more. The event is locked, and the caller offers free places.
    """
    by_table = find_rows(registration, before=before)
    for delegation in by_table.get(Delegation.__tablename__, ()):
        audit.record("delegation.contact_erased", delegation, actor=actor, at=now)
    for hold in [one.bare_hold for one in by_table.get(Delegate.__tablename__, ()) if one.bare_hold]:
        bare_holds.end(hold)
    for model in (OutboxMessage, Delegation, Delegate, Substitution):
        ids = [one.id for one in by_table.get(model.__tablename__, ())]
        db.session.execute(delete(model).where(model.id.in_(ids)))


def _is_made(moment: datetime, before: datetime | None) -> bool:
    return before is None or moment < before


def _list_delegations(registration: Registration) -> Sequence[Delegation]:
    mine = Delegation.event_id == registration.event_id
    query = select(Delegation).where(mine, Delegation.email_canonical == registration.email_canonical)
    return db.session.scalars(query.order_by(Delegation.id)).all()


def _list_delegates(registration: Registration) -> list[Delegate]:
    """Return members of the event's delegations with the registration's address who are linked to no registration."""
    mine = Delegation.event_id == registration.event_id, Delegate.registration_id.is_(None)
    query = select(Delegate).join(Delegate.delegation).where(*mine, Delegate.email != "")
    return [one for one in db.session.scalars(query.order_by(Delegate.id)) if _is_of(one.email, registration)]


def _list_substitutions(registration: Registration) -> list[Substitution]:
    mine = Registration.event_id == registration.event_id, Substitution.email != ""
    query = select(Substitution).join(Substitution.registration).where(*mine).order_by(Substitution.id)
    return [one for one in db.session.scalars(query) if _is_of(one.email, registration)]


def _is_of(email: str, registration: Registration) -> bool:
    return names.canonical_email(email) == registration.email_canonical
