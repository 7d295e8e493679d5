"""The content version: raised with every change of a model that public pages show.

The session does this for every model with `is_public_content`, so no action has to; a guard test finds a model that
lacks the attribute. The sequence number of an event's calendar entries is raised here, too, with every change of a
column that they show (RFC 5546, 2.1.4).
"""

from functools import cache
from itertools import chain

from sqlalchemy import Table, UpdateBase, event, inspect, update
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session

from forum import clock
from forum.database import Base
from forum.events.models import ContentVersion, Event

CHANGED = "public content has changed"
RAISE = update(ContentVersion).values(version=ContentVersion.version + 1)


def raise_with_changes(session: scoped_session) -> None:
    """Raise the content version in each transaction of the session that changes what the public sees."""
    for name, listener in (
        ("before_flush", _note_changed_rows),
        ("do_orm_execute", _note_changed_table),
        ("before_commit", _raise_version),
        ("after_transaction_end", _forget),
    ):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


@cache
def public_tables() -> frozenset[str]:
    """Return the names of the tables that public pages show, including association tables between them."""
    mappers = [mapper for mapper in Base.registry.mappers if mapper.class_.is_public_content]
    between = [link.secondary for mapper in mappers for link in mapper.relationships]
    tables = [*(mapper.local_table for mapper in mappers), *between]
    return frozenset(table.name for table in tables if isinstance(table, Table))


def content_changed(session: Session | scoped_session) -> None:
    """Make this transaction raise the content version; call it after a change that was not made through the models."""
    session.info[CHANGED] = True


def _note_changed_rows(session: Session, *_) -> None:
    for row in session.dirty:
        if isinstance(row, Event):
            _revise_calendar(row)
    changed = chain(session.new, session.deleted, filter(_is_seen, session.dirty))
    if any(row.is_public_content for row in changed):
        content_changed(session)


def _revise_calendar(event: Event) -> None:
    """Raise the sequence number and the time of the event's calendar entries if a column that they show has changed."""
    attributes = inspect(event).attrs
    if any(attributes[name].history.has_changes() for name in event.calendar_columns):
        event.calendar_sequence += 1
        event.calendar_changed_at = clock.now()


def _is_seen(row: Base) -> bool:
    """Return whether a column has changed that raises the content version: any but the model's `live_columns`."""
    return bool(inspect(row).committed_state.keys() - row.live_columns)


def _note_changed_table(execution: ORMExecuteState) -> None:
    statement = execution.statement
    if isinstance(statement, UpdateBase) and getattr(statement.table, "name", "") in public_tables():
        content_changed(execution.session)


def _raise_version(session: Session) -> None:
    """Raise the content version after all other writes, so that its row is locked briefly and nothing deadlocks."""
    if session.in_nested_transaction():
        return
    session.flush()
    if session.info.pop(CHANGED, False):
        session.connection().execute(RAISE)


def _forget(session: Session, transaction) -> None:
    if transaction.parent is None:
        session.info.pop(CHANGED, None)
