"""Organisers who manage their colleagues: inviting, giving and taking roles for an event. Nothing here commits.

An admin of the event manages its colleagues; roles for all events are given and taken by admins of all events only.
Each change locks the memberships of these admins first (`queries.lock_admins`), then the colleague's account.
"""

from collections.abc import Collection, Sequence, Set
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from forum.accounts import mails, management, queries, reviewers
from forum.accounts.actions import actor, end_sign_ins
from forum.accounts.enums import Role
from forum.accounts.errors import (
    AccountDisabled,
    HasPassword,
    HasRole,
    LastAdmin,
    NotManager,
    OrganiserExists,
    OutOfReach,
    RoleTooWide,
)
from forum.accounts.models import User
from forum.accounts.reach import SECRET, is_within_reach
from forum.events.models import Event
from forum.extensions import db

# How long the link works by which an invited colleague sets the first password: over a weekend.
INVITED_FOR = timedelta(days=3)
# Roles that open pages of the console, and that every admin may give.
USUAL = (
    *(Role.ADMIN, Role.ORGANISER, Role.REGISTRAR, Role.REVIEWER, Role.VIEWER, Role.EDITOR, Role.MAILER),
    Role.DOOR,
)


def list_givable(by: User, event_id: int | None) -> tuple[Role, ...]:
    """Return the roles that this organiser may give to others for an event; for all events when `event_id` is None."""
    held = {
        membership.role
        for membership in queries.list_memberships(by)
        if membership.event_id is None or membership.event_id == event_id
    }
    # Reviewer is no role for all events: a reviewer has sectors, and each sector belongs to one event.
    usual = [role for role in USUAL if role != Role.REVIEWER or event_id is not None]
    return (*usual, *(role for role in SECRET if role in held)) if Role.ADMIN in held else ()


def invite(
    event: Event,
    *,
    email: str,
    name: str,
    language: str,
    role: Role,
    sectors: Collection[int] = (),
    by: User,
    now: datetime,
) -> User:
    """Give somebody a role for the event and tell them by mail; return their account. `sectors` are a reviewer's.

    Whoever has no account yet, or has not set a password and may be managed by the admin (`reach`), gets a link that
    sets the password.
    Raises NotManager, RoleTooWide, AccountDisabled, HasRole.
    """
    lock_managed(event, by)
    user = _find_or_create(email, name=name, language=language, by=by, now=now)
    queries.lock_user(user.id)
    db.session.refresh(user)
    if user.id == by.id or role not in list_givable(by, event.id):
        raise RoleTooWide
    if not user.active:
        raise AccountDisabled
    is_near = is_within_reach(user, by=by)
    gets_link = is_near and user.password_hash is None
    if queries.find_membership(user, role, event.id) and not gets_link:
        raise HasRole
    management.give_role(user, role, event_id=event.id, actor=actor(by), now=now, signs_out=is_near)
    if role == Role.REVIEWER:
        reviewers.give(user, event, sectors, actor=actor(by), now=now)
    if gets_link:
        _send_link(user, event, by=by, now=now)
    else:
        mails.queue_added(user, event, by=by, is_signed_out=is_near, now=now)
    return user


def invite_again(user: User, event: Event, *, by: User, now: datetime) -> None:
    """Send a colleague who has not set a password yet a new link; the earlier one stops working.

    Raises NotManager, AccountDisabled, HasPassword, OutOfReach.
    """
    lock_managed(event, by)
    queries.lock_user(user.id)
    db.session.refresh(user)
    if not user.active:
        raise AccountDisabled
    if user.password_hash is not None:
        raise HasPassword
    if not is_within_reach(user, by=by):
        raise OutOfReach
    _send_link(user, event, by=by, now=now)


def change_roles(
    user: User,
    event: Event,
    *,
    here: Set[Role],
    everywhere: Set[Role] | None = None,
    sectors: Collection[int] | None = None,
    by: User,
    now: datetime,
) -> bool:
    """Make these the colleague's roles for the event and, unless None, for all events; return whether any changed.

    `sectors` are those of a reviewer; None leaves them as they are. A mail tells the colleague, whose sign-ins end if
    the account is that of `by` or one that `by` may manage (`reach`). The account of a colleague who has no role left
    and never accepted the invitation is deleted. Raises NotManager, RoleTooWide, LastAdmin.
    """
    admins = lock_managed(event, by)
    queries.lock_user(user.id)
    wanted: dict[int | None, Set[Role]] = (
        {event.id: here} if everywhere is None else {event.id: here, None: everywhere}
    )
    held = {scope: _held(user, scope) for scope in wanted}
    signs_out = user.id == by.id or is_within_reach(user, by=by)
    change: Any = {"actor": actor(by), "now": now, "signs_out": signs_out}
    for scope, roles in wanted.items():
        given, taken = roles - held[scope], held[scope] - roles
        _refuse_too_wide(user, scope, given, taken, by=by)
        for role in sorted(given):
            management.give_role(user, role, event_id=scope, **change)
        for role in sorted(taken):
            management.take_role(user, role, event_id=scope, **change)
    _refuse_without_admin(admins, user, by=by)
    given_sectors = sectors is not None and _give_sectors(user, event, sectors, by=by, now=now)
    if held == wanted and not given_sectors:
        return False
    if given_sectors and signs_out:
        end_sign_ins(user)
    is_of_all = None in wanted and held[None] != wanted[None]
    _forget_or_tell(user, event, by=by, now=now, is_of_all=is_of_all, is_signed_out=signs_out)
    return True


