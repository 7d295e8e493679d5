"""Whether an organiser may cancel or move a registration in review, by rules that the package `review` registers."""

from collections.abc import Callable

from flask import current_app
from flask.sansio.app import App

from forum.registration.models import Registration

CANCELLING = "why a registration cannot be cancelled"
MOVING = "why a registration cannot be moved"
Rule = Callable[[Registration], str]


def install(app: App, *, cancelling: Rule, moving: Rule) -> None:
    """Register two rules, which return why an organiser cannot cancel, or move, a registration; "" if they can."""
    app.extensions |= {CANCELLING: cancelling, MOVING: moving}


def why_not_cancelled(registration: Registration) -> str:
    """Return why the signed-in organiser cannot cancel this registration, or "" if they can."""
    return current_app.extensions[CANCELLING](registration)


def why_not_moved(registration: Registration) -> str:
    """Return why the signed-in organiser cannot move this registration to another sector, or "" if they can."""
    return current_app.extensions[MOVING](registration)
