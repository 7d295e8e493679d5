"""The organisers who work on an event, as their admins see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from forum.accounts import queries
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.models import Membership, OneTimeLink, SignIn, User
from forum.audit import queries as audit
from forum.extensions import db
from forum.folding import search_fold


class Standing(StrEnum):
    """The state of an account: disabled, invited, invitation expired, or in use."""

    DISABLED = "disabled"
    INVITED = "invited"
    EXPIRED = "expired"
    ACTIVE = "active"


@dataclass(frozen=True)
class Colleague:
    """An organiser with roles for an event; `seen_at` is the last page that they opened, or the last sign-in.

    `sectors` are the ids of the sectors whose people a reviewer decides about.
    """

    user: User
    here: tuple[Role, ...]
    sectors: tuple[int, ...]
    everywhere: tuple[Role, ...]
    standing: Standing
    invited_until: datetime | None
    seen_at: datetime | None
    has_second_factor: bool


def list_colleagues(event_id: int, *, now: datetime) -> list[Colleague]:
    """Return everybody with a role for the event or for all events, in the order of their names."""
    users = _users(event_id)
    ids = [user.id for user in users]
    invited, seen = _open_invitations(ids, now), _last_seen(ids)
    colleagues = [_colleague(user, event_id, invited.get(user.id), seen.get(user.id)) for user in users]
    return sorted(colleagues, key=lambda each: (search_fold(each.user.name), each.user.id))


def find_colleague(number: int, event_id: int, *, now: datetime) -> Colleague | None:
    """Return the organiser with this id if they have a role for the event or for all events."""
    for user in _users(event_id, User.id == number):
        return _colleague(
            user, event_id, _open_invitations([number], now).get(number), _last_seen([number]).get(number)
        )
    return None


def is_last_handler(colleague: Colleague, event_id: int) -> bool:
    """Return whether nobody but this colleague can look up who has a protected identity at the event."""
    handlers = queries.list_holders(Role.PROTECTED_HANDLER, event_id)
    return {user.id for user in handlers if user.password_hash is not None} == {colleague.user.id}


def _users(event_id: int, *conditions) -> Sequence[User]:
    ours = or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    query = select(User).where(User.id.in_(select(Membership.user_id).where(ours)), *conditions)
    held = selectinload(User.memberships).selectinload(Membership.reviewed)
    return db.session.scalars(query.options(held)).all()


def _open_invitations(ids: Sequence[int], now: datetime) -> dict[int, datetime]:
    """Return for each invited user, by id, when the link that sets the first password stops working."""
    is_open = OneTimeLink.used_at.is_(None) & (OneTimeLink.expires_at > now)
    query = select(OneTimeLink.user_id, OneTimeLink.expires_at).where(
        OneTimeLink.user_id.in_(ids), OneTimeLink.purpose == LinkPurpose.WELCOME, is_open
    )
    return {number: until for number, until in db.session.execute(query) if number is not None}


def _last_seen(ids: Sequence[int]) -> dict[int, datetime]:
    """Return for each user, by id, when they were last seen.

    For a user whose sign-ins are all deleted by now, the latest sign-in in the audit trail counts.
    """
    latest = func.max(SignIn.last_seen_at)
    query = select(SignIn.user_id, latest).where(SignIn.user_id.in_(ids)).group_by(SignIn.user_id)
    recorded = audit.find_latest(audit.SIGNED_IN, User.__tablename__, ids)
    return {**recorded, **dict(db.session.execute(query).all())}


def _colleague(
    user: User, event_id: int, invited_until: datetime | None, seen_at: datetime | None
) -> Colleague:
    return Colleague(
        user,
        here=_roles(user, event_id),
        sectors=_sectors(user, event_id),
        everywhere=_roles(user, None),
        standing=_standing(user, invited_until, has_signed_in=seen_at is not None),
        invited_until=None if user.password_hash or seen_at else invited_until,
        seen_at=seen_at,
        has_second_factor=user.sealed_totp_secret is not None,
    )


def _roles(user: User, event_id: int | None) -> tuple[Role, ...]:
    held = {each.role for each in user.memberships if each.event_id == event_id}
    return tuple(role for role in Role if role in held)


def _sectors(user: User, event_id: int) -> tuple[int, ...]:
    """Return the ids of the sectors whose people a reviewer of the event decides about; empty for anybody else."""
    held = [each for each in user.memberships if each.event_id == event_id and each.role == Role.REVIEWER]
    return tuple(row.sector_id for each in held for row in each.reviewed)


def _standing(user: User, invited_until: datetime | None, *, has_signed_in: bool) -> Standing:
    """Return the state of the account. The demo's organiser has no password and counts as active after signing in."""
    if not user.active:
        return Standing.DISABLED
    if user.password_hash is not None or has_signed_in:
        return Standing.ACTIVE
    return Standing.INVITED if invited_until else Standing.EXPIRED
