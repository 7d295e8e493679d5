"""The worker's part of long tables: reading and checking them, and importing their people part by part (R12).

A part is imported in one transaction, which also says that the part is done: a worker that is killed leaves no part
half imported and nobody imported twice, and the next one goes on with the next part. A person who can no longer be
registered when the worker reaches that part is left out, and the row is reported.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError

from forum.accounts import queries as accounts
from forum.accounts.audiences import REGISTRARS
from forum.audit import actions as audit
from forum.database import start_write
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.imports import actions, answers, checking, kept_tables, queries
from forum.imports.actions import IMPORTED, PART_IMPORTED, Terms
from forum.imports.checking import Fault, Outcome, Person, mark_of
from forum.imports.enums import OF_WORKER, TableState
from forum.imports.kept_tables import CHOICES, HEADINGS, OUTCOME
from forum.imports.models import AttendeeImport
from forum.imports.rows import Otherwise, columns_of, read_rows
from forum.imports.table_models import ImportTable
from forum.registration import names, places
from forum.registration.errors import AddressTaken, RegistrationClosed, SectorFull
from forum.registration.models import Registration
from forum.web.edits import digest

# Two workers may import parts of one table in turn. Each reads the clock and then waits for the event's lock, for less
# than this long, so the worker that imports a later part may have read an earlier time.
LONGEST_WAIT = timedelta(minutes=1)
STEPS_AT_ONCE = 20  # how many parts are done before other jobs have their turn
STARTED, STOPPED = "import.started", "import.stopped"
log = logging.getLogger("forum.worker")


@dataclass(frozen=True)
class Importing:
    """An import that the worker carries out: its event, the organiser, and what was chosen for all its people.

    `terms` are these choices, such as whether links are sent and people may wait; `actor` is how the audit trail names
    the organiser.
    """

    made: AttendeeImport
    event: Event
    terms: Terms
    actor: str


def list_next(*, now: datetime) -> Sequence[int]:
    """Return the ids of the tables with work to do, each repeated: the worker does one part of each table in turn."""
    query = select(ImportTable.id).where(ImportTable.state.in_(OF_WORKER)).order_by(ImportTable.id)
    return list(islice(cycle(db.session.scalars(query).all()), STEPS_AT_ONCE))


def work(number: int, *, now: datetime) -> int:
    """Read, check or import the next part of a table; return how many rows that part has."""
    table = db.session.get(ImportTable, number)
    # Lock the event first, as every change of registrations does, so that two changes cannot deadlock.
    is_event_locked = table is not None and table.state == TableState.RUNNING
    if table and is_event_locked:
        places.lock(table.event)
    table = kept_tables.find_locked(number)
    # If another worker has begun the import meanwhile, do nothing: the job's next run will lock the event first.
    if table is None or (table.state == TableState.RUNNING and not is_event_locked):
        return 0
    with force_locale(table.language):
        if table.state == TableState.RUNNING:
            return _import_part(table, now)
        if table.state == TableState.CHECKING and table.step < table.parts:
            return _read_part(table)
        return _conclude(table, now) if table.state in OF_WORKER else 0


def stop(table: ImportTable, *, actor: str, now: datetime) -> bool:
    """Stop a table for good, with its event and the table locked; return whether the worker was still working on it."""
    if table.state not in OF_WORKER:
        return False
    kept_tables.forget_rows(table, after=table.step if table.state == TableState.RUNNING else 0)
    kept_tables.end(table, TableState.STOPPED, now=now)
    if table.made:
        people, number = table.made.people, table.made.id
        audit.record(STOPPED, table.event, actor=actor, at=now, count=people, number=number)
    return True


def _read_part(table: ImportTable) -> int:
    """Read the rows of the table's next part, by the columns and values that the organiser has chosen."""
    event, part, chosen = table.event, kept_tables.read(table, table.step), kept_tables.read(table, CHOICES)
    questions = answers.list_asked(event.slug)
    columns, otherwise = columns_of(chosen, questions), Otherwise.of(event, chosen)
    with_undecided = bool(chosen.get("with_undecided"))
    done = read_rows(part["rows"], columns, event, otherwise, questions, with_undecided=with_undecided)
    told = {
        "people": [kept_tables.packed(person) for person in done.people],
        "faults": [[one.row, one.column, one.text] for one in done.faults],
        "left_out": done.left_out,
        "undecided": done.undecided,
    }
    kept_tables.write(table, table.step, {"rows": part["rows"], **told})
    table.step += 1
    return len(part["rows"])


def _conclude(table: ImportTable, now: datetime) -> int:
    """Check the whole table; store the outcome, or begin the import if the organiser has asked for it.

    The check only reads and may take seconds, so it holds no lock. Nothing is stored if the organiser has changed or
    stopped the import meanwhile. If a second check, before the import, differs from the first, the organiser has to
    look again.
    """
    number, since = table.id, table.moved_at
    db.session.rollback()
    outcome, mark = _check(table, now)
    start_write(db.session)
    there = kept_tables.find_locked(number)
    if there is None or there.moved_at != since:
        return 0
    return _store(there, outcome, mark, now)


def _store(table: ImportTable, outcome: Outcome, mark: str, now: datetime) -> int:
    is_start = table.state == TableState.STARTING
    shown = kept_tables.outcome_of(table.event, table)
    if is_start and shown and shown.mark == mark and shown.good and not events.is_off(table.event, now):
        _begin(table, shown.good, now)
    else:
        kept_tables.store_outcome(table, outcome, mark, is_changed=is_start)
        kept_tables.move(table, TableState.CHECKED, now=now)
    return table.people


