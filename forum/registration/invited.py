"""The attendee list's filter by invitation; the package `invitations` registers its condition here."""

from collections.abc import Callable

from flask import current_app
from flask.sansio.app import App
from sqlalchemy import ColumnElement

from forum.events.models import Event

INVITED = "condition of an invited registration"


def install(app: App, condition: Callable[[Event], ColumnElement[bool]]) -> None:
    """Register the condition that a registration's person was invited to the event."""
    app.extensions[INVITED] = condition


def is_invited(event: Event) -> ColumnElement[bool]:
    """Return the condition that a registration's person was invited to the event."""
    condition: Callable[[Event], ColumnElement[bool]] = current_app.extensions[INVITED]
    return condition(event)
