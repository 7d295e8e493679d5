"""Receiving a delegation: from the form that a contact sends to the mail that asks the contact to confirm.

Nothing is held for a delegation before its contact has confirmed the address, so that nobody can block places with
other people's addresses. Registration has to be open when the form arrives, as it has to be for a single person.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update

from forum.audit import traces
from forum.audit.queries import DELEGATION_ASKED, DELEGATION_ASKED_AGAIN
from forum.database import rehearsed
from forum.delegations import contact_links, mails, queries
from forum.delegations.enums import ContactLink, DelegateState
from forum.delegations.models import Delegate, Delegation
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox.enums import Lane
from forum.outbox.models import OutboxMessage
from forum.registration import intake, links, names
from forum.registration.deadlines import CONFIRM_TIME
from forum.registration.senders import MayMail, always
from forum.web.limits import keyed

FEWEST, MOST = 2, 20
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Contact:
    """The person who registers a delegation, with the organisation and country of its people."""

    given_name: str
    family_name: str
    email: str
    organisation: str
    country: str
    language: str


@dataclass(frozen=True)
class Person:
    """A person whom the contact names; without an address, the contact manages the person's registration."""

    given_name: str
    family_name: str
    title: str
    email: str = ""


def ask(
    event: Event,
    sector: Sector,
    contact: Contact,
    people: Sequence[Person],
    *,
    is_all_or_nobody: bool,
    form_key: str,
    may_mail: MayMail = always,
    now: datetime,
) -> None:
    """Store the delegation and ask its contact to confirm. Call with the event locked.

    The same form sent again changes nothing (R03). A contact who has confirmed a delegation in this sector gets a link
    to it instead, and no page reveals which of the two happened (S24). Raises what `intake.refuse` raises.
    """
    if queries.find_form(form_key):
        return
    intake.refuse(sector, now)
    canonical = names.canonical_email(contact.email)
    known = queries.find_confirmed(sector, canonical)
    leaves = may_mail(contact.email)
    asked = Delegation(
        event=event,
        sector=sector,
        **asdict(contact),
        email_canonical=canonical,
        is_all_or_nobody=is_all_or_nobody,
        form_key=form_key,
        asked_at=now,
        confirm_by=now + CONFIRM_TIME,
        people=[Delegate(position=number, **asdict(one)) for number, one in enumerate(people, 1)],
    )
    with rehearsed(db.session, when=known is not None):
        db.session.add(asked)
    _send_link(known or asked, is_known=known is not None, leaves=leaves, now=now)
    action = DELEGATION_ASKED_AGAIN if known else DELEGATION_ASKED
    # A contact may send many forms before one is confirmed: the audit trail counts them together.
    told: dict[str, Any] = {"sector": sector.key, "people": len(people)}
    traces.record_form(action, known or asked, group=keyed(f"{sector.id} {canonical}"), at=now, **told)


def forget_ended(*, now: datetime) -> int:
    """Delete unconfirmed delegations a day after their deadline, and all delegations a while after the event.

    People's registrations stay. Names of people who never confirmed are deleted at the same times. Return how many
    delegations were deleted.
    """
    _forget_names(now)
    unconfirmed = Delegation.confirmed_at.is_(None) & (Delegation.confirm_by <= now - DAY)
    over = select(Event.id).where(Event.ends_at <= now - timedelta(days=links.MANAGE_DAYS_AFTER_EVENT))
    gone = db.session.scalars(select(Delegation).where(unconfirmed | Delegation.event_id.in_(over))).all()
    for delegation in gone:
        forget(delegation)
    return len(gone)


def _forget_names(now: datetime) -> None:
    """Delete the typed names of people whose address was registered already, which only its owner may know (P07)."""
    begun, state = func.coalesce(Delegate.asked_at, Delegation.confirmed_at), Delegate.state
    asked = select(Delegate.id).join(Delegate.delegation).where(state == DelegateState.ASKED)
    usual = Delegate.confirm_by.is_(None) & (begun <= now - CONFIRM_TIME - DAY)
    mine = (Delegate.id.in_(asked.where(usual | (Delegate.confirm_by <= now - DAY))),)
    empty = dict.fromkeys(("given_name", "family_name", "title", "email"), "")
    db.session.execute(update(Delegate).where(*mine).values(**empty))


def forget(delegation: Delegation) -> None:
    """Delete a delegation with its contact's data and the messages to the contact; registrations stay as they are."""
    db.session.execute(delete(OutboxMessage).where(*_to_contact(delegation)))
    db.session.execute(delete(Delegation).where(Delegation.id == delegation.id))


def list_mails(delegation: Delegation) -> Sequence[OutboxMessage]:
    """Return the messages to the contact of a delegation."""
    query = select(OutboxMessage).where(*_to_contact(delegation))
    return db.session.scalars(query.order_by(OutboxMessage.id)).all()


def move_to(sector: Sector, into: Sector) -> None:
    """Move the delegations of a sector to the sector into which it is merged; the event is locked."""
    for delegation in db.session.scalars(select(Delegation).where(Delegation.sector_id == sector.id)):
        delegation.sector = into
    db.session.flush()


def _to_contact(delegation: Delegation) -> tuple[ColumnElement[bool], ...]:
    return (
        OutboxMessage.event_id == delegation.event_id,
        OutboxMessage.kind.in_(mails.TO_CONTACT),
        OutboxMessage.recipient == delegation.email,
    )


def _send_link(delegation: Delegation, *, is_known: bool, leaves: bool, now: datetime) -> None:
    """Mail the contact a link to confirm, or to the confirmed delegation.

    The link in a mail that is withheld never works.
    """
    purpose, kind = (ContactLink.MANAGE, mails.AGAIN) if is_known else (ContactLink.CONFIRM, mails.TO_CONFIRM)
    token = contact_links.issue(delegation, purpose, now=now, is_dead=not leaves)
    mails.queue_to_contact(
        delegation, kind, token, purpose=purpose, withheld=not leaves, lane=Lane.NOW, now=now
    )
