"""Reads who has been named to come instead of somebody, and who has come."""

from datetime import datetime

from sqlalchemy import select

from forum.columns import digest
from forum.delegations.models import Substitution
from forum.extensions import db
from forum.registration.models import Registration


def find_asked(registration: Registration, now: datetime) -> Substitution | None:
    """Return who has been named and may confirm still; whether the link has left makes no difference (S24)."""
    mine = (
        Substitution.registration_id == registration.id,
        Substitution.confirmed_at.is_(None),
        Substitution.expires_at > now,
    )
    return db.session.scalars(select(Substitution).where(*mine)).first()


def find_by_token(token: str, now: datetime) -> Substitution | None:
    """Return the substitution of a link that works still."""
    query = select(Substitution).where(
        Substitution.digest == digest(token),
        Substitution.confirmed_at.is_(None),
        Substitution.expires_at > now,
    )
    return db.session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def find_successor(registration: Registration) -> Registration | None:
    """Return who has come instead of this person, if anybody has."""
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
