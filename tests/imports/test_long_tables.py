"""Importing a long table: the worker checks and imports it in parts, and undoes the import in parts."""

from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import event as events
from sqlalchemy import func, select

from forum import clock
from forum.accounts.models import User
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.audit.queries import REGISTRATIONS_SEARCHED
from forum.database import TURN_SECONDS
from forum.events.queries import find_current, find_sector
from forum.extensions import db
from forum.imports import actions, kept_tables, queries, table_work, tables
from forum.imports.enums import TableState
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable, ImportTablePart
from forum.jobs import worker
from forum.jobs.table import JOBS
from forum.jobs.worker import run_job
from forum.outbox.models import OutboxMessage
from forum.people import notes
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.imports.test_imports import CHOSEN, LOOK, ON, TABLE
from tools.pages import counted_statements

ROWS = "".join(f"Kim;Ek {number};kim{number}@example.org;Org {number};ngo;SE;\n" for number in range(5))
WRONG = "Sam;;sam@example.org;Org;nowhere;SE;\n"


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url)


@pytest.fixture
def short_parts(monkeypatch):
    """Treat tables of three people or more as long, and import them in parts of two rows."""
    monkeypatch.setattr(tables, "MOST", 2)
    monkeypatch.setattr(kept_tables, "PART", 2)
    monkeypatch.setattr(actions, "UNDONE_AT_ONCE", 2)


@pytest.fixture
def event(database, short_parts):
    clock.freeze(NOW)
    return make_event(
        capacity=9, sectors=[make_sector("ngo", ceiling=4, position=1), make_sector("tech", position=2)]
    )


@pytest.fixture
def page(organiser, event):
    return organiser.get("imports.new", event="nf27")


def work(name="work off imports", times=1):
    for _time in range(times):
        run_job(next(job for job in JOBS if job.name == name))
    db.session.rollback()


def checked(organiser, page, table=TABLE + ROWS, **differing):
    """Send a table and the choices for its people, let the worker check the table, and return the table's page."""
    asked = page.submit({"lines": table}, button=ON, follow=True)
    asked.submit({**CHOSEN, **differing}, button=LOOK, follow=True)
    work()
    return organiser.get(asked.path)


def imported():
    rows = select(ImportedPerson.row_number, Registration.family_name, Registration.status)
    joined = rows.join(Registration, Registration.id == ImportedPerson.registration_id)
    return [tuple(row) for row in db.session.execute(joined.order_by(ImportedPerson.row_number))]


def state():
    return db.session.scalars(select(ImportTable.state)).one()


def test_a_long_table_is_checked_imported_and_undone_in_parts(page, event, organiser):
    shown = checked(organiser, page, TABLE + ROWS + WRONG)
    assert "5 people can be imported" in shown.text
    assert "The forum has no sector “nowhere”" in shown.text
    assert (imported(), state()) == ([], TableState.CHECKED)
    started = shown.submit(button="Import 5 people", follow=True)
    assert "Is being checked once more" in started.text
    work(times=2)
    everybody = [(2 + number, f"Ek {number}", Status.CONFIRMED) for number in range(4)]
    assert (imported(), state()) == ([*everybody, (6, "Ek 4", Status.WAITING)], TableState.DONE)
    assert (event.taken, find_sector(event, "ngo").taken) == (4, 4)
    done = organiser.get(started.path)
    assert _rows(done) == ["7\nSector\nThe forum has no sector “nowhere”"]
    assert b"nowhere" in organiser.get(f"{started.path}/report.csv").data
    # Of the stored table only the refused rows remain.
    parts = select(func.count()).select_from(ImportTablePart).where(ImportTablePart.number >= 0)
    assert all(set(part) == {"refused"} for part in kept_tables.read_all(db.session.get(ImportTable, 1)))
    assert db.session.scalar(parts) == 3
    listed = organiser.get("imports.index", event="nf27")
    assert CHOSEN["reason"] in listed.all("main tbody td")
    asked = listed.follow("Undo …").submit(button="Undo the import", follow=True)
    assert "Being undone: 5 people left" in asked.text
    work("undo imports")
    assert [one[0] for one in imported()] == [2, 3, 4]
    work("undo imports", times=3)
    assert (imported(), event.taken) == ([], 0)
    assert db.session.scalar(select(AttendeeImport.undone_at)) is not None
    assert (db.session.scalars(select(OutboxMessage)).all(), audit.verify()) == ([], None)


