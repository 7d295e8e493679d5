"""Scenarios of race tests: tables of people imported beside other changes, for few places (R01–R04)."""

from collections import Counter
from unittest.mock import patch

from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.imports import actions, kept_tables, table_work
from forum.imports.enums import TableState
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.imports.table_models import ImportTable
from forum.imports.tables import Table
from forum.registration import actions as registering
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.offer_models import Offer
from tests.factories.events import make_sector
from tests.factories.registrations import confirmed, write
from tests.faults.racers import beyond_floors
from tests.faults.races import (
    PLACES,
    ask_for_delegation,
    assert_counted_once,
    assert_line_was_kept,
    current_event,
    mails,
    open_event,
    people,
    refusals,
    registrations,
)
from tools.organisers import make_user

TABLES = 5
LONG, PART = 12, 2  # how many people a long table has, and how many the worker imports in one transaction
HEADINGS = ("Given name", "Family name", "Sector")
CHOSEN = {
    "from_given_name": "0",
    "from_family_name": "1",
    "from_sector": "2",
    "sector": "",
    "organisation": "Office",
    "country": "SE",
    "language": "en",
    "links": "silent",
    "if_full": "wait",
    "with_alike": "",
    "reason": "Our list",
}


def imports_for_the_last_places(race):
    """Tables of three, each sent twice, single people and delegations come for eight places, while two cancel.

    Each table is imported whole or not at all, and once; nobody of an undone import is left.
    """
    user, holders, tokens = race.begin(two_people_and_two_asked_delegations)
    jobs = [("import all", (table, user)) for table in range(TABLES) for _twice in range(2)]
    jobs += [("confirm delegation", token) for token in tokens]
    jobs += [("register and confirm", {**job, "sector": "tech"}) for job in people(2)]
    jobs += [("cancel", number) for number in holders]
    jobs += [("undo import", user)] * 2
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    assert set(refusals(outcomes)) <= {"", "NotAllFit"}
    made = {one.id: one for one in db.session.scalars(select(AttendeeImport))}
    assert [one.more for one in outcomes].count("imported") == len(made)
    assert len({one.form_key for one in made.values()}) == len(made)
    found = Counter(db.session.scalars(select(ImportedPerson.import_id)))
    assert found == {number: 3 for number, one in made.items() if one.undone_at is None}
    undone = [one for one in made.values() if one.undone_at]
    acts = Counter(db.session.scalars(select(AuditEntry.action)))
    assert (acts[actions.IMPORTED], acts[actions.UNDONE]) == (len(made), len(undone))
    names = [one for one in registrations() if one.family_name.startswith("Imported ")]
    assert len(names) == found.total()
    assert {(one.status, one.holds_place) for one in names} <= {(Status.CONFIRMED, True)}
    assert current_event().taken <= PLACES
    assert_counted_once()


def two_people_and_two_asked_delegations() -> tuple[int, list[int], list[str]]:
    """Save an organiser, two of the ten places as taken, and the forms of two delegations."""
    event = open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    user = make_user(event=event).id
    holders = [confirmed(event, "tech", now=clock.now()).id for _ in range(2)]
    return user, holders, [ask_for_delegation(number) for number in range(2)]


def imports_beside_every_other_change(race):
    """Imports, long and short, beside acceptances, cancellations, delegations and lower limits, with people in line.

    Two places are kept for a sector from which nobody comes.
    """
    kept_free = make_sector("other", floor=2, ceiling=18)
    sectors = [make_sector("tech", floor=3, ceiling=12), make_sector("ngo", ceiling=12), kept_free]
    event = open_event(capacity=18, sectors=sectors)
    user = make_user(event=event).id
    holders = [confirmed(event, ("tech", "ngo")[n % 2], now=clock.now()).id for n in range(16)]
    line = [confirmed(event, ("tech", "ngo")[n % 2], now=clock.now()).id for n in range(6)]
    for number in holders[:2]:
        person = db.session.get_one(Registration, number)
        write(registering.cancel, person, actor="person", now=clock.now())
    long = begin_long_import(event, user)
    jobs = [("import all", (table, user)) for table in range(4) for _twice in range(2)]
    jobs += [("import a part", long)] * 8
    jobs += [("confirm delegation", ask_for_delegation(number)) for number in range(2)]
    jobs += [("register and confirm", job) for job in people(2)]
    jobs += [("cancel", number) for number in holders[2:12]]
    jobs += [("accept", number) for number in line[:2]]
    jobs += [("lower", 17), ("lower", 16), ("rearrange", ("share", (3, 9))), ("rearrange", ("share", (3, 8)))]
    jobs += [("expire", None)] * 2
    mixed = jobs[::3] + jobs[1::3] + jobs[2::3]
    outcomes = race("something", mixed)
    assert set(refusals(outcomes)) <= {"", "NotAllFit", "CapacityBelowTaken"}
    by_act: dict[str, list] = {}
    for (act, _job), outcome in zip(mixed, outcomes, strict=True):
        by_act.setdefault(act, []).append(outcome)
    assert_limits_were_kept(by_act["lower"])
    assert_short_imports_are_whole(by_act["import all"], long)
    assert_long_import_goes_on_to_its_end(long)
    came = sum(outcome.more for outcome in by_act["confirm delegation"] if not outcome.error)
    assert_nobody_was_lost(holders, line, others=came + 2)


