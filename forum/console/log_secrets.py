"""Which entries of the log could tell whose identity is protected, and which name nobody (P21).

To an organiser who does not handle protected identities the log does not show look-ups of protected identities,
openings of the page for look-ups (older versions recorded these as views), or views of people who were added by hand
one by one: handlers of protected identities add people in this way, so a missing view would tell whom a handler has
added. Views of people who came by an import are shown: no handler adds anybody by an import. An entry about the event
tells that somebody came by one; it stays when the import is undone or the person is erased. No reader sees who added a
person by hand, and the filter by organiser leaves such entries out.
"""

from sqlalchemy import ColumnElement, Integer, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from forum.accounts.audiences import HANDLERS, REVIEWERS, VIEWERS
from forum.accounts.enums import Role
from forum.accounts.models import Membership
from forum.audit import queries as audit
from forum.audit.models import IS_ADDED_BY_HAND, IS_OF_EVENT_ITSELF, IS_ROLE_CHANGE, AuditDetails, AuditEntry
from forum.imports.actions import IMPORTED, PART_IMPORTED
from forum.imports.models import ImportedPerson
from forum.registration.models import Registration

PEOPLE = Registration.__tablename__
# The roles with which somebody may open registrations.
READING = VIEWERS.roles | REVIEWERS.roles
# The number of the organiser who acted; NULL for other actors. PostgreSQL casts no text before CASE has chosen it.
NUMBER = case((AuditEntry.actor.startswith("user:"), cast(func.substr(AuditEntry.actor, 6), Integer)))


def tells() -> ColumnElement[bool]:
    """Return the condition for entries that could tell whose identity is protected."""
    is_look_up = AuditEntry.action.in_((audit.IDENTITY_ASKED, audit.IDENTITY_REVEALED))
    is_view = AuditEntry.action.in_(audit.UNTOLD)
    added = aliased(AuditEntry)
    was_added_alone = _was_added_by_hand(added, ~_was_import(added))
    # Earlier versions wrote no audit entries about the parts of a long table. That a person came by such an import is
    # known only from the person's row in `imported_people`, which an undone import and an erasure delete.
    is_imported = exists().where(ImportedPerson.registration_id == AuditEntry.subject_id)
    return or_(is_look_up, and_(is_view, was_added_alone, ~is_imported), _is_former_look_up())


def _is_former_look_up() -> ColumnElement[bool]:
    """Return the condition for views that may be openings of the page for look-ups, recorded by an older version.

    Such a view is by somebody who is or was a handler, and may open registrations neither now nor at that time.
    """
    viewed = AuditEntry.action == audit.REGISTRATION_VIEWED
    is_handler = or_(_holds(HANDLERS.roles), _changed(HANDLERS.roles))
    return and_(viewed, ~_holds(READING), is_handler, ~_held_then(READING))


def _holds(roles: frozenset[Role]) -> ColumnElement[bool]:
    """Return the condition for entries by somebody who has one of these roles for the entry's event now."""
    here = or_(Membership.event_id.is_(None), Membership.event_id == AuditEntry.event_id)
    return exists().where(Membership.user_id == NUMBER, Membership.role.in_(roles), here)


def _changed(roles: frozenset[Role]) -> ColumnElement[bool]:
    """Return the condition for entries by somebody who was ever given one of these roles, or lost it."""
    change, told = aliased(AuditEntry), aliased(AuditDetails)
    return exists().where(_of_roles(change, told, roles)).correlate(AuditEntry)


def _held_then(roles: frozenset[Role]) -> ColumnElement[bool]:
    """Return the condition for entries by somebody who had one of these roles then, as the audit trail tells."""
    given, given_told = aliased(AuditEntry), aliased(AuditDetails)
    taken, taken_told = aliased(AuditEntry), aliased(AuditDetails)
    same = [
        func.coalesce(read(taken_told), "") == func.coalesce(read(given_told), "") for read in (_role, _event)
    ]
    was_lost = exists().where(
        _of_roles(taken, taken_told, roles),
        taken.action == audit.ROLE_TAKEN,
        taken.id > given.id,
        taken.id < AuditEntry.id,
        *same,
    )
    return (
        exists()
        .where(
            _of_roles(given, given_told, roles),
            given.action == audit.ROLE_GIVEN,
            given.id < AuditEntry.id,
            ~was_lost.correlate(AuditEntry, given, given_told),
        )
        .correlate(AuditEntry)
    )


def _of_roles(
    change: type[AuditEntry], told: type[AuditDetails], roles: frozenset[Role]
) -> ColumnElement[bool]:
    """Return the condition for changes of these roles of the actor, for the entry's event or for all events."""
    event = told.payload["event"].as_integer()
    # IS_ROLE_CHANGE is written in SQL without a table, so within this subquery it is about `change`.
    return and_(
        and_(IS_ROLE_CHANGE),
        change.subject_id == NUMBER,
        told.entry_id == change.id,
        _role(told).in_(roles),
        or_(event.is_(None), event == AuditEntry.event_id),
    )


def _role(told: type[AuditDetails]) -> ColumnElement[str]:
    return told.payload["role"].as_string()


def _event(told: type[AuditDetails]) -> ColumnElement[str]:
    return told.payload["event"].as_string()


def _was_import(added: type[AuditEntry]) -> ColumnElement[bool]:
    """Return the condition for additions that were part of an import: its entry has the same organiser and time."""
    made = aliased(AuditEntry)
    query = select(made.id).where(
        # The condition IS_OF_EVENT_ITSELF names no table, so within this subquery it is about the rows of `made`.
        and_(IS_OF_EVENT_ITSELF),
        made.subject_id == added.event_id,
        made.at == added.at,
        made.actor == added.actor,
        made.action.in_((IMPORTED, PART_IMPORTED)),
    )
    # Ask for a value, not with EXISTS: of EXISTS PostgreSQL may make a join that compares every addition of the event
    # with every part of every import.
    return query.correlate(added).limit(1).scalar_subquery().is_not(None)


def is_unnamed() -> ColumnElement[bool]:
    """Return the condition for entries recorded while a person was added by hand, by the organiser who did so."""
    added = aliased(AuditEntry)
    return _was_added_by_hand(added, added.actor == AuditEntry.actor, added.at == AuditEntry.at)


def _was_added_by_hand(
    added: type[AuditEntry] | None = None, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return the condition for entries about a registration that an organiser added by hand."""
    added = added or aliased(AuditEntry)
    query = select(added.id).where(
        # IS_ADDED_BY_HAND is written in SQL without a table, so within this subquery it is about `added`.
        and_(IS_ADDED_BY_HAND),
        added.subject_id == AuditEntry.subject_id,
        *conditions,
    )
    return and_(AuditEntry.subject_type == PEOPLE, query.exists())