def _rows(page):
    rows = page.soup.select("main tbody tr")
    return ["\n".join(" ".join(cell.text.split()) for cell in row.select("th, td")) for row in rows]


def test_upload_page_names_the_table_that_a_new_long_one_replaces(page, event, organiser, sign_in_as):
    told = (
        "You have a long table of 5 rows, sent 3 May 2027 at 14:00 (CEST), whose people are not imported yet."
    )
    assert "You have a long table" not in page.text
    first = page.submit({"lines": TABLE + ROWS}, button=ON, follow=True)
    # A colleague replaces nobody else's table.
    assert "You have a long table" not in sign_in_as(event=event).get("imports.new", event="nf27").text
    shown = first.follow("Choose another table")
    assert told in shown.text
    assert shown.follow("Go on with that table").path == first.path
    again = shown.submit({"lines": TABLE + ROWS + WRONG}, button=ON, follow=True)
    assert (again.path != first.path, organiser.get(first.path, expect=404).status) == (True, 404)
    for state_now, is_replaced in ((TableState.CHECKING, True), (TableState.RUNNING, False)):
        write(setattr, db.session.scalars(select(ImportTable)).one(), "state", state_now)
        upload = organiser.get("imports.new", event="nf27").text
        assert ("You have a long table of 6 rows" in upload) is is_replaced


def test_who_was_registered_meanwhile_is_refused_by_row(page, event, organiser):
    shown = checked(organiser, page)
    started = shown.submit(button="Import 5 people", follow=True)
    table = db.session.scalars(select(ImportTable)).one()
    write(table_work.work, table.id, now=NOW)
    write(table_work.work, table.id, now=NOW)
    taken = confirmed(event, "tech", email="kim3@example.org")
    work()
    assert [row for row, *_rest in imported()] == [2, 3, 4, 6]
    told = f"5\nE-mail address\nRegistration {taken.reference} has this address"
    assert _rows(organiser.get(started.path)) == [told]


def test_another_check_comes_before_the_import_and_may_differ(page, event, organiser):
    shown = checked(organiser, page)
    confirmed(event, "tech", email="kim3@example.org")
    shown.submit(button="Import 5 people", follow=True)
    work()
    again = organiser.get(shown.path)
    assert "Something has changed meanwhile, and nobody has been imported." in again.text
    assert "4 people can be imported" in again.text
    assert imported() == []


def test_an_import_that_is_stopped_keeps_who_has_been_imported(page, event, organiser):
    started = checked(organiser, page).submit(button="Import 5 people", follow=True)
    table = db.session.scalars(select(ImportTable)).one()
    write(table_work.work, table.id, now=NOW)
    write(table_work.work, table.id, now=NOW)
    stopped = organiser.get(started.path).submit(button="Stop", follow=True)
    assert stopped.flashes == ["Stopped. Whoever has been imported stays."]
    work()
    assert ([row for row, *_rest in imported()], state()) == ([2, 3], TableState.STOPPED)


def test_who_registers_during_a_long_import_waits_for_one_part_at_most(
    page, organiser, make_app, sqlite_url, monkeypatch
):
    """Each visitor comes while a part is imported, and is registered before the next part begins."""
    checked(organiser, page).submit(button="Import 5 people", follow=True)
    # This app has a queue of its own for SQLite's lock, as another process has.
    beside, do_part, waiting = make_app(sqlite_url), table_work._import_part, []

    def register_beside(number):
        with beside.app_context():
            register(find_current(), "tech", family_name=f"Visitor {number}")

    def import_part(table, now):
        if table.step < table.parts:
            waiting.append(Thread(target=register_beside, args=[table.step]))
            waiting[-1].start()
        return do_part(table, now)

    def let_others_write():
        if waiting:
            waiting[-1].join(20)

    monkeypatch.setattr(table_work, "_import_part", import_part)
    monkeypatch.setattr(worker, "LONG_SECONDS", 0)
    monkeypatch.setattr(worker, "_let_others_write", let_others_write)
    work()
    registered = select(Registration.family_name).order_by(Registration.id)
    first, second, third = ["Ek 0", "Ek 1"], ["Ek 2", "Ek 3"], ["Ek 4"]
    visitors = [["Visitor 0"], ["Visitor 1"], ["Visitor 2"]]
    parts = [first, visitors[0], second, visitors[1], third, visitors[2]]
    assert (db.session.scalars(registered).all(), state()) == (
        [one for part in parts for one in part],
        TableState.DONE,
    )


