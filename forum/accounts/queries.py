"""Reading accounts, memberships and sign-ins."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Row, bindparam, column, func, or_, select, table
from sqlalchemy.orm import joinedload

from forum.accounts.enums import Role
from forum.accounts.models import Membership, Passkey, RecoveryCode, SignIn, User
from forum.addresses import trimmed
from forum.columns import digest
from forum.events.queries import VERSION
from forum.extensions import db

# How long a sign-in lasts if it is not used, and how long at most (S07).
IDLE, ABSOLUTE = (
    timedelta(minutes=30),
    timedelta(hours=12),
)
# How long entered form values are kept until their owner signs in again.
WORDS_KEPT_FOR = timedelta(hours=1)
AUTOSAVED_FOR = timedelta(days=30)
# The only columns of the table of events that statements of this module need.
EVENTS = table("events", column("id"), column("slug"))
# Each request of the console runs this statement. It is built once, because building takes longer than running.
SIGN_IN_AND_EVENT_ID = (
    select(
        SignIn,
        select(EVENTS.c.id).where(EVENTS.c.slug == bindparam("slug")).scalar_subquery(),
        VERSION.scalar_subquery(),
    )
    .where(
        SignIn.digest == bindparam("digest"),
        SignIn.last_seen_at > bindparam("used_after"),
        SignIn.created_at > bindparam("begun_after"),
    )
    .options(joinedload(SignIn.user, innerjoin=True).joinedload(User.memberships))
)


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

    One statement reads them all, because every page of the console needs them. A user has few memberships.
    """
    return find_sign_in_for(token, None, now=now)[0]


def find_sign_in_for(
    token: str, slug: str | None, *, now: datetime
) -> tuple[SignIn | None, int | None, int | None]:
    """Return the unexpired sign-in with this token, the id of the event with this slug, and the content version.

    One statement reads all three. All three are None if the sign-in is unknown, expired or of a disabled account; only
    the id is None if no event has this slug.
    """
    given = {"slug": slug, "digest": digest(token), "used_after": now - IDLE, "begun_after": now - ABSOLUTE}
    row = db.session.execute(SIGN_IN_AND_EVENT_ID, given).unique().one_or_none()
    if row is None or not row[0].user.active:
        return None, None, None
    sign_in, event_id, version = row
    return sign_in, event_id, version


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
    """Return the active organisers who hold exactly this role for the event or for all events, ordered by id."""
    held = Membership.event_id.is_(None) | (Membership.event_id == event_id)
    holders = select(Membership.user_id).where(Membership.role == role, held)
    query = select(User).where(User.active, User.id.in_(holders)).order_by(User.id)
    return db.session.scalars(query).all()


def list_members(event_id: int | None) -> Sequence[int]:
    """Return the ids of accounts with a role for the event or for all events; of all accounts if `event_id` is None."""
    if event_id is None:
        return db.session.scalars(select(User.id)).all()
    held = or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    return db.session.scalars(select(Membership.user_id).where(held).distinct()).all()


def names_of(ids: Collection[int]) -> dict[int, str]:
    """Return the names of these organisers by user id."""
    query = select(User.id, User.name).where(User.id.in_(ids))
    return dict(db.session.execute(query).all()) if ids else {}


def roles_of(ids: Collection[int], event_id: int) -> dict[int, set[Role]]:
    """Return the roles of these organisers for an event, roles for all events included, by the organiser's id."""
    query = select(Membership.user_id, Membership.role).where(
        Membership.user_id.in_(ids), or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    )
    roles: dict[int, set[Role]] = {}
    for user_id, role in db.session.execute(query) if ids else ():
        roles.setdefault(user_id, set()).add(role)
    return roles


def may_still(user: User | None, event_id: int, roles: Collection[Role]) -> bool:
    """Return whether an organiser for whom the worker acts still has an account and one of the roles for the event."""
    if user is None:
        return False
    db.session.refresh(user)
    return user.active and not roles_of([user.id], event_id).get(user.id, set()).isdisjoint(roles)


def list_memberships(user: User) -> Sequence[Membership]:
    """Return the user's memberships as they are in the database, in the order in which they were given."""
    query = select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def lock_admins(event_id: int) -> Sequence[Row[int, int | None, bool]]:
    """Lock the memberships by which active organisers are admins of the event or of all events; return rows.

    A row has `user_id`, `event_id`, and `may_sign_in`: whether the organiser has a password. Every change of colleagues
    locks these rows first, so that two changes follow one another: the second one reads what the first has stored.
    """
    ours = or_(Membership.event_id == event_id, Membership.event_id.is_(None))
    may_sign_in = User.password_hash.is_not(None).label("may_sign_in")
    query = (
        select(Membership.user_id, Membership.event_id, may_sign_in)
        .join(User, User.id == Membership.user_id)
        .where(Membership.role == Role.ADMIN, ours, User.active)
        .order_by(Membership.id)
    )
    return db.session.execute(query.with_for_update(of=Membership, key_share=True)).all()


def active_among(ids: Collection[int]) -> set[int]:
    """Return the ids of these accounts, without those of disabled accounts."""
    return set(db.session.scalars(select(User.id).where(User.id.in_(ids), User.active)))


def count_recovery_codes(user: User) -> int:
    """Return how many unused recovery codes the user has."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)
    return db.session.scalars(query).one()


def list_passkeys(user: User) -> Sequence[Passkey]:
    """Return the user's passkeys in the order in which they were added."""
    return db.session.scalars(select(Passkey).where(Passkey.user_id == user.id).order_by(Passkey.id)).all()


def find_passkey(user: User, number: int) -> Passkey | None:
    """Return the user's passkey with this id."""
    query = select(Passkey).where(Passkey.id == number, Passkey.user_id == user.id)
    return db.session.scalars(query).one_or_none()


def find_credential(credential_id: bytes) -> Passkey | None:
    """Return the passkey with the ID that its device has given it, of any account; None when it is unknown."""
    return db.session.scalars(select(Passkey).where(Passkey.credential_id == credential_id)).one_or_none()


def count_passkeys(user: User) -> int:
    """Return how many passkeys the user has."""
    return db.session.scalars(
        select(func.count()).select_from(Passkey).where(Passkey.user_id == user.id)
    ).one()


def _is_alive(now: datetime) -> tuple:
    return SignIn.last_seen_at > now - IDLE, SignIn.created_at > now - ABSOLUTE
