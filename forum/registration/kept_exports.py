"""Exported lists that the worker makes some rows at a time, and that are kept for a day for whoever asked (P14).

The rows are encrypted in the database, from where each process and each machine can give them. A part is stored in one
transaction with the number of people who are done, so a worker that is killed neither repeats nor omits a part; nobody
gets an incomplete list.

A list is deleted when a registration in it is deleted in any way, when the data of a person in it may not be used any
more, and at any change of a name, address or organisation in it, whoever makes the change. A name that became protected
must not stay in a file, and a list deleted only then would tell who is protected (P21). A list that says who consents
is deleted when somebody in it withdraws the consent (P03). Other changes, such as a place cancelled since, do not
delete the list: it shows the state at the time of asking, and the page says so. All lists of an organiser are deleted
when the account is disabled; those of an event, when the organiser loses the last role that may export them. A list
with answers that tell where people are is deleted together with these answers (P27).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import chain, cycle, islice
from typing import Any

from flask_babel import force_locale
from sqlalchemy import Delete, ScalarSelect, delete, event, func, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, scoped_session

from forum.accounts import queries as accounts
from forum.accounts.audiences import REGISTRARS
from forum.accounts.models import Membership, User
from forum.columns import LARGEST_ID
from forum.events.models import Event
from forum.extensions import db
from forum.registration import export_answers, export_columns, listing, streaming
from forum.registration.enums import ConsentPurpose, ExportPurpose
from forum.registration.errors import TooManyKept
from forum.registration.export_columns import Cells, Phone, Plan
from forum.registration.kept_export_models import KeptExport, KeptExportPart
from forum.registration.models import Consent, Registration
from forum.sealing import open_in_row

KEPT_FOR = timedelta(hours=24)
# The most prepared lists of an event that an organiser can have.
MOST = 5
# The part of a list that holds its filters in words; the parts with its rows are numbered from 0.
FILTERS = -1
# The part of a list that holds the keys of the sectors in its filters, separated by blanks, as an entry of the audit
# trail has them.
SECTORS = -2
ROWS_AT_ONCE = 500
STEPS_AT_ONCE = 10
# Columns of a registration: a change in any of these columns deletes every list that has the person.
ENDING = ("given_name", "family_name", "email", "organisation")


def end_with_people(session: scoped_session) -> None:
    """Make each transaction of the session delete the prepared lists that its changes of people's data end."""
    for name, listener in (("before_flush", _end_with_rows), ("do_orm_execute", _end_with_deleted)):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


def ask(
    event: Event, filters: listing.Filters, plan: Plan, asked: KeptExport, *, narrowed: Sequence[str]
) -> KeptExport:
    """Ask the worker to make a list of the people who match now; `asked` says which organiser asked, why and for whom.

    `narrowed` are the filters in words. Raises TooManyKept. Call after `start_write`.
    """
    accounts.lock_user(asked.user_id)
    if len(list_own(event, asked.user_id)) >= MOST:
        raise TooManyKept
    by = listing.order_by_sector_and_time(event) if plan.purpose == ExportPurpose.REPORT else None
    people = [row.id for row in streaming.stream(event, filters, ["id"], by)]
    asked.event_id, asked.purpose, asked.columns = event.id, plan.purpose, list(plan.names)
    asked.headings = export_columns.headings(plan, event)
    asked.people, asked.total, asked.done = people, len(people), 0
    asked.ready_at = None if people else asked.asked_at
    db.session.add(asked)
    db.session.flush()
    _add_part(asked, SECTORS, " ".join(sector.key for sector in filters.sectors))
    if narrowed:
        _add_part(asked, FILTERS, list(narrowed))
    db.session.flush()
    return asked


def list_own(event: Event, user_id: int) -> Sequence[KeptExport]:
    """Return the lists of the event that this organiser has asked for, the newest first."""
    mine = KeptExport.event_id == event.id, KeptExport.user_id == user_id
    return db.session.scalars(select(KeptExport).where(*mine).order_by(KeptExport.id.desc())).all()