def test_the_rest_between_long_parts_is_several_tries_of_a_waiting_process_long():
    assert worker.REST_SECONDS >= 5 * TURN_SECONDS


def test_a_colleague_sees_that_a_long_table_is_being_imported_and_can_undo_it(
    page, event, organiser, sign_in_as
):
    checked(organiser, page).submit(button="Import 5 people")
    colleague = sign_in_as(event=event)
    begun = colleague.get("imports.index", event="nf27").text
    assert "is importing a table of 5 rows. It is being checked once more." in begun
    table = db.session.scalars(select(ImportTable)).one().id
    write(table_work.work, table, now=NOW)
    write(table_work.work, table, now=NOW)
    seen, own = (one.get("imports.index", event="nf27") for one in (colleague, organiser))
    assert "is importing a table of 5 rows: 33% is done." in seen.text
    assert "is importing a table" not in own.text
    assert "Is being imported · Send links again … · Undo …" in seen.all("main tbody td")
    undoing = seen.follow("Undo …")
    assert "It is still being imported. Undoing it stops it first." in undoing.text
    undoing.submit(button="Undo the import")
    work(times=1)
    work("undo imports", times=3)
    assert (imported(), state()) == ([], TableState.STOPPED)


def test_the_import_of_an_organiser_who_lost_the_role_is_stopped(organiser, page):
    checked(organiser, page).submit(button="Import 5 people", follow=True)
    write(setattr, db.session.scalars(select(User)).one(), "active", False)
    work()
    assert (imported(), state()) == ([], TableState.STOPPED)


def test_who_has_acted_while_an_import_is_undone_stays(page, event, organiser):
    checked(organiser, page).submit(button="Import 5 people", follow=True)
    work(times=2)
    made = db.session.scalars(select(AttendeeImport)).one()
    write(actions.ask_undo, made, event, actor="user:1", now=NOW)
    clock.freeze(NOW + timedelta(minutes=1))
    kim = db.session.scalars(select(Registration).where(Registration.family_name == "Ek 0")).one()
    write(notes.add_note, kim, "Called.", actor="user:1", now=clock.now())
    work("undo imports", times=4)
    assert [row for row, *_rest in imported()] == [2]
    assert "1 person stays" in organiser.get("imports.index", event="nf27").text


def test_a_long_table_is_seen_by_its_organiser_alone_and_for_three_days(page, event, organiser, sign_in_as):
    address = checked(organiser, page).path
    other = sign_in_as(event=event)
    other.get(address, expect=404)
    other.get(f"{address}/report.csv", expect=404)
    clock.freeze(NOW + timedelta(days=3))
    work("forget long tables")
    assert db.session.scalars(select(ImportTablePart)).all() == []


def test_of_a_table_that_has_ended_only_the_reasons_remain_why_rows_were_left_out(page, event, organiser):
    table = TABLE.replace("\n", ";Status\n") + ROWS + "Kim;Ek 0;other@example.org;Org 0;ngo;SE;\n" + WRONG
    table += "Lo;Ny;lo@example.org;Org;ngo;SE;;cancelled\n"
    started = checked(organiser, page, table, from_status="7").submit(button="Import 5 people", follow=True)
    work(times=2)
    assert _parts_with("example.org") == []
    assert _rows(organiser.get(started.path)) == [
        "7\n–\nRow 2 has the same name and organisation",
        "8\nSector\nThe forum has no sector “nowhere”",
        "9\nStatus\nThe status says that the person does not come",
    ]
    assert b"The status says" in organiser.get(f"{started.path}/report.csv").data
    # The page before the import, the page after it and the report tell who is registered: each view counts as a search.
    # Of three views within an hour, the first two get an audit entry (P18).
    searched = select(func.count()).select_from(AuditEntry)
    assert db.session.scalar(searched.where(AuditEntry.action == REGISTRATIONS_SEARCHED)) == 2


def test_nobody_remains_in_the_outcome_of_a_table_that_is_stopped(page, event, organiser):
    checked(organiser, page).submit(button="Import 5 people", follow=True).submit(button="Stop")
    assert _parts_with("example.org") == []


