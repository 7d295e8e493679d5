"""What rooms above do as a registration ends, is merged with another one, or is erased unconfirmed.

What they end with a registration that is cancelled stays so: undoing the cancellation does not bring it back.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from flask import current_app
from flask.sansio.app import App

from forum.registration.models import Registration

RULES = "what ends with a registration"
BEFORE_ERASING = "what parts from an unconfirmed registration"
FOLLOWING = "what follows a person to another registration"
# From which registration to which; only these rows, by their ids, or all. Returns the ids of the rows that followed.
Following = Callable[[Registration, Registration, Collection[int] | None], list[int]]


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


def install_following(app: App, rule: Following) -> None:
    """Let the rows of `rule` follow a person from a registration that is merged to the one that stays, and back."""
    app.extensions[FOLLOWING] = rule


def follow(registration: Registration, to: Registration, *, only: Collection[int] | None = None) -> list[int]:
    """Let what belongs to the person follow to the other registration; return the ids of the rows that did."""
    rule: Following | None = current_app.extensions.get(FOLLOWING)
    return rule(registration, to, only) if rule else []
