"""What an admin does for a colleague whose phone is lost or whose browser stands open: ending sign-ins, and resetting
the second factor. Nothing here commits.

An admin may do this only for colleagues who have no role beyond the events that the admin manages and no secret role
that the admin lacks, and never for themselves: nobody may reset the second factor of an account that can do more than
their own (`accounts/reach`).
"""

from datetime import datetime

from sqlalchemy import select

from forum.accounts import mails, management, queries
from forum.accounts.actions import actor, end_sign_ins, sign_out
from forum.accounts.colleagues import lock_managed
from forum.accounts.enums import Role
from forum.accounts.errors import NoSecondFactor, OutOfReach
from forum.accounts.models import SignIn, User
from forum.accounts.reach import is_within_reach
from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db


def end_sign_in(user: User, number: int, event: Event, *, by: User, now: datetime) -> None:
    """Sign a colleague out of one browser; does nothing when that sign-in has ended. Raises NotManager, OutOfReach."""
    _lock(user, event, by)
    query = select(SignIn).where(SignIn.id == number, SignIn.user_id == user.id)
    if sign_in := db.session.scalars(query).one_or_none():
        sign_out(sign_in, by=by, now=now)


def end_all_sign_ins(user: User, event: Event, *, by: User, now: datetime) -> None:
    """Sign a colleague out everywhere. Raises NotManager, OutOfReach."""
    _lock(user, event, by)
    end_sign_ins(user)
    audit.record("account.signed_out_everywhere", user, actor=actor(by), at=now)


def reset_second_factor(user: User, event: Event, *, by: User, now: datetime) -> None:
    """Forget a colleague's authenticator and recovery codes, and tell them and the other admins of the event.

    The next sign-in, with the password, sets up a new one. Raises NotManager, OutOfReach, NoSecondFactor.
    """
    _lock(user, event, by)
    if user.totp_secret is None:
        raise NoSecondFactor
    management.forget_second_factor(user, actor=actor(by), now=now)
    mails.queue_second_factor_reset(user, by=by, now=now)
    for other in queries.list_holders(Role.ADMIN, event.id):
        if other.id not in {user.id, by.id} and other.password_hash is not None:
            mails.queue_colleague_reset(user, to=other, by=by, now=now)


def _lock(user: User, event: Event, by: User) -> None:
    lock_managed(event, by)
    queries.lock_user(user.id)
    db.session.refresh(user)
    if not is_within_reach(user, by=by):
        raise OutOfReach
