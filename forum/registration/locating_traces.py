"""Deletes filters by answers that tell where somebody is, and lists of people made by such filters (P27).

A saved view with such a filter is deleted whole: without the filter it would show more people. Prepared lists, choices
of people and values for undoing a merge are kept for a day at most: all of the event's are deleted. Exports that the
audit trail of an earlier version has recorded with such a filter lose their details; the audit trail of this version
never has an answer in them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.models import AuditDetails, AuditEntry
from forum.events.models import Event
from forum.extensions import db
from forum.registration.chosen_models import ChosenPerson
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from forum.registration.kept_exports import FILTERS
from forum.registration.merge_models import RegistrationMerge
from forum.registration.models import Registration
from forum.registration.narrowing import by_first
from forum.registration.saved_view_models import SavedView

ACTOR = "worker"
# The name of the filter by answers, among the parameters of the attendee list's URL.
PARAMETER = "answer"


def forget(event: Event, keys: Collection[str], *, now: datetime) -> None:
    """Delete what reveals answers to questions with these keys by filters, such as saved views. The caller commits."""
    _delete_views(event, keys)
    parts = exists().where(KeptExportPart.export_id == KeptExport.id, KeptExportPart.number == FILTERS)
    db.session.execute(delete(KeptExport).where(KeptExport.event_id == event.id, parts))
    db.session.execute(delete(ChosenPerson).where(ChosenPerson.event_id == event.id))
    kept = select(Registration.id).where(Registration.event_id == event.id)
    merges = update(RegistrationMerge).where(RegistrationMerge.kept_id.in_(kept))
    db.session.execute(merges.values(before=None, care_before=None))
    _erase_exports(event, keys, now)


def list_keys(query: Mapping[str, Any]) -> set[str]:
    """Return the keys of the questions by whose answers these parameters of the attendee list's URL filter the list."""
    values = query.get(PARAMETER) or []
    return {*by_first(tuple([values] if isinstance(values, str) else values))}


def _delete_views(event: Event, keys: Collection[str]) -> None:
    for view in db.session.scalars(select(SavedView).where(SavedView.event_id == event.id)):
        if not list_keys(view.query).isdisjoint(keys):
            db.session.delete(view)
    db.session.flush()


def _erase_exports(event: Event, keys: Collection[str], now: datetime) -> None:
    """Erase the details of recorded exports that were filtered by the answers to these questions."""
    told = AuditDetails.payload[PARAMETER].as_string()
    exported = AuditEntry.action == audit_queries.REGISTRATIONS_EXPORTED
    entries = select(AuditEntry).join(AuditEntry.details).where(audit_queries.of_itself(event), exported)
    for entry in db.session.scalars(entries.where(told != "").order_by(AuditEntry.id)).unique().all():
        payload = entry.details.payload if entry.details else {}
        if not {*by_first(tuple(payload[PARAMETER].split()))}.isdisjoint(keys):
            audit.erase_details(entry, actor=ACTOR, at=now)
