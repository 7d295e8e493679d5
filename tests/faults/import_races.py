"""A scenario of race tests: tables of people imported and undone at once, for few places (R01–R03)."""

from collections import Counter

from sqlalchemy import select

from forum import clock
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.imports import actions
from forum.imports.models import AttendeeImport, ImportedPerson
from forum.registration.enums import Status
from tests.factories.events import make_sector
from tests.factories.registrations import confirmed
from tests.faults.races import (
    PLACES,
    ask_for_delegation,
    assert_counted_once,
    current_event,
    open_event,
    people,
    refusals,
    registrations,
)
from tools.organisers import make_user

TABLES = 5


def imports_for_the_last_places(race):
    """Tables of three, each sent twice, single people and delegations come for eight places, while two cancel.

    Each table is imported whole or not at all, and once; nobody of an undone import is left.
    """
    event = open_event(capacity=PLACES, sectors=[make_sector("tech", ceiling=PLACES)])
    user = make_user(event=event).id
    holders = [confirmed(event, "tech", now=clock.now()).id for _ in range(2)]
    jobs = [("import all", (table, user)) for table in range(TABLES) for _twice in range(2)]
    jobs += [("confirm delegation", ask_for_delegation(number)) for number in range(2)]
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
