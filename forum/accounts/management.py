"""Creating organisers, giving them roles, taking roles away, disabling them. Nothing here commits."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete

from forum.accounts import links, queries
from forum.accounts.actions import end_sign_ins
from forum.accounts.enums import LinkPurpose, Role
from forum.accounts.errors import OrganiserExists
from forum.accounts.models import Membership, Passkey, RecoveryCode, User
from forum.audit import actions as audit
from forum.audit.queries import ROLE_GIVEN, ROLE_TAKEN
from forum.extensions import db


def create_organiser(email: str, *, name: str, language: str, actor: str, now: datetime) -> User:
    """Create an account without password or role. Raises OrganiserExists."""
    if queries.find_by_email(email):
        raise OrganiserExists
    user = User(email=queries.canonical_email(email), name=name, language=language, created_at=now)
    db.session.add(user)
    db.session.flush()
    audit.record("account.created", user, actor=actor, at=now)
    return user


def give_role(
    user: User, role: Role, *, event_id: int | None, actor: str, now: datetime, signs_out: bool = True
) -> None:
    """Give a role for one event, or for all when `event_id` is None; end the user's sign-ins if `signs_out` (S06).

    Every request reads the roles from the database, so sign-ins that are not ended have the new roles, too. Does
    nothing when the user has the role already.
    """
    if queries.find_membership(user, role, event_id):
        return
    db.session.add(Membership(user_id=user.id, event_id=event_id, role=role))
    db.session.flush()
    db.session.expire(user, ["memberships"])
    if signs_out:
        end_sign_ins(user)
    audit.record(ROLE_GIVEN, user, actor=actor, at=now, role=role, event=event_id)


def take_role(
    user: User, role: Role, *, event_id: int | None, actor: str, now: datetime, signs_out: bool = True
) -> None:
    """Take a role for one event, or for all when `event_id` is None; end the user's sign-ins if `signs_out` (S06).

    Every request reads the roles from the database, so sign-ins that are not ended lose the role, too. Does nothing
    when the user does not have the role.
    """
    held = queries.find_membership(user, role, event_id)
    if held is None:
        return
    db.session.delete(held)
    db.session.flush()
    db.session.expire(user, ["memberships"])
    if signs_out:
        end_sign_ins(user)
    audit.record(ROLE_TAKEN, user, actor=actor, at=now, role=role, event=event_id)


def invite(user: User, *, actor: str, now: datetime, lifetime: timedelta | None = None) -> str:
    """Return the token of a link that sets the user's password once; earlier such links are revoked."""
    audit.record("account.invited", user, actor=actor, at=now)
    return links.issue(user, LinkPurpose.WELCOME, now=now, lifetime=lifetime)


def remove(user: User, *, actor: str, now: datetime) -> None:
    """Delete the account of somebody who never accepted the invitation, whose link stops working."""
    audit.record("account.removed", user, actor=actor, at=now)
    db.session.delete(user)
    db.session.flush()


def forget_second_factor(user: User, *, actor: str, now: datetime) -> None:
    """Remove the second factor of a user who has lost phone and codes, passkeys included.

    The next sign-in sets up a new one.
    """
    user.totp_secret = user.totp_proposed = user.last_totp_counter = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.session.execute(delete(Passkey).where(Passkey.user_id == user.id))
    end_sign_ins(user)
    audit.record("account.second_factor_forgotten", user, actor=actor, at=now)


def disable(user: User, *, actor: str, now: datetime, **details: Any) -> None:
    """Disable the account: sign-ins and links end at once, and the password is refused (S06).

    `details` are stored with the entry in the audit trail.
    """
    user.active = False
    links.revoke_all(user)
    end_sign_ins(user)
    audit.record("account.disabled", user, actor=actor, at=now, **details)


def enable(user: User, *, actor: str, now: datetime) -> None:
    """Let a disabled user sign in again."""
    user.active = True
    audit.record("account.enabled", user, actor=actor, at=now)
