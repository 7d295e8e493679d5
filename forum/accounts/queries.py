"""Reading accounts, memberships and sign-ins."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import column, func, or_, select, table
from sqlalchemy.orm import joinedload

from forum.accounts.enums import Role
from forum.accounts.models import Membership, RecoveryCode, SignIn, User
from forum.addresses import trimmed
from forum.columns import digest
from forum.extensions import db

# How long a sign-in lasts without use, and at the most (S07).
IDLE, ABSOLUTE = (
    timedelta(minutes=30),
    timedelta(hours=12),
)
# How long entered form values are kept until their owner signs in again.
WORDS_KEPT_FOR = timedelta(hours=1)
AUTOSAVED_FOR = timedelta(days=30)
# The table of `events`, whose models `accounts` must not import.
EVENTS = table("events", column("id"), column("slug"))


def canonical_email(text: str) -> str:
    """Return the address trimmed and in lower case, as organisers' addresses are stored and compared."""
    return trimmed(text).lower()


def find_by_email(email: str) -> User | None:
    """Return the account with this address, whatever its spaces and capitals."""
    return db.session.scalars(select(User).where(User.email == canonical_email(email))).one_or_none()


def find_event_id(slug: str) -> int | None:
    """Return the id of the event with this slug."""
    return db.session.scalars(select(EVENTS.c.id).where(EVENTS.c.slug == slug)).one_or_none()


def find_sign_in(token: str, *, now: datetime) -> SignIn | None:
    """Return the unexpired sign-in with this token, with its user and memberships loaded.

    One statement, because every page of the console needs them; a user has few memberships.
    """
    with_user = joinedload(SignIn.user, innerjoin=True).joinedload(User.memberships)
    query = select(SignIn).where(SignIn.digest == digest(token), *_is_alive(now)).options(with_user)
    sign_in = db.session.scalars(query).unique().one_or_none()
    return sign_in if sign_in and sign_in.user.active else None


def find_owner(token: str) -> int | None:
    """Return the user id of the sign-in with this token, expired or not; None when it is unknown."""
    return db.session.scalar(select(SignIn.user_id).where(SignIn.digest == digest(token)))


def lock_user(user_id: int) -> None:
    """Lock the account's row until the transaction ends; rows that refer to it may still be inserted."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def list_sign_ins(user: User, *, now: datetime) -> Sequence[SignIn]:
    """Return the user's unexpired sign-ins, the most recently used first."""
    query = select(SignIn).where(SignIn.user_id == user.id, *_is_alive(now))
    return db.session.scalars(query.order_by(SignIn.last_seen_at.desc(), SignIn.id.desc())).all()


def find_membership(user: User, role: str, event_id: int | None) -> Membership | None:
    """Return the user's membership with exactly this role and event."""
    query = select(Membership).where(
        Membership.user_id == user.id,
        Membership.role == role,
        Membership.event_id.is_not_distinct_from(event_id),
    )
    return db.session.scalars(query).one_or_none()


def list_holders(role: str, event_id: int) -> Sequence[User]:
    """Return the active organisers who hold this very role for the event or for all events, by id."""
    held = Membership.event_id.is_(None) | (Membership.event_id == event_id)
    holders = select(Membership.user_id).where(Membership.role == role, held)
    query = select(User).where(User.active, User.id.in_(holders)).order_by(User.id)
    return db.session.scalars(query).all()


def names_of(ids: Collection[int]) -> dict[int, str]:
    """Return the names of organisers by id."""
    query = select(User.id, User.name).where(User.id.in_(ids))
    return dict(db.session.execute(query).all()) if ids else {}


def roles_of(ids: Collection[int], event_id: int) -> dict[int, set[Role]]:
    """Return by organiser the roles for an event, those for all events included."""
    query = select(Membership.user_id, Membership.role).where(
        Membership.user_id.in_(ids), or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    )
    roles: dict[int, set[Role]] = {}
    for user_id, role in db.session.execute(query) if ids else ():
        roles.setdefault(user_id, set()).add(role)
    return roles


def count_recovery_codes(user: User) -> int:
    """Return how many unused recovery codes the user has."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)
    return db.session.scalars(query).one()


def _is_alive(now: datetime) -> tuple:
    return SignIn.last_seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE
