"""Imports in the organisers' list of registrations, on a person's page and in the log: who came from an import."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask.blueprints import BlueprintSetupState
from sqlalchemy import ColumnElement, select

from forum.audit.models import IS_OF_EVENT_ITSELF, AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.imports.actions import IMPORTED, PART_IMPORTED
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.registration import imported
from forum.registration.imported import Imports
from forum.registration.models import Registration


def install(state: BlueprintSetupState) -> None:
    """Give the attendee list, a person's page and the log the functions that read imports."""
    imported.install(state.app, Imports(find_moments, came_from, list_added))


def find_moments(event: Event, numbers: Sequence[int]) -> Mapping[int, datetime]:
    """Return when each of the event's imports with these ids was made, without imports that were undone."""
    mine = AttendeeImport.event_id == event.id, AttendeeImport.id.in_(numbers)
    there = select(AttendeeImport.id, AttendeeImport.made_at).where(*mine, AttendeeImport.undone_at.is_(None))
    return dict(db.session.execute(there).all())


def came_from(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a registration came from one of these imports."""
    of_them = ImportedPerson.import_id.in_(numbers)
    return Registration.id.in_(select(ImportedPerson.registration_id).where(of_them))


def list_added(received: Sequence[AuditEntry]) -> set[int]:
    """Return the ids of the entries about a received registration that was part of an import.

    The import has an entry about the event, by the same organiser and of the same moment. Earlier versions recorded no
    parts of long tables: what they imported is known from `imported_people`, as long as the registration is stored.
    """
    made = select(AuditEntry.subject_id, AuditEntry.actor, AuditEntry.at).where(
        IS_OF_EVENT_ITSELF,
        AuditEntry.subject_id.in_({entry.event_id for entry in received}),
        AuditEntry.at.in_({entry.at for entry in received}),
        AuditEntry.action.in_((IMPORTED, PART_IMPORTED)),
    )
    known = {tuple(row) for row in db.session.execute(made)}
    theirs = ImportedPerson.registration_id.in_({entry.subject_id for entry in received})
    people = set(db.session.scalars(select(ImportedPerson.registration_id).where(theirs)))
    return {
        entry.id
        for entry in received
        if entry.subject_id in people or (entry.event_id, entry.actor, entry.at) in known
    }
