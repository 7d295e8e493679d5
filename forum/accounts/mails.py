"""Mails to organisers about their account. None of them names a role or an event."""

from datetime import datetime
from urllib.parse import urlsplit

from flask import current_app

from forum.accounts.enums import LinkPurpose
from forum.accounts.links import LIFETIMES
from forum.accounts.models import User
from forum.outbox import actions as outbox
from forum.outbox.enums import Lane


def queue_reset(user: User, token: str, *, now: datetime) -> None:
    """Send the link that resets the password."""
    link = f"{current_app.config['BASE_URL']}/account/reset/{token}?lang={user.language}"
    minutes = int(LIFETIMES[LinkPurpose.RESET].total_seconds() // 60)
    _queue(user, "account-reset", now, link=link, minutes=minutes)


def queue_password_changed(user: User, *, now: datetime) -> None:
    """Tell the user that their password was changed, so that they notice when it was not them."""
    _queue(user, "account-password-changed", now)


def queue_second_factor_changed(user: User, *, now: datetime) -> None:
    """Tell the user that their authenticator or their recovery codes were replaced."""
    _queue(user, "account-second-factor-changed", now)


def queue_recovery_code_used(user: User, left: int, *, now: datetime) -> None:
    """Tell the user that a recovery code was used, and how many are left."""
    _queue(user, "account-recovery-code-used", now, left=left)


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
