"""The attendee list's filter by import; the package `imports` registers the functions that read imports here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask.sansio.app import App
from sqlalchemy import ColumnElement

from forum.events.models import Event

IMPORTED = "imports of registrations"


@dataclass(frozen=True)
class Imports:
    """The functions that the package `imports` installs for the filter; imports are named by their ids.

    `find_moments` returns when each import was made, without undone ones and those of other events (S13). `came_from`
    returns the condition that a registration came from one of these imports.
    """

    find_moments: Callable[[Event, Sequence[int]], Mapping[int, datetime]]
    came_from: Callable[[Sequence[int]], ColumnElement[bool]]


def install(app: App, imports: Imports) -> None:
    """Register the functions that read imports."""
    app.extensions[IMPORTED] = imports


def find_moments(event: Event, numbers: Sequence[int]) -> Mapping[int, datetime]:
    """Return when each of the event's imports with these numbers was made, except for those that were undone."""
    installed: Imports = current_app.extensions[IMPORTED]
    return installed.find_moments(event, numbers) if numbers else {}


def came_from(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a registration came from one of these imports."""
    installed: Imports = current_app.extensions[IMPORTED]
    return installed.came_from(numbers)
