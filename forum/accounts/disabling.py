"""Disabling a colleague's account and enabling it again, by an admin. Nothing here commits.

A disabled account is shut out of all its events. So an admin may disable only those whose second factor the admin may
reset (`accounts/reach`): never their own account, nor one with roles that the admin does not manage. Who has disabled
an account decides who may enable it: an account disabled by a command is enabled only by a command, and one disabled by
an admin of all events by no admin of one event. A mail tells the holder when the account is disabled and when it is
enabled again.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row

from forum.accounts import mails, management, queries
from forum.accounts.actions import actor
from forum.accounts.colleagues import lock_managed
from forum.accounts.enums import Role
from forum.accounts.errors import DisabledAbove, LastAdmin, OutOfReach
from forum.accounts.models import User
from forum.accounts.reach import is_within_reach
from forum.audit import queries as audit
from forum.events.models import Event
from forum.extensions import db

# The key in an audit entry's details that marks a decision by an admin of all events.
FOR_ALL = "for_all_events"


def disable(user: User, event: Event, *, by: User, now: datetime) -> bool:
    """Sign a colleague out everywhere and refuse the password from now on; return whether anything changed.

    The roles stay. Raises NotManager, OutOfReach, LastAdmin.
    """
    admins = _lock(user, event, by)
    if not user.active:
        return False
    _refuse_last(admins, user, by)
    management.disable(user, actor=actor(by), now=now, **({FOR_ALL: True} if _is_admin_of_all(by) else {}))
    mails.queue_disabled(user, by=by, now=now)
    return True


def enable(user: User, event: Event, *, by: User, now: datetime) -> bool:
    """Let a disabled colleague sign in with the former password and second factor; return whether anything changed.

    Raises NotManager, OutOfReach, DisabledAbove.
    """
    _lock(user, event, by)
    if user.active:
        return False
    if not may_enable(user, by=by):
        raise DisabledAbove
    management.enable(user, actor=actor(by), now=now)
    mails.queue_enabled(user, by=by, now=now)
    return True


def may_enable(user: User, *, by: User) -> bool:
    """Return whether `by` may enable this account, considering who disabled it."""
    decision = audit.find_last("account.disabled", user)
    if decision is None or not decision.actor.startswith("user:"):
        return False
    decided = db.session.get(User, int(decision.actor.removeprefix("user:")))
    if decided is None:
        return False
    # The audit entry about the disabling says whether the organiser who disabled the account was then an admin of all
    # events, a role that may be lost since. Entries of earlier versions do not say so, so that organiser's present role
    # counts as well.
    was_for_all = bool(decision.details and decision.details.payload.get(FOR_ALL))
    return _is_admin_of_all(by) or not (was_for_all or _is_admin_of_all(decided))


def _is_admin_of_all(user: User) -> bool:
    return any(held.role == Role.ADMIN and held.event_id is None for held in queries.list_memberships(user))


def _lock(user: User, event: Event, by: User) -> Sequence[Row[int, int | None, bool]]:
    admins = lock_managed(event, by)
    queries.lock_user(user.id)
    db.session.refresh(user)
    if not is_within_reach(user, by=by):
        raise OutOfReach
    return admins


def _refuse_last(admins: Sequence[Row[int, int | None, bool]], user: User, by: User) -> None:
    """Refuse to disable the last admin of this event, or of all events, who can sign in. Raises LastAdmin."""
    able = {(number, scope) for number, scope, may_sign_in in admins if may_sign_in or number == by.id}
    left = {(number, scope) for number, scope in able if number != user.id}
    if not left or (
        any(scope is None for _n, scope in able) and all(scope is not None for _n, scope in left)
    ):
        raise LastAdmin
