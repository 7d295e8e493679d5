"""A worker that is killed at any commit of a long import leaves no part half imported and nobody twice (R12)."""

import pytest
from sqlalchemy import func, select

from forum.accounts.models import User
from forum.audit import actions as audit
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.imports import actions, kept_tables
from forum.imports.enums import TableState
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable, ImportTablePart
from forum.imports.tables import Table
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.organisers import sign_in_somebody
from tests.imports.test_imports import CHOSEN

pytestmark = pytest.mark.slow  # this module is slow, because the job runs in processes that are killed
HEADINGS = ("Given name", "Family name", "E-mail", "Sector")
COLUMNS = {"from_given_name": "0", "from_family_name": "1", "from_email": "2", "from_sector": "3"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def keep(app, number: int, **differing) -> None:
    """Store a table of `number` people for the worker to check; their sector has places for all but eight of them."""
    sectors = [make_sector("ngo", ceiling=number - 8, position=1), make_sector("tech", position=2)]
    event = make_event(capacity=number, sectors=sectors)
    sign_in_somebody(app, event=event)
    user_id = db.session.scalars(select(User.id)).one()
    rows = [(row + 2, ["Kim", f"Ek {row}", f"kim{row}@example.org", "ngo"]) for row in range(number)]
    start_write(db.session)
    kept = kept_tables.keep(event, Table(HEADINGS, rows), user_id=user_id, language="en", now=NOW)
    chosen = {**CHOSEN, **COLUMNS, "organisation": "Org", "with_alike": "", **differing}
    kept_tables.write(kept, kept_tables.CHOICES, chosen)
    kept_tables.move(kept, TableState.CHECKING, now=NOW)
    db.session.commit()


def work(name: str, times: int = 1) -> None:
    for _time in range(times):
        run_job(next(job for job in JOBS if job.name == name))
    db.session.rollback()


def begin() -> None:
    """Let the import begin, as the organiser's second press does."""
    start_write(db.session)
    kept_tables.move(db.session.scalars(select(ImportTable)).one(), TableState.STARTING, now=NOW)
    db.session.commit()


def state() -> tuple[TableState, int, int]:
    """Return the table's state, step and number of imported people; check that none came twice and counters fit."""
    db.session.rollback()
    table = db.session.scalars(select(ImportTable)).one()
    rows = db.session.scalars(select(ImportedPerson.row_number)).all()
    assert len(set(rows)) == len(rows) == db.session.scalar(select(func.count()).select_from(Registration))
    held = select(func.count()).where(Registration.holds_place)
    assert db.session.scalar(select(Event.taken)) == db.session.scalar(held)
    made = db.session.scalar(select(AttendeeImport.people).where(AttendeeImport.undo_asked_at.is_(None)))
    assert made in (None, len(rows))
    return table.state, table.step, len(rows)


def test_a_killed_worker_goes_on_after_the_last_whole_part(frozen, app, database, crash, monkeypatch):
    monkeypatch.setattr(kept_tables, "PART", 4)
    monkeypatch.setattr(actions, "UNDONE_AT_ONCE", 4)
    keep(app, 20)
    assert crash("work off imports", "before", 2)
    assert state() == (TableState.CHECKING, 1, 0)
    assert crash("work off imports", "after", 2)
    assert state() == (TableState.CHECKING, 3, 0)
    work("work off imports")
    assert state() == (TableState.CHECKED, 0, 0)
    begin()
    assert crash("work off imports", "before", 1)
    assert state() == (TableState.STARTING, 0, 0)
    for moment, number, step in (("after", 1, 0), ("before", 1, 0), ("after", 1, 1), ("before", 2, 2)):
        assert crash("work off imports", moment, number)
        assert state() == (TableState.RUNNING, step, 4 * step)
    assert crash("work off imports", "after", 3)
    assert state() == (TableState.DONE, 0, 20)
    waiting = select(func.count()).where(Registration.status == Status.WAITING)
    assert (db.session.scalar(waiting), audit.verify()) == (8, None)
    start_write(db.session)
    made = db.session.scalars(select(AttendeeImport)).one()
    actions.ask_undo(made, made.event, actor="user:1", now=NOW)
    db.session.commit()
    for moment, left in (("before", 20), ("after", 16), ("after", 12), ("before", 12)):
        assert crash("undo imports", moment, 1)
        assert state()[2] == left
    work("undo imports", 4)
    assert (state()[2], db.session.scalar(select(Event.taken)), audit.verify()) == (0, 0, None)


@pytest.mark.long
def test_two_thousand_people_are_imported_and_undone(frozen, app, database):
    keep(app, 2000, links="silent")
    while state()[0] == TableState.CHECKING:
        work("work off imports")
    begin()
    while state()[0] != TableState.DONE:
        work("work off imports")
    waiting = select(func.count()).where(Registration.status == Status.WAITING)
    assert (state()[2], db.session.scalar(waiting)) == (2000, 8)
    assert (
        max(len(part.content) for part in db.session.scalars(select(ImportTablePart)) if part.number >= 0)
        < 20
    )
    start_write(db.session)
    made = db.session.scalars(select(AttendeeImport)).one()
    actions.ask_undo(made, made.event, actor="user:1", now=NOW)
    db.session.commit()
    while made.undone_at is None:
        work("undo imports")
    assert (state()[2], db.session.scalar(select(Event.taken)), audit.verify()) == (0, 0, None)
