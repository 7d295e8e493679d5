"""From which import somebody came, for a filter of the list: the room of imports, above, installs what is asked."""

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
    """What the list asks of imports, by their numbers.

    `find_moments` returns when each of the event's own was made, and leaves out others (S13) and those that were
    undone; `came_from` is the condition that a registration is of one of them.
    """

    find_moments: Callable[[Event, Sequence[int]], Mapping[int, datetime]]
    came_from: Callable[[Sequence[int]], ColumnElement[bool]]


def install(app: App, imports: Imports) -> None:
    """Register what the room of imports answers."""
    app.extensions[IMPORTED] = imports


def find_moments(event: Event, numbers: Sequence[int]) -> Mapping[int, datetime]:
    """Return when each of the event's imports with these numbers was made, except for those that were undone."""
    installed: Imports = current_app.extensions[IMPORTED]
    return installed.find_moments(event, numbers) if numbers else {}


def came_from(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a registration is of one of these imports."""
    installed: Imports = current_app.extensions[IMPORTED]
    return installed.came_from(numbers)
