"""Long tables, kept encrypted in parts of a few rows until their people have been imported, for three days at most.

A part's JSON has its rows, and once the worker has checked them its people, its faults and the rows of people who do
not come. When the part's people have been imported, only what was refused remains of it. Parts with negative numbers
hold the headings, the organiser's choices and the outcome of the last check.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, delete, exists, func, or_, select

from forum.columns import LARGEST_ID
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.imports.checking import Fault, Outcome, Person
from forum.imports.enums import ENDED, IMPORTING, OF_ORGANISERS, TableState
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable, ImportTablePart
from forum.imports.tables import Table
from forum.registration.applicant import Details

# How many rows one transaction checks or imports: other writers then wait for half a second at most.
PART = 25
KEPT_FOR = timedelta(days=3)
HEADINGS, CHOICES, OUTCOME = -1, -2, -3
SHOWN = 100  # how many people the page with a check's outcome lists


@dataclass
class KeptOutcome(Outcome):
    """The stored outcome of a check: `people` are the first who can be imported, `rows` the row numbers of all who can.

    `mark` is a digest of everything that the check has found; `is_changed` says that a second check, just before the
    import, has had another outcome than the first.
    """

    rows: list[int] = field(default_factory=list)
    questions_left: list[tuple[int, str]] = field(default_factory=list)
    languages_left: list[int] = field(default_factory=list)
    mark: str = ""
    is_changed: bool = False

    @property
    def good(self) -> int:
        """Return how many people can be imported."""
        return len(self.rows)

    @property
    def unasked(self) -> list[tuple[int, str]]:
        """Return row and question of each answer that is left out because the person is not asked that question."""
        return self.questions_left

    @property
    def without_own_language(self) -> list[int]:
        """Return the rows of people who can be imported and name a language in which the forum does not write."""
        return self.languages_left


def keep(event: Event, table: Table, *, user_id: int, language: str, now: datetime) -> ImportTable:
    """Store a table for the worker, in place of any that the organiser has not imported; call after `start_write`.

    If a replaced table had the same headings, the new table gets the choices that were made for the replaced one.
    """
    earlier = list_replaced(event, user_id)
    alike = [one for one in earlier if read(one, HEADINGS) == list(table.headings)]
    choices = read(alike[0], CHOICES) if alike else None
    forget(earlier)
    kept = ImportTable(event_id=event.id, user_id=user_id, language=language, hidden=table.hidden)
    kept.people, kept.sent_at, kept.moved_at = len(table.rows), now, now
    pieces = [table.rows[start : start + PART] for start in range(0, len(table.rows), PART)]
    kept.parts = len(pieces)
    db.session.add(kept)
    db.session.flush()
    _add(kept, HEADINGS, list(table.headings))
    if choices:
        _add(kept, CHOICES, choices)
    for number, rows in enumerate(pieces):
        _add(kept, number, {"rows": rows})
    db.session.flush()
    return kept


def find_own(event: Event, user_id: int, number: int) -> ImportTable | None:
    """Return the organiser's table with this number; None for another organiser's or another event's (S13)."""
    if number > LARGEST_ID:
        return None
    mine = ImportTable.event_id == event.id, ImportTable.user_id == user_id, ImportTable.id == number
    return db.session.scalars(select(ImportTable).where(*mine)).one_or_none()


def list_own(
    event: Event, user_id: int, states: Collection[TableState] = tuple(TableState)
) -> Sequence[ImportTable]:
    """Return the organiser's tables of the event in these states, the newest first."""
    mine = ImportTable.event_id == event.id, ImportTable.user_id == user_id, ImportTable.state.in_(states)
    return db.session.scalars(select(ImportTable).where(*mine).order_by(ImportTable.id.desc())).all()


def list_replaced(event: Event, user_id: int) -> Sequence[ImportTable]:
    """Return the organiser's tables in whose place the next long table comes: those that are not being imported."""
    return list_own(event, user_id, (*OF_ORGANISERS, TableState.CHECKING))


def list_importing(event: Event) -> Sequence[ImportTable]:
    """Return the tables of the event, of all organisers, whose people are being imported."""
    there = ImportTable.event_id == event.id, ImportTable.state.in_(IMPORTING)
    return db.session.scalars(select(ImportTable).where(*there)).all()


def standing(event: Event, user_id: int, since: datetime) -> ScalarSelect[int]:
    """Return, as a column of a statement, how many tables the worker has not gone on with since the moment `since`.

    Counted are the tables of all organisers that are being imported, and this organiser's that are being checked:
    colleagues know nothing of a table before it is imported. An import goes on when a part of its people is imported.
    Of a check, which takes a minute at most, only the beginning is stored. A table whose import is being undone is not
    counted.
    """
    imported = exists().where(
        ImportedPerson.import_id == ImportTable.import_id, ImportedPerson.imported_at > since
    )
    is_undone = exists().where(
        AttendeeImport.id == ImportTable.import_id, AttendeeImport.undo_asked_at.is_not(None)
    )
    mine = (ImportTable.state == TableState.CHECKING) & (ImportTable.user_id == user_id)
    stands = ImportTable.event_id == event.id, ImportTable.moved_at <= since, ~imported, ~is_undone
    query = select(func.count(ImportTable.id)).where(*stands, or_(ImportTable.state.in_(IMPORTING), mine))
    return query.scalar_subquery()


