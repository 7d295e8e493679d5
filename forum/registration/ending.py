"""What rooms above do as a registration ends, or is erased unconfirmed.

What they end with a registration that is cancelled stays so: undoing the cancellation does not bring it back.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from flask import current_app
from flask.sansio.app import App

from forum.registration.models import Registration

RULES = "what ends with a registration"
BEFORE_ERASING = "what parts from an unconfirmed registration"


def install(app: App, rule: Callable[[Registration], None]) -> None:
    """Let `rule` end what leads to a registration; it is called before anything is audited."""
    app.extensions.setdefault(RULES, []).append(rule)


def end_what_leads_to(registration: Registration) -> None:
    """Call the rules that other rooms have installed: one ends the link of a colleague who was asked to come."""
    for rule in current_app.extensions.get(RULES, ()):
        rule(registration)


def install_before_erasing(app: App, rule: Callable[[Collection[int], datetime], None]) -> None:
    """Let `rule` part what is to stay from unconfirmed registrations, by their ids, before they are erased."""
    app.extensions.setdefault(BEFORE_ERASING, []).append(rule)


def part_from_unconfirmed(registration_ids: Collection[int], *, now: datetime) -> None:
    """Call the rules that other rooms have installed: the list of a delegation keeps its length."""
    for rule in current_app.extensions.get(BEFORE_ERASING, ()):
        rule(registration_ids, now)