def begin_long_import(event, user_id) -> int:
    """Store a long table, and let the worker check it and begin with its import; return the table's id."""
    told = [["Kim", f"Long {row}", ("tech", "ngo")[row % 2]] for row in range(LONG)]
    table = Table(HEADINGS, list(enumerate(told, 2)))
    with patch.object(kept_tables, "PART", PART):
        kept = write(kept_tables.keep, event, table, user_id=user_id, language="en", now=clock.now())
    number = kept.id
    write(kept_tables.write, kept, kept_tables.CHOICES, CHOSEN)
    write(kept_tables.move, kept, TableState.CHECKING, now=clock.now())
    for state in (TableState.CHECKED, TableState.RUNNING):
        while db.session.get_one(ImportTable, number).state != state:
            write(table_work.work, number, now=clock.now())
        if state == TableState.CHECKED:
            table = db.session.get_one(ImportTable, number)
            write(kept_tables.move, table, TableState.STARTING, now=clock.now())
    return number


def assert_limits_were_kept(lowered) -> None:
    """Check that no sector exceeds its ceiling, and that imports and offers took no place kept by a sector's floor.

    Organisers may lower the capacity down to the places taken, so that too few places are left for the floors. At the
    end no more places may be lacking than right after the capacity was lowered.
    """
    assert_counted_once()
    event = current_event()
    assert [sector.key for sector in event.sectors if sector.taken > sector.ceiling] == []
    assert beyond_floors(event) <= max((one.more for one in lowered if not one.error), default=0)


def assert_short_imports_are_whole(outcomes, long) -> None:
    """Check that each short table was imported whole and once, or not at all, and that all its people have places."""
    long_import = db.session.get_one(ImportTable, long).import_id
    made = {one.id: one for one in db.session.scalars(select(AttendeeImport)) if one.id != long_import}
    assert sorted(made) == sorted(one.id for one in outcomes if one.more == "imported")
    assert len({one.form_key for one in made.values()}) == len(made)
    rows = Counter(db.session.scalars(select(ImportedPerson.import_id)))
    assert {number: rows[number] for number in made} == dict.fromkeys(made, 3)
    people_of = [one for one in registrations() if one.family_name.startswith("Imported ")]
    assert len(people_of) == 3 * len(made)
    assert {(one.status, one.holds_place) for one in people_of} <= {(Status.CONFIRMED, True)}


def assert_long_import_goes_on_to_its_end(long) -> None:
    """Check that the parts done so far are whole; do the rest, and check that everybody was imported once."""
    table = db.session.get_one(ImportTable, long)
    done = PART * table.step if table.state == TableState.RUNNING else LONG
    for expected in (done, LONG):
        while expected == LONG and db.session.get_one(ImportTable, long).state == TableState.RUNNING:
            write(table_work.work, long, now=clock.now())
        table = db.session.get_one(ImportTable, long)
        rows = select(ImportedPerson.row_number).where(ImportedPerson.import_id == table.import_id)
        assert sorted(db.session.scalars(rows)) == list(range(2, expected + 2))
        assert table.made.people == expected
        names = sorted(one.family_name for one in registrations() if one.family_name.startswith("Long "))
        assert names == sorted(f"Long {row}" for row in range(expected))
    assert table.state == TableState.DONE
    assert_counted_once()


def assert_nobody_was_lost(holders, line, *, others) -> None:
    """Check that everybody is stored: people from before, imported people, and `others`, the number of all others.

    Nobody has two open offers.
    """
    states = {one.id: one for one in registrations()}
    left = Counter(states[number].status for number in holders)
    assert left == {Status.CANCELLED: 12, Status.CONFIRMED: 4}
    assert {states[number].status for number in line} <= {Status.WAITING, Status.OFFERED, Status.CONFIRMED}
    imported = [one for one in states.values() if one.family_name.startswith(("Imported ", "Long "))]
    assert len(states) == len(holders) + len(line) + len(imported) + others
    assert_line_was_kept([*line, *sorted(one.id for one in imported if one.family_name.startswith("Long "))])
    rows = list(db.session.scalars(select(Offer)))
    assert mails()["offered"] == len(rows)
    still_open = Counter(row.registration_id for row in rows if row.ended_at is None)
    assert still_open == {number: 1 for number, one in states.items() if one.status == Status.OFFERED}
    assert_counted_once()
