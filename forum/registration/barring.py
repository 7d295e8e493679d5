"""Whether an organiser may cancel a registration in review, by a rule that the later package `review` registers."""

from collections.abc import Callable

from flask import current_app
from flask.sansio.app import App

from forum.registration.models import Registration

RULE = "why a registration cannot be cancelled"


def install(app: App, rule: Callable[[Registration], str]) -> None:
    """Register `rule`, which returns why the signed-in organiser cannot cancel a registration, or ""."""
    app.extensions[RULE] = rule


def why_not_cancelled(registration: Registration) -> str:
    """Return why the signed-in organiser cannot cancel this registration, or "" if they can."""
    return current_app.extensions[RULE](registration)