def _forget_or_tell(user: User, event: Event, *, by: User, now: datetime, **told: bool) -> None:
    """Mail a colleague that roles have changed; delete the account of an invited one without a role or password."""
    left = queries.list_memberships(user)
    if not left and user.password_hash is None:
        management.remove(user, actor=actor(by), now=now)
    elif user.password_hash is not None:
        stays = any(each.event_id in {None, event.id} for each in left)
        mails.queue_roles_changed(user, event, by=by, stays=stays, **told, now=now)


def lock_managed(event: Event, by: User) -> Sequence[Row[int, int | None, bool]]:
    """Lock the memberships of the event's admins and return them (`queries.lock_admins`).

    Raises NotManager when `by` is not among these admins.
    """
    locked = queries.lock_admins(event.id)
    # Read after the lock which accounts are active: an account that was disabled while this request waited no longer
    # counts, not even that of the admin who asks.
    active = queries.active_among({user_id for user_id, _event_id, _may_sign_in in locked})
    admins = [row for row in locked if row.user_id in active]
    if by.id not in {user_id for user_id, _event_id, _may_sign_in in admins}:
        raise NotManager
    return admins


def _find_or_create(email: str, *, name: str, language: str, by: User, now: datetime) -> User:
    if user := queries.find_by_email(email):
        return user
    try:
        with db.session.begin_nested():
            return management.create_organiser(email, name=name, language=language, actor=actor(by), now=now)
    except (IntegrityError, OrganiserExists):  # a simultaneous request has added this account
        user = queries.find_by_email(email)
        if user is None:
            raise
        return user


def _send_link(user: User, event: Event, *, by: User, now: datetime) -> None:
    token = management.invite(user, actor=actor(by), now=now, lifetime=INVITED_FOR)
    mails.queue_invited(user, event, token, by=by, days=INVITED_FOR.days, now=now)


def _give_sectors(user: User, event: Event, sectors: Collection[int], *, by: User, now: datetime) -> bool:
    """Let a reviewer decide about people of these sectors only; return whether the reviewer had other sectors before.

    Raises RoleTooWide for a sector that somebody gives to themselves.
    """
    membership = queries.find_membership(user, Role.REVIEWER, event.id)
    before = {row.sector_id for row in membership.reviewed} if membership else set()
    if membership and user.id == by.id and set(sectors) - before:
        raise RoleTooWide
    return reviewers.give(user, event, sectors, actor=actor(by), now=now)


def _held(user: User, scope: int | None) -> set[Role]:
    return {each.role for each in queries.list_memberships(user) if each.event_id == scope}


def _refuse_too_wide(user: User, scope: int | None, given: Set[Role], taken: Set[Role], *, by: User) -> None:
    """Refuse roles that `by` may not give, and any change of roles for all events by an admin of one event.

    Nobody gives a role to themselves. Raises RoleTooWide.
    """
    givable = list_givable(by, scope)
    is_own = user.id == by.id
    if given and (is_own or given - set(givable)):
        raise RoleTooWide
    if taken and not givable:
        raise RoleTooWide


def _refuse_without_admin(admins: Sequence[Row[int, int | None, bool]], user: User, *, by: User) -> None:
    """Refuse a change of the user's roles after which no admin who can sign in is left. Raises LastAdmin.

    The admins of this event count, and so do those of all events. `admins` are those before the change. `by`, who asks
    for the change, counts as able to sign in: the demo's organiser has no password.
    """
    now_held = {each.event_id for each in queries.list_memberships(user) if each.role == Role.ADMIN}
    able = {
        (user_id, event_id) for user_id, event_id, may_sign_in in admins if may_sign_in or user_id == by.id
    }
    left = {(user_id, scope) for user_id, scope in able if user_id != user.id or scope in now_held}
    if not left:
        raise LastAdmin
    was_of_all = any(scope is None for _user_id, scope in able)
    if was_of_all and all(scope is not None for _user_id, scope in left):
        raise LastAdmin
