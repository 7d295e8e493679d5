"""Imports in the organisers' list of registrations: the filter for the people who came from chosen imports."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from flask.blueprints import BlueprintSetupState
from sqlalchemy import ColumnElement, select

from forum.events.models import Event
from forum.extensions import db
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.registration import imported
from forum.registration.imported import Imports
from forum.registration.models import Registration


def install(state: BlueprintSetupState) -> None:
    """Give the attendee list the functions by which it can show only people who came from an import."""
    imported.install(state.app, Imports(find_moments, came_from))


def find_moments(event: Event, numbers: Sequence[int]) -> Mapping[int, datetime]:
    """Return when each of the event's imports with these ids was made, without imports that were undone."""
    mine = AttendeeImport.event_id == event.id, AttendeeImport.id.in_(numbers)
    there = select(AttendeeImport.id, AttendeeImport.made_at).where(*mine, AttendeeImport.undone_at.is_(None))
    return dict(db.session.execute(there).all())


def came_from(numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a registration came from one of these imports."""
    of_them = ImportedPerson.import_id.in_(numbers)
    return Registration.id.in_(select(ImportedPerson.registration_id).where(of_them))
