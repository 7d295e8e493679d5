"""Reading substitutions and delegations."""

from collections.abc import Collection, Sequence
from datetime import datetime
from types import SimpleNamespace

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload, selectinload

from forum.columns import digest
from forum.delegations.enums import ContactLink
from forum.delegations.models import Delegate, Delegation, DelegationLink, Substitution
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED
from forum.web.pagination import Cursor, Order, Page, read_page

SIZE = 20  # how many delegations, each with up to 20 people, a page of the organisers' list shows
# The condition that a delegate is shown to the contact: no restriction applies to the delegate's registration.
IS_SHOWN = Delegate.registration_id.is_(None) | Delegate.registration_id.not_in(RESTRICTED)
LONGEST_NUMBER = 9  # the most digits of a delegation's number in a URL; the database has no larger ids


def find_asked(registration: Registration, now: datetime) -> Substitution | None:
    """Return a person's substitution that can still be confirmed, whether its mail was sent yet or not (S24)."""
    mine = (
        Substitution.registration_id == registration.id,
        Substitution.confirmed_at.is_(None),
        Substitution.expires_at > now,
    )
    return db.session.scalars(select(Substitution).where(*mine)).first()


def list_by_contact(registration_ids: Collection[int], now: datetime) -> dict[int, Substitution]:
    """Return, by the person's registration, the open substitutions that the contact of a delegation has asked for."""
    theirs = (
        Substitution.registration_id.in_(registration_ids),
        Substitution.is_by_contact,
        Substitution.confirmed_at.is_(None),
        Substitution.expires_at > now,
    )
    return {one.registration_id: one for one in db.session.scalars(select(Substitution).where(*theirs))}


def find_by_token(token: str) -> Substitution | None:
    """Return the substitution with this link, also when the link was used or has expired."""
    query = select(Substitution).where(Substitution.digest == digest(token))
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def find_successor(registration: Registration) -> Registration | None:
    """Return the registration of the substitute who has taken over from this person, or None."""
    mine = Substitution.registration_id == registration.id
    return db.session.scalars(
        select(Registration).join(Substitution, Substitution.successor_id == Registration.id).where(mine)
    ).first()


def find_predecessor(registration: Registration) -> Registration | None:
    """Return the registration whose place this person has taken over, or None."""
    mine = Substitution.successor_id == registration.id
    return db.session.scalars(
        select(Registration).join(Substitution, Substitution.registration_id == Registration.id).where(mine)
    ).first()


