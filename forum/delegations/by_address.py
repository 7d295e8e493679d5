"""What is held of a person by the address alone: as the contact of a delegation, as one of its people, as a colleague.

These rows lead to no registration of the person. Own data tell them, and erasing the person erases them, once the
person has confirmed that the address is theirs (P08, P11).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select

from forum.audit import actions as audit
from forum.delegations import asking, substituting
from forum.delegations.models import Delegate, Delegation, Substitution
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration import names
from forum.registration.models import Registration


def find_rows(registration: Registration) -> Mapping[str, Sequence[Any]]:
    """Return by table the rows that hold the person's address, and the messages to it that go with them."""
    if registration.confirmed_at is None or not registration.has_address:
        return {}
    contacts, colleagues = _list_delegations(registration), _list_substitutions(registration)
    mails = [mail for one in contacts for mail in asking.list_mails(one)]
    mails += [mail for one in colleagues for mail in substituting.list_mails(one)]
    return {
        Delegation.__tablename__: contacts,
        Delegate.__tablename__: _list_delegates(registration),
        Substitution.__tablename__: colleagues,
        OutboxMessage.__tablename__: mails,
    }


def forget(registration: Registration, *, actor: str, now: datetime) -> None:
    """Delete what `find_rows` finds; people of the person's delegations who are registered stay so.

    Somebody who was asked to confirm the address is gone from a delegation as one is whose unconfirmed registration is
    erased (S24). The event is locked.
    """
    found = find_rows(registration)
    for delegation in found.get(Delegation.__tablename__, ()):
        audit.record("delegation.contact_erased", delegation, actor=actor, at=now)
    for model in (OutboxMessage, Delegation, Delegate, Substitution):
        ids = [one.id for one in found.get(model.__tablename__, ())]
        db.session.execute(delete(model).where(model.id.in_(ids)))


def _list_delegations(registration: Registration) -> Sequence[Delegation]:
    mine = Delegation.event_id == registration.event_id
    query = select(Delegation).where(mine, Delegation.email_canonical == registration.email_canonical)
    return db.session.scalars(query.order_by(Delegation.id)).all()


def _list_delegates(registration: Registration) -> list[Delegate]:
    """Return the people of delegations who have this address and no registration that the delegation knows of."""
    mine = Delegation.event_id == registration.event_id, Delegate.registration_id.is_(None)
    query = select(Delegate).join(Delegate.delegation).where(*mine, Delegate.email != "")
    return [one for one in db.session.scalars(query.order_by(Delegate.id)) if _is_of(one.email, registration)]


def _list_substitutions(registration: Registration) -> list[Substitution]:
    mine = Registration.event_id == registration.event_id, Substitution.email != ""
    query = select(Substitution).join(Substitution.registration).where(*mine).order_by(Substitution.id)
    return [one for one in db.session.scalars(query) if _is_of(one.email, registration)]


def _is_of(email: str, registration: Registration) -> bool:
    return names.canonical_email(email) == registration.email_canonical