def _check(table: ImportTable, now: datetime) -> tuple[Outcome, str]:
    event, chosen = table.event, kept_tables.read(table, CHOICES)
    people: list[Person] = []
    faults: list[Fault] = []
    left_out: list[int] = []
    undecided: list[int] = []
    for part in kept_tables.read_all(table):
        for stored in part["people"]:
            person = kept_tables.unpacked(event, stored)
            people += [person] if person else []
            faults += [] if person else [_without_sector(stored)]
        faults += [Fault(*one) for one in part["faults"]]
        left_out += part["left_out"]
        undecided += part.get("undecided", ())
    terms = _terms(table, chosen)
    with_alike = bool(chosen["with_alike"])
    outcome = checking.check(event, people, may_wait=terms.may_wait, with_alike=with_alike, now=now)
    outcome.faults = sorted([*faults, *outcome.faults], key=lambda fault: fault.row)
    outcome.left_out, outcome.undecided = left_out, undecided
    return outcome, mark_of(outcome, chosen)


def _begin(table: ImportTable, people: int, now: datetime) -> None:
    terms = _terms(table, kept_tables.read(table, CHOICES))
    made = actions.begin(table.event, terms, user_id=table.user_id, now=now)
    table.import_id = made.id
    kept_tables.move(table, TableState.RUNNING, now=now)
    actor = f"user:{table.user_id}"
    audit.record(STARTED, table.event, actor=actor, at=now, count=people, number=made.id)


def _terms(table: ImportTable, chosen: Mapping[str, Any]) -> Terms:
    headings, questions = kept_tables.read(table, HEADINGS), answers.list_asked(table.event.slug)
    return Terms.of(chosen, headings, digest({"import table": table.id}), questions)


def _import_part(table: ImportTable, now: datetime) -> int:
    """Register the people of the next part, and say in the same transaction that the part is done."""
    made = table.made
    db.session.refresh(made)
    if made.undo_asked_at or not accounts.may_still(table.organiser, table.event_id, REGISTRARS.roles):
        stop(table, actor="worker", now=now)
        return 0
    terms = _terms(table, kept_tables.read(table, CHOICES))
    here = Importing(made, table.event, terms, f"user:{table.user_id}")
    accepted = set(kept_tables.read(table, OUTCOME)["rows"])
    people = [one for one in kept_tables.read(table, table.step)["people"] if one[0] in accepted]
    refused = list(_register(here, people, _moment_of_part(made, now)))
    kept_tables.write(table, table.step, {"refused": [[one.row, one.column, one.text] for one in refused]})
    table.step += 1
    if table.step == table.parts:
        kept_tables.end(table, TableState.DONE, now=now)
        audit.record(IMPORTED, here.event, actor=here.actor, at=now, count=made.people, number=made.id)
    return len(people)


def _moment_of_part(made: AttendeeImport, now: datetime) -> datetime:
    """Return when the people of the next part ask for a place: not before those of the part before them.

    So people of a table wait in the order of its rows. A moment far ahead came from a clock that was wrong (R18).
    """
    last = queries.find_last_moment(made)
    return last if last and now < last < now + LONGEST_WAIT else now


def _register(here: Importing, stored: Sequence[Any], now: datetime) -> Iterator[Fault]:
    """Register the people of a part; yield a fault for each person who cannot be registered."""
    people = {one[0]: kept_tables.unpacked(here.event, one) for one in stored}
    emails = [names.canonical_email(one.email) for one in people.values() if one and one.email]
    taken = queries.list_taken_since(here.made, emails, now) if emails else {}
    added: list[tuple[Registration, int]] = []
    for one in stored:
        person = people[one[0]]
        if person is None:
            yield _without_sector(one)
        elif reference := taken.get(names.canonical_email(person.email)) if person.email else None:
            yield checking.with_taken_address(person, reference)
        else:
            registered = _add(here, person, now)
            if isinstance(registered, Fault):
                yield registered
            else:
                added.append((registered, person.row))
    if added:
        actions.note_imported(here.made, added, now=now)
        told = {"count": len(added), "number": here.made.id}
        audit.record(PART_IMPORTED, here.event, actor=here.actor, at=now, **told)


def _add(here: Importing, person: Person, now: datetime) -> Registration | Fault:
    """Register a person, or return the fault; a savepoint undoes what a refused registration has changed."""
    try:
        with db.session.begin_nested():
            return actions.add(here.event, person, here.terms, actor=here.actor, now=now)
    except AddressTaken as taken:
        return checking.with_taken_address(person, taken.registration.reference)
    except SectorFull:
        return checking.without_place(person)
    except RegistrationClosed:
        return Fault(person.row, "", _("The forum is over or cancelled and takes no registrations"))
    except (OperationalError, InterfaceError):
        # The database cannot be reached or is busy: the worker tries this part again.
        raise
    # Report any other error for the row: it would occur at each try, and later parts would never be imported.
    except Exception:
        log.exception("import %s failed for row %s", here.made.id, person.row)
        return Fault(person.row, "", _("The program failed at this row. Nothing of it was stored"))


def _without_sector(stored: Sequence[Any]) -> Fault:
    return checking.of_unknown_sector(stored[0], stored[1])
