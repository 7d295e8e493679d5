"""Mails to organisers about their account. None of them names a role: others may read a mail on its way.

These mails belong to no event in the outbox, so that only admins of all events see there whom they went to.
"""

from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app

from forum.accounts.enums import LinkPurpose
from forum.accounts.links import LIFETIMES
from forum.accounts.models import User
from forum.events.models import Event
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane


def queue_reset(user: User, token: str, *, now: datetime) -> None:
    """Send the link that resets the password."""
    link = f"{current_app.config['BASE_URL']}/account/reset/{token}?lang={user.language}"
    minutes = int(LIFETIMES[LinkPurpose.RESET].total_seconds() // 60)
    _queue(user, "account-reset", now, link=link, minutes=minutes)


def queue_password_changed(user: User, *, now: datetime) -> None:
    """Tell the user that their password was changed, so that they notice when somebody else did it."""
    _queue(user, "account-password-changed", now)


def queue_second_factor_changed(user: User, *, now: datetime) -> None:
    """Tell the user that their authenticator or their recovery codes were replaced."""
    _queue(user, "account-second-factor-changed", now)


def queue_passkey_added(user: User, name: str, *, now: datetime) -> None:
    """Tell the user that a passkey was added to their account, and how it is called."""
    _queue(user, "account-passkey-added", now, passkey=name, link=_own_page())


def queue_passkey_removed(user: User, name: str, *, now: datetime) -> None:
    """Tell the user that a passkey was removed from their account, and how it was called."""
    _queue(user, "account-passkey-removed", now, passkey=name, link=_own_page())


def queue_passkey_cloned(user: User, name: str, *, now: datetime) -> None:
    """Tell the user that a passkey was refused because its device's counter has fallen: a copy is in use."""
    _queue(user, "account-passkey-cloned", now, passkey=name, link=_own_page())


def queue_recovery_code_used(user: User, left: int, *, now: datetime) -> None:
    """Tell the user that a recovery code was used, and how many are left."""
    _queue(user, "account-recovery-code-used", now, left=left)


def queue_invited(user: User, event: Event, token: str, *, by: User, days: int, now: datetime) -> None:
    """Send the link by which an invited colleague sets the first password; the link works for `days` days."""
    link = f"{current_app.config['BASE_URL']}/account/welcome/{token}?lang={user.language}"
    _queue(user, "account-invited", now, link=link, days=days, inviter=by.name, about=event)


def queue_added(user: User, event: Event, *, by: User, is_signed_out: bool, now: datetime) -> None:
    """Tell somebody who has an account that they have got a role for an event."""
    told = {"admin": by.name, "about": event, "is_signed_out": is_signed_out}
    _queue(user, "account-added", now, link=_own_page(), **told)


def queue_roles_changed(
    user: User, event: Event, *, by: User, is_of_all: bool, stays: bool, is_signed_out: bool, now: datetime
) -> None:
    """Tell a colleague that an admin has changed their roles.

    `is_of_all` says that roles for all events have changed, too, `stays` that the colleague still has a role that
    counts for the event, and `is_signed_out` that the colleague's sign-ins have ended.
    """
    told = {"admin": by.name, "about": event, "is_of_all": is_of_all, "stays": stays}
    told["is_signed_out"] = is_signed_out
    _queue(user, "account-roles-changed", now, link=_own_page(), **told)


def queue_second_factor_reset(user: User, *, by: User, now: datetime) -> None:
    """Tell a colleague that an admin has reset their second factor, and what to do."""
    _queue(user, "account-second-factor-reset", now, link=_own_page(), admin=by.name)


def queue_colleague_reset(user: User, *, to: User, by: User, now: datetime) -> None:
    """Tell another admin whose second factor was reset, and by whom."""
    _queue(to, "account-colleague-reset", now, admin=by.name, colleague=user.name)


def queue_disabled(user: User, *, by: User, now: datetime) -> None:
    """Tell the holder of an account that a colleague has disabled it."""
    _queue(user, "account-disabled", now, admin=by.name)


def queue_enabled(user: User, *, by: User, now: datetime) -> None:
    """Tell the holder of an account that a colleague has enabled it again."""
    _queue(user, "account-enabled", now, link=_own_page(), admin=by.name)


def _own_page() -> str:
    return f"{current_app.config['BASE_URL']}/account/"


def _queue(user: User, kind: str, now: datetime, **context) -> None:
    site_name = urlsplit(current_app.config["BASE_URL"]).hostname or ""
    outbox.queue(
        kind=kind,
        recipient=user.email,
        recipient_name=user.name,
        language=user.language,
        context={"site_name": site_name, **context},
        now=now,
        lane=Lane.NOW,
    )