def find_link(token_digest: str, purpose: ContactLink, now: datetime) -> DelegationLink | None:
    """Return the contact's link with this digest if it still works.

    The link is read from the database again: it may have ended since the session has loaded it.
    """
    query = select(DelegationLink).where(
        DelegationLink.digest == token_digest,
        DelegationLink.purpose == purpose,
        DelegationLink.expires_at > now,
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def older_links(link: DelegationLink, now: datetime) -> Sequence[DelegationLink]:
    """Return the earlier links to the same delegation and purpose that work still."""
    same = DelegationLink.delegation_id == link.delegation_id, DelegationLink.purpose == link.purpose
    if link.created_at is None:
        return ()
    earlier = DelegationLink.created_at.is_(None) | (DelegationLink.created_at < link.created_at)
    query = select(DelegationLink).where(*same, earlier, DelegationLink.expires_at > now)
    return db.session.scalars(query.order_by(DelegationLink.digest)).all()


def find_form(form_key: str) -> Delegation | None:
    """Return the delegation that was made from a form, if the form was sent before."""
    return db.session.scalars(select(Delegation).where(Delegation.form_key == form_key)).one_or_none()


def find_confirmed(sector: Sector, email_canonical: str) -> Delegation | None:
    """Return the delegation in this sector that a contact with this address has confirmed, or None."""
    mine = Delegation.sector_id == sector.id, Delegation.email_canonical == email_canonical
    query = select(Delegation).where(*mine, Delegation.confirmed_at.is_not(None))
    return db.session.scalars(query.order_by(Delegation.id)).first()


def list_of_contact(event: Event, email_canonical: str, now: datetime) -> Sequence[Delegation]:
    """Return the event's delegations of a contact with this address, confirmed or still to be confirmed, oldest first.

    One statement reads them with their people, so that the time taken does not tell if an address has any (S24).
    """
    mine = Delegation.event_id == event.id, Delegation.email_canonical == email_canonical
    query = select(Delegation).where(*mine, _is_of_use(now)).order_by(Delegation.id)
    whole = query.options(joinedload(Delegation.sector), joinedload(Delegation.people))
    return db.session.scalars(whole).unique().all()


def list_first(event: Event, now: datetime) -> Sequence[Delegation]:
    """Return in a list the event's first delegation that is confirmed or can still be; an empty list without one."""
    query = select(Delegation).where(Delegation.event_id == event.id, _is_of_use(now))
    shown = query.options(joinedload(Delegation.sector)).order_by(Delegation.id).limit(1)
    return db.session.scalars(shown).all()


def _is_of_use(now: datetime) -> ColumnElement[bool]:
    return Delegation.confirmed_at.is_not(None) | (Delegation.confirm_by > now)


def find_delegate(delegation: Delegation, position: int) -> Delegate | None:
    """Return the person at this position of a delegation, as the contact sees the person, or None.

    A person of another delegation is None, too (S13).
    """
    mine = Delegate.delegation_id == delegation.id, Delegate.position == position
    return db.session.scalars(select(Delegate).where(*mine, IS_SHOWN)).one_or_none()


def list_shown(delegation: Delegation) -> Sequence[Delegate]:
    """Return the people whom the contact sees, without erased people and those whose data may not be used."""
    return _list(Delegate.delegation_id == delegation.id, IS_SHOWN)


def list_people(delegation: Delegation) -> Sequence[Delegate]:
    """Return the people of a delegation, also those whom the contact does not see."""
    return _list(Delegate.delegation_id == delegation.id)


def _list(*conditions: ColumnElement[bool]) -> Sequence[Delegate]:
    """Return people of delegations in order, with their registrations, all of them read from the database again."""
    query = select(Delegate).where(*conditions).order_by(Delegate.position)
    whole = query.options(joinedload(Delegate.registration)).execution_options(populate_existing=True)
    return db.session.scalars(whole).all()


def list_delegates(registration_ids: Collection[int]) -> Sequence[Delegate]:
    """Return the people of any delegation whose registrations have these ids."""
    mine = Delegate.registration_id.in_(registration_ids)
    return db.session.scalars(select(Delegate).where(mine).order_by(Delegate.id)).all()


def find_of(registration: Registration) -> Delegation | None:
    """Return the delegation to which a registration belongs, if any."""
    mine = Delegate.registration_id == registration.id
    return db.session.scalars(select(Delegation).join(Delegation.people).where(mine)).first()


def read_confirmed(event: Event, cursor: Cursor | None) -> Page[Delegation]:
    """Return a page of the event's delegations that were confirmed, with their people, the newest first."""
    people = selectinload(Delegation.people).joinedload(Delegate.registration)
    query = select(Delegation).where(Delegation.event_id == event.id, Delegation.confirmed_at.is_not(None))
    shown = query.options(people, joinedload(Delegation.sector))
    is_number = cursor is not None and cursor.key.isdecimal() and len(cursor.key) <= LONGEST_NUMBER
    beside = SimpleNamespace(id=int(cursor.key)) if cursor and is_number else None
    backwards = cursor is not None and cursor.backwards
    order = Order((Delegation.id,), falling=True)
    return read_page(db.session, shown, order, size=SIZE, beside=beside, backwards=backwards)


def find_confirmed_of(event: Event, number: int) -> Delegation | None:
    """Return the event's confirmed delegation with this id; None for one of another event (S13)."""
    mine = Delegation.event_id == event.id, Delegation.id == number
    return db.session.scalars(
        select(Delegation).where(*mine, Delegation.confirmed_at.is_not(None))
    ).one_or_none()
