"""What the package `registration` reads of delegations (`registration.delegated`): mostly for the attendee list.

A delegation's label is the contact's organisation and the delegation's number, without the contact's name or address.
The number stands behind the word "delegation", so that nobody reads it as how many people there are.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, String, bindparam, cast, exists, func, literal, select
from sqlalchemy.orm import defer

from forum.delegations import named, queries
from forum.delegations.models import Delegate, Delegation
from forum.events.models import Event
from forum.extensions import db
from forum.folding import search_fold
from forum.outbox.models import OutboxMessage
from forum.registration.bare_hold_models import BareHold
from forum.registration.delegated import COLUMN, Delegated
from forum.registration.mails import REPEATED
from forum.registration.models import Registration
from forum.registration.names import canonical_email

MINE = Delegate.registration_id == Registration.id
IS_CONFIRMED = Delegation.confirmed_at.is_not(None)
NUMBERS = (
    select(Delegate.registration_id, func.min(Delegate.delegation_id))
    .where(Delegate.registration_id.in_(bindparam("ids", expanding=True)))
    .group_by(Delegate.registration_id)
)
# Read only the columns that labels and the search need: each page of the attendee list reads all confirmed delegations.
CONFIRMED = select(
    Delegation.id, Delegation.organisation, Delegation.given_name + " " + Delegation.family_name
).where(Delegation.event_id == bindparam("event_id"), IS_CONFIRMED)


def label(delegation: Delegation) -> str:
    """Return the name of a delegation for organisers, such as "Exempelbyrån, delegation 7"."""
    return _label(delegation.organisation, str(delegation.id))


def _label(organisation: str, number: str) -> str:
    return _("%(organisation)s, delegation %(number)s", organisation=organisation, number=number)


def list_all(event: Event) -> Sequence[Delegated]:
    """Return the event's confirmed delegations by organisation."""
    return from_rows(db.session.execute(CONFIRMED, {"event_id": event.id}))


def select_all() -> Select:
    """Select number, organisation and contact's name of each confirmed delegation of the event `event_id`."""
    return CONFIRMED


def from_rows(rows: Iterable[Any]) -> Sequence[Delegated]:
    """Return the delegations that the rows of `select_all` stand for, by organisation."""
    every = [_delegated(*row) for row in rows]
    return sorted(every, key=lambda one: (search_fold(one.label), one.number))


def _delegated(number: int, organisation: str, contact: str) -> Delegated:
    words = search_fold(f"{contact} {organisation}")
    return Delegated(number, organisation, _label(organisation, str(number)), words)


def numbers_of(registration_ids: Collection[int]) -> Mapping[int, int]:
    """Return for each registration that is in a delegation, by its id, the number of that delegation."""
    rows = db.session.execute(NUMBERS, {"ids": list(registration_ids)}) if registration_ids else ()
    return {registration_id: number for registration_id, number in rows if registration_id is not None}


def find_languages_of_contacts(registration_ids: Collection[int]) -> dict[int, str]:
    """Return the language of the contact who sees each of these registrations, by id of those in a delegation.

    A contact who has been erased is none, and none sees a person whose data may not be used.
    """
    seen = Delegate.registration_id.in_(registration_ids), IS_CONFIRMED, queries.IS_SHOWN
    query = select(Delegate.registration_id, Delegation.language).join(Delegate.delegation).where(*seen)
    rows = db.session.execute(query)
    return {number: language for number, language in rows if number is not None}


def has(numbers: Collection[int] | None) -> ColumnElement[bool]:
    """Return the condition that a registration belongs to one of these delegations, or to any."""
    return (
        exists().where(MINE) if numbers is None else exists().where(MINE, Delegate.delegation_id.in_(numbers))
    )


def select_label() -> Any:
    """Return the subquery for the label of a registration's delegation."""
    before, between, after = re.split("[\x01\x02]", _label("\x01", "\x02"))
    shown = literal(before) + Delegation.organisation + between + cast(Delegation.id, String) + after
    query = select(shown).join(Delegate, Delegate.delegation_id == Delegation.id).where(MINE)
    return query.order_by(Delegation.id).limit(1).scalar_subquery().label(COLUMN)


def list_mails_of_holds(holds: Sequence[BareHold]) -> dict[int, Sequence[OutboxMessage]]:
    """Return, by id of each bare hold, the mails that told the owner of the address that it is registered already.

    The owner of an address that is not registered would have got mails that ask to confirm it: these count instead.
    """
    mine = select(Delegate).where(Delegate.bare_hold_id.in_([hold.id for hold in holds]))
    mails: dict[int, Sequence[OutboxMessage]] = {hold.id: [] for hold in holds}
    for one in db.session.scalars(mine) if holds else ():
        told = (
            Registration.event_id == one.delegation.event_id,
            Registration.email_canonical == canonical_email(one.email),
            OutboxMessage.kind == REPEATED,
            OutboxMessage.created_at >= named.begun_at(one),
        )
        query = select(OutboxMessage).join(Registration, Registration.id == OutboxMessage.registration_id)
        unopened = query.options(defer(OutboxMessage.content, raiseload=True))
        mails[one.bare_hold_id or 0] = db.session.scalars(
            unopened.where(*told).order_by(OutboxMessage.id)
        ).all()
    return mails