def is_importing(made: AttendeeImport) -> bool:
    """Return whether the worker has yet to register people of this import."""
    of_import = ImportTable.import_id == made.id, ImportTable.state.in_(IMPORTING)
    return bool(db.session.scalar(select(exists().where(*of_import))))


def find_locked(number: int) -> ImportTable | None:
    """Return a table, read afresh and locked until the commit, so that only one process at a time changes its state."""
    return db.session.get(ImportTable, number, populate_existing=True, with_for_update={"key_share": True})


def move(table: ImportTable, state: TableState, *, now: datetime) -> None:
    """Put a table into a state; the worker begins the work of the state with the table's first part."""
    table.state, table.step, table.moved_at = state, 0, now


def end(table: ImportTable, state: TableState, *, now: datetime) -> None:
    """End a table for good: delete its people, and keep only the reasons why some were left out."""
    move(table, state, now=now)
    if told := read(table, OUTCOME):
        write(table, OUTCOME, {**told, "people": []})


def read(table: ImportTable, number: int) -> Any:
    """Return the content of a part of the table; None if the table has no part with this number."""
    part = db.session.get(ImportTablePart, (table.id, number))
    return json.loads(part.content) if part else None


def write(table: ImportTable, number: int, content: Any) -> None:
    """Store the content of a part of the table."""
    part = db.session.get(ImportTablePart, (table.id, number))
    if part is None:
        _add(table, number, content)
    else:
        part.content = _as_json(content)


def read_all(table: ImportTable) -> Iterator[Mapping[str, Any]]:
    """Yield the content of the parts that hold rows, in the order of the table."""
    mine = ImportTablePart.table_id == table.id, ImportTablePart.number >= 0
    parts = select(ImportTablePart).where(*mine).order_by(ImportTablePart.number)
    for part in db.session.scalars(parts.execution_options(yield_per=20)):
        yield json.loads(part.content)
        db.session.expunge(part)


def forget(tables: Collection[ImportTable]) -> int:
    """Delete tables with all their parts; return how many."""
    if tables:
        db.session.execute(delete(ImportTable).where(ImportTable.id.in_([one.id for one in tables])))
    return len(tables)


def forget_old(*, now: datetime) -> int:
    """Delete tables that were sent three days ago and are not imported, or ended three days ago; return how many."""
    before = now - KEPT_FOR
    unused = ImportTable.state.not_in((*IMPORTING, *ENDED)) & (ImportTable.sent_at <= before)
    ended = ImportTable.state.in_(ENDED) & (ImportTable.moved_at <= before)
    return forget(db.session.scalars(select(ImportTable).where(unused | ended)).all())


def forget_rows(table: ImportTable, *, after: int) -> None:
    """Delete the parts of a table from this number on: the people in these parts will not be imported."""
    mine = ImportTablePart.table_id == table.id, ImportTablePart.number >= after
    db.session.execute(delete(ImportTablePart).where(*mine))


def headings_of(table: ImportTable) -> Table:
    """Return a table of the headings and the first rows only, by which a page shows what each column contains."""
    first = read(table, 0) or {"rows": []}
    return Table(read(table, HEADINGS), [(number, cells) for number, cells in first["rows"]], table.hidden)


def packed(person: Person) -> list[Any]:
    """Return a person as values that JSON can hold."""
    told = (asdict(person.details), person.email, person.reference, dict(person.given), list(person.unasked))
    return [person.row, person.sector.key, *told, person.lacks_own_language]


def unpacked(event: Event, stored: Sequence[Any]) -> Person | None:
    """Return the person whom `packed` has turned into values; None if the event no longer has the person's sector."""
    # A table that was stored before an update lacks the values behind these.
    row, key, details, email, reference, given, unasked, *later = stored
    sector = find_sector(event, key)
    if sector is None:
        return None
    return Person(row, sector, Details(**details), email, reference, given, tuple(unasked), *later)


def store_outcome(table: ImportTable, outcome: Outcome, mark: str, *, is_changed: bool = False) -> None:
    """Store the outcome of a check."""
    write(
        table,
        OUTCOME,
        {
            "people": [packed(one) for one in outcome.people[:SHOWN]],
            "rows": [one.row for one in outcome.people],
            "placed": sorted(outcome.placed),
            "faults": [[one.row, one.column, one.text] for one in outcome.faults],
            "alike": [[one.row, one.column, one.text] for one in outcome.alike],
            "left_out": outcome.left_out,
            "undecided": outcome.undecided,
            "questions_left": outcome.unasked,
            "languages_left": outcome.without_own_language,
            "mark": mark,
            "is_changed": is_changed,
        },
    )


def outcome_of(event: Event, table: ImportTable) -> KeptOutcome | None:
    """Return the outcome of the last check of a table, None before the first."""
    told = read(table, OUTCOME)
    if told is None:
        return None
    people = (unpacked(event, one) for one in told.pop("people"))
    faults, alike = ([Fault(*one) for one in told.pop(name)] for name in ("faults", "alike"))
    placed = set(told.pop("placed"))
    there = [one for one in people if one]
    return KeptOutcome(people=there, placed=placed, faults=faults, alike=alike, **told)


def list_refused(table: ImportTable) -> list[Fault]:
    """Return why people were refused while the table was imported, in the order of its rows."""
    return [Fault(*one) for part in read_all(table) for one in part.get("refused", ())]


def _add(table: ImportTable, number: int, content: Any) -> None:
    part = ImportTablePart(table_id=table.id, number=number)
    part.content = _as_json(content)
    db.session.add(part)


def _as_json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
