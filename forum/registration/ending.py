"""What rooms above end along with a registration that is cancelled: undoing the cancellation does not bring it back."""

from collections.abc import Callable

from flask import current_app
from flask.sansio.app import App

from forum.registration.models import Registration

RULES = "what ends with a registration"


def install(app: App, rule: Callable[[Registration], None]) -> None:
    """Let `rule` end what leads to a registration; it is called before anything is audited."""
    app.extensions.setdefault(RULES, []).append(rule)


def end_what_leads_to(registration: Registration) -> None:
    """Call the rules that other rooms have installed: one ends the link of a colleague who was asked to come."""
    for rule in current_app.extensions.get(RULES, ()):
        rule(registration)