def standing(event: Event, user_id: int, since: datetime) -> ScalarSelect[int]:
    """Return, as a column of a statement, how many unfinished lists this organiser asked for before or at `since`."""
    mine = KeptExport.event_id == event.id, KeptExport.user_id == user_id
    waits = KeptExport.ready_at.is_(None), KeptExport.asked_at <= since
    return select(func.count(KeptExport.id)).where(*mine, *waits).scalar_subquery()


def find_own(event: Event, user_id: int, number: int) -> KeptExport | None:
    """Return the organiser's prepared list with this id; None for another organiser's or another event's list (S13)."""
    if number > LARGEST_ID:
        return None
    mine = KeptExport.event_id == event.id, KeptExport.user_id == user_id, KeptExport.id == number
    return db.session.scalars(select(KeptExport).where(*mine)).one_or_none()


def read_filters(lists: Collection[KeptExport]) -> dict[int, list[str]]:
    """Return, by list id, the filters of these lists in words; lists without filters are left out."""
    mine = KeptExportPart.number == FILTERS, KeptExportPart.export_id.in_([one.id for one in lists])
    return {
        part.export_id: json.loads(part.content)
        for part in db.session.scalars(select(KeptExportPart).where(*mine))
    }


def read_sectors(made: KeptExport) -> str:
    """Return the keys of the sectors to which a list was narrowed, separated by blanks; "" for all sectors."""
    part = db.session.get(KeptExportPart, (made.id, SECTORS))
    return json.loads(part.content) if part else ""


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the lists to add rows to, in turn; at most STEPS_AT_ONCE, so that other jobs can run."""
    being_made = select(KeptExport.id).where(KeptExport.ready_at.is_(None)).order_by(KeptExport.id)
    return list(islice(cycle(db.session.scalars(being_made).all()), STEPS_AT_ONCE))


def make_some(number: int, *, now: datetime) -> int:
    """Add the next rows to a list, or mark it as ready; return how many people were added. This only flushes.

    People whose data may not be used any more are left out. The list is deleted if one of its questions is gone or is
    now about diet or access, or if the organiser's account was disabled meanwhile.
    """
    made = db.session.get(KeptExport, number, with_for_update=True)
    if made is None or made.ready_at is not None:
        return 0
    asked = {f"{export_answers.PREFIX}{one.id}": one for one in export_answers.list_ordinary(made.event_id)}
    wanted = [name for name in made.columns if name.startswith(export_answers.PREFIX)]
    if not set(wanted) <= set(asked) or not made.maker.active:
        db.session.delete(made)
        return 0
    plan = Plan(made.purpose, made.columns, [asked[name] for name in wanted])
    next_ids = made.people[made.done : made.done + ROWS_AT_ONCE]
    with force_locale(made.language):
        rows = export_columns.rows_of(plan, made.event, next_ids)
    if rows:
        _add_part(made, made.done // ROWS_AT_ONCE, [[_stored(cell) for cell in row] for row in rows])
    made.done += len(next_ids)
    made.ready_at = now if made.done >= made.total else None
    db.session.flush()
    return len(next_ids)


def read(made: KeptExport) -> Iterator[Cells]:
    """Yield the rows of a list that is ready. One statement reads all: a list deleted meanwhile is still given whole.

    Statistics are sorted as in a file that is given at once.
    """
    rows = _read(made)
    if made.purpose == ExportPurpose.REPORT:
        return export_columns.sorted_within_days(made.columns, rows)
    return rows


def forget_old(*, now: datetime) -> int:
    """Delete the lists that were asked for a day ago, ready or not; return how many."""
    old = select(KeptExport.id).where(KeptExport.asked_at <= now - KEPT_FOR)
    return _forget(db.session.scalars(old).all())


def forget_with(
    event_ids: Collection[int], registration_ids: Collection[int], column: ConsentPurpose | None = None
) -> int:
    """Delete the lists that have one of these people and, if a `column` is given, that column; return how many."""
    columns = KeptExport.id, KeptExport.people, KeptExport.columns
    kept = db.session.execute(select(*columns).where(KeptExport.event_id.in_(event_ids)))
    gone = set(registration_ids)
    return _forget(
        [
            number
            for number, people, has in kept
            if not gone.isdisjoint(people) and (column is None or column in has)
        ]
    )


def forget_with_questions(event_id: int, question_ids: Collection[int]) -> int:
    """Delete every list of the event that has answers to one of these questions; return how many."""
    gone = {f"{export_answers.PREFIX}{number}" for number in question_ids}
    kept = db.session.execute(
        select(KeptExport.id, KeptExport.columns).where(KeptExport.event_id == event_id)
    )
    return _forget([number for number, has in kept if not gone.isdisjoint(has)])


def _add_part(made: KeptExport, number: int, content: Any) -> None:
    part = KeptExportPart(export_id=made.id, number=number)
    part.content = json.dumps(content).encode()
    db.session.add(part)


def _end_with_rows(session: Session, *_: Any) -> None:
    written = (row for row in chain(session.dirty, session.deleted) if isinstance(row, Registration))
    people = [row for row in written if row in session.deleted or _has_changed(row, *ENDING)]
    if people:
        forget_with({row.event_id for row in people}, {row.id for row in people})
    for row in session.deleted:
        if isinstance(row, Membership):
            _end_with_role(session, row)
    for row in session.dirty:
        if isinstance(row, Consent) and row.withdrawn_at and _has_changed(row, "withdrawn_at"):
            forget_with([row.registration.event_id], [row.registration_id], row.purpose)
        elif isinstance(row, User) and not row.active and _has_changed(row, "active"):
            db.session.execute(delete(KeptExport).where(KeptExport.user_id == row.id))


def _end_with_role(session: Session, lost: Membership) -> None:
    """Delete the lists of events whose attendee list the organiser could export by the ending role alone."""
    exports = Membership.user_id == lost.user_id, Membership.role.in_(REGISTRARS.roles)
    gone = [row.id for row in session.deleted if isinstance(row, Membership)]
    left = set(session.scalars(select(Membership.event_id).where(*exports, Membership.id.not_in(gone))))
    if None in left:
        return
    theirs = KeptExport.user_id == lost.user_id, KeptExport.event_id.not_in(left)
    of_event = [KeptExport.event_id == lost.event_id] if lost.event_id else []
    session.execute(delete(KeptExport).where(*theirs, *of_event))


def _has_changed(row: Any, *names: str) -> bool:
    return any(inspect(row).attrs[name].history.has_changes() for name in names)


def _end_with_deleted(execution: ORMExecuteState) -> None:
    statement = execution.statement
    if (
        not isinstance(statement, Delete)
        or getattr(statement.table, "name", "") != Registration.__tablename__
    ):
        return
    gone = select(Registration.event_id, Registration.id)
    if statement.whereclause is not None:
        gone = gone.where(statement.whereclause)
    if people := execution.session.execute(gone).all():
        forget_with({row.event_id for row in people}, {row.id for row in people})


def _forget(ids: Collection[int]) -> int:
    if ids:
        db.session.execute(delete(KeptExport).where(KeptExport.id.in_(ids)))
    return len(ids)


def _read(made: KeptExport) -> Iterator[Cells]:
    table: Any = KeptExportPart.__table__
    mine = table.c.export_id == made.id, table.c.number > FILTERS
    parts = select(table).where(*mine).order_by(table.c.number)
    for part in db.session.execute(parts, execution_options={"yield_per": 1}).mappings():
        for row in json.loads(open_in_row(table.c.content, part["content"], part)):
            yield [_read_cell(cell) for cell in row]


def _stored(cell: Any) -> Any:
    """Return a cell as JSON: a text unchanged, any other value as its kind and its text."""
    if isinstance(cell, Phone):
        return ["phone", str(cell)]
    if isinstance(cell, datetime):
        return ["moment", cell.replace(tzinfo=None).isoformat()]
    return ["day", cell.isoformat()] if isinstance(cell, date) else cell


def _read_cell(stored: Any) -> Any:
    if not isinstance(stored, list):
        return stored
    kind, text = stored
    if kind == "moment":
        return datetime.fromisoformat(text)
    return date.fromisoformat(text) if kind == "day" else Phone(text)