def test_who_is_imported_although_probably_there_is_not_reported_as_left_out(page, event, organiser):
    table = TABLE + ROWS + "Kim;Ek 0;other@example.org;Org 0;ngo;SE;\n"
    checked(organiser, page, table).submit({"with_alike": "y"}, button="Import 5 people", follow=True)
    work()
    shown = organiser.get("import_tables.show", event="nf27", table=1)
    assert b"Row 2" in organiser.get(f"{shown.path}/report.csv").data
    shown.submit(button="Import 6 people")
    work(times=2)
    assert b"Row 2" not in organiser.get(f"{shown.path}/report.csv").data


@pytest.mark.parametrize("with_undecided", [True, False])
def test_whoever_waits_elsewhere_is_imported_only_if_the_box_is_ticked(
    page, event, organiser, with_undecided
):
    table = TABLE.replace("\n", ";Status\n") + ROWS + "Lo;Ny;lo@example.org;Org;ngo;SE;;waiting list\n"
    shown = checked(organiser, page, table, from_status="7")
    assert "1 row is left out, because its status says that the person has no place yet" in shown.text
    people = 5
    if with_undecided:
        shown.submit({"with_undecided": "y"}, button="Import 5 people", follow=True)
        work()
        shown, people = organiser.get("import_tables.show", event="nf27", table=1), 6
        assert "1 row is taken, although its status says that the person has no place yet" in shown.text
    shown.submit(button=f"Import {people} people", follow=True)
    work(times=2)
    assert db.session.scalar(select(func.count(Registration.id))) == people
    told = [] if with_undecided else ["7\nStatus\nThe status says that the person has no place yet"]
    assert _rows(organiser.get("import_tables.show", event="nf27", table=1)) == told


def _parts_with(text):
    db.session.rollback()
    parts = db.session.scalars(select(ImportTablePart)).all()
    return [part.number for part in parts if text.encode() in part.content]


def test_a_part_takes_as_many_statements_late_as_early(app, organiser, page):
    checked(organiser, page, TABLE + ROWS.replace(";ngo;", ";tech;")).submit(
        button="Import 5 people", follow=True
    )
    table = db.session.scalars(select(ImportTable)).one().id
    write(table_work.work, table, now=NOW)
    numbers = []
    for _part in range(2):
        with counted_statements(app) as counted:
            write(table_work.work, table, now=NOW)
        numbers.append(len(counted))
    assert numbers[0] == numbers[1] < 100


@pytest.mark.parametrize(
    ("behind", "order"),
    [(timedelta(seconds=1), [0, 1, 2, 3, 4]), (timedelta(hours=1), [2, 3, 4, 0, 1])],
    ids=["a worker a second late", "a clock that was set forward"],
)
def test_people_of_a_table_wait_in_the_order_of_its_rows(event, organiser, page, behind, order):
    """Two workers may import parts in turn, one of them by the time at which it began to wait for the event.

    The time of a clock that was an hour ahead is not used for the parts that follow (R18).
    """
    for _place in range(4):
        confirmed(event, "ngo", now=NOW)
    checked(organiser, page).submit(button="Import 5 people", follow=True)
    table = db.session.scalars(select(ImportTable)).one().id
    for now in (NOW, NOW + behind, NOW, NOW):
        write(table_work.work, table, now=now)
    waiting = select(Registration.family_name).where(Registration.status == Status.WAITING)
    line = db.session.scalars(waiting.order_by(Registration.waiting_since, Registration.id)).all()
    assert list(line) == [f"Ek {number}" for number in order]


def test_a_part_looks_for_its_own_addresses_and_reads_nobody_else(event):
    made, asked = AttendeeImport(id=1, event_id=event.id, made_at=NOW), []
    events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    queries.list_taken_since(made, ["kim@example.org", "sam@example.org"], NOW)
    connection = db.session.connection()
    plans = [
        connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        for statement, values in asked[-2:]
    ]
    steps = [step.detail for plan in plans for step in plan if " registrations " in step.detail]
    assert steps == [
        "SEARCH registrations USING INDEX ix_registrations_email_event (email_canonical=? AND event_id=?)",
        "SEARCH registrations USING INTEGER PRIMARY KEY (rowid=?)",
    ]
