"""Who came from an import, for the attendee list, a person's page and the log; `imports` registers what reads it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from flask.sansio.app import App
from sqlalchemy import ColumnElement

from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATION_RECEIVED
from forum.events.models import Event

IMPORTED = "imports of registrations"


@dataclass(frozen=True)
class Imports:
    """The functions that the package `imports` installs; imports are named by their ids.

    `find_moments` returns when each import was made, without undone ones and those of other events (S13). `came_from`
    returns the condition that a registration came from one of these imports. `list_added` returns the ids of those
    audit entries that record how an import has added somebody.
    """

    find_moments: Callable[[Event, Sequence[int]], Mapping[int, datetime]]
    came_from: Callable[[Sequence[int]], ColumnElement[bool]]
    list_added: Callable[[Sequence[AuditEntry]], set[int]]


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


def list_added(entries: Iterable[AuditEntry]) -> set[int]:
    """Return the ids of the entries among these that record how an import has added somebody."""
    installed: Imports = current_app.extensions[IMPORTED]
    received = [entry for entry in entries if entry.action == REGISTRATION_RECEIVED and _is_by_hand(entry)]
    return installed.list_added(received) if received else set()


def _is_by_hand(entry: AuditEntry) -> bool:
    """Return whether the entry says that organisers have added the registration, alone or by an import."""
    return bool(entry.details and entry.details.payload.get("by_hand"))


def details_of(entry: AuditEntry, added: Collection[int]) -> dict[str, Any]:
    """Return an entry's details as pages word them; `added` has the ids of entries about additions by an import."""
    told = entry.details.payload if entry.details else {}
    return {**told, "by_import": True} if told and entry.id in added else told
