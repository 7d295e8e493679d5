"""Raises the content version when the public list of participants may have changed.

The models of registrations are not marked as public content: they change with every form, and hardly any change is
visible to the public. So a listener inspects the rows that the database session writes.
"""

from itertools import chain

from sqlalchemy import UpdateBase, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session

from forum.events.enums import ListAudience
from forum.events.versions import content_changed
from forum.registration import consents
from forum.registration.enums import ConsentPurpose
from forum.registration.models import Consent, Registration
from forum.registration.restriction_models import RestrictionRequest

SHOWN = frozenset({"status", "review_since", "given_name", "family_name", "organisation"})
TABLES = frozenset(model.__tablename__ for model in (Registration, Consent, RestrictionRequest))


def raise_with_lists(session: scoped_session) -> None:
    """Raise the content version in each transaction of the session that changes a public list of participants."""
    for name, listener in (("before_flush", _note_changed_rows), ("do_orm_execute", _note_changed_table)):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


def _note_changed_rows(session: Session, *_) -> None:
    if any(map(_is_seen, chain(session.new, session.dirty, session.deleted))):
        content_changed(session)


def _is_seen(row: object) -> bool:
    if isinstance(row, Consent):
        return row.purpose == ConsentPurpose.PARTICIPANT_LIST
    if isinstance(row, RestrictionRequest):
        return True
    if not isinstance(row, Registration) or inspect(row).pending:
        return False
    is_changed = inspect(row).deleted or bool(inspect(row).committed_state.keys() & SHOWN)
    is_public = is_changed and row.event.participant_list == ListAudience.PUBLIC
    return is_public and consents.find(row, consents.LIST) is not None


def _note_changed_table(execution: ORMExecuteState) -> None:
    statement = execution.statement
    if isinstance(statement, UpdateBase) and getattr(statement.table, "name", "") in TABLES:
        content_changed(execution.session)
