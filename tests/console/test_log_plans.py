"""The log of a long audit trail reads, for each entry, no other entries about its person or its actor (P18, P21)."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event as events
from sqlalchemy import text

from forum.console import log_reading
from forum.console.log import OF_EVENT
from forum.console.log_reading import Filters, Reader
from forum.database import start_write
from forum.extensions import db
from tests.factories.events import make_event
from tests.factories.registrations import confirmed

# How many people were imported in parts of 25; each part has an audit entry. From this number the test also makes
# entries about views of a list and of these people.
MANY = 10_000
ENTRIES = """INSERT INTO audit_entries
(id, at, actor, action, subject_type, subject_id, event_id, details_digest, previous_hash, hash)
SELECT 1000 + n, timestamptz '2027-01-01' + n / 25 * interval '1 second', 'user:1', 'registration.received',
'registrations', 1000 + n, :event, '', '', '' FROM generate_series(1, :many) AS numbers (n)
UNION ALL SELECT 101000 + n, timestamptz '2027-01-01' + n * interval '1 second', 'user:1', 'import.part_made',
'events', :event, NULL, '', '', '' FROM generate_series(0, :many / 25) AS numbers (n)
UNION ALL SELECT 201000 + n, timestamptz '2027-02-01' + n * interval '1 second', 'user:' || n % 10,
'attendees.viewed', 'events', :event, NULL, '', '', '' FROM generate_series(0, :many / 2) AS numbers (n)
UNION ALL SELECT 301000 + n, timestamptz '2027-02-01' + n * interval '1 second', 'user:' || n % 10,
'registration.viewed', 'registrations', 1000 + n % :many, :event, '', '', ''
FROM generate_series(0, 5 * :many) AS numbers (n)"""


@pytest.mark.parametrize(
    "narrowed",
    [{}, {"kind": "views"}, {"who": "1"}, {"reference": "own"}, {"reference": "own", "since": "2027-01-01"}],
    ids=["first", "views", "who", "person", "person-and-days"],
)
def test_log_asks_of_roles_and_additions_by_indexes_of_their_own(event, narrowed):
    """SQLite names the index even for an empty table; PostgreSQL would choose by its statistics."""
    reference, asked = confirmed(event).reference, []
    filters = Filters(**{**narrowed, **({"reference": reference} if "reference" in narrowed else {})})
    events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    log_reading.read_log(event, filters, Reader(OF_EVENT), event.zone, None)
    statement, values = asked[-1]
    steps = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    plan = "; ".join(step.detail for step in steps)
    # The index of role changes is read for the roles that the actor ever had, and for those at the time of the entry.
    assert plan.count("ix_audit_entries_role_changes") >= 3
    assert "ix_audit_entries_additions" in plan
    # To see whether an addition was part of an import, only the event's entries of that moment are read.
    assert "ix_audit_entries_of_event_itself (subject_id=? AND at=?)" in plan
    assert "SCAN audit_entries" not in plan


@pytest.mark.postgresql
def test_log_on_postgresql_compares_no_addition_with_every_part_of_an_import(make_app, postgres_url, frozen):
    with make_app(postgres_url).app_context():
        event = make_event()
        save_entries(event)
        asked: list[Any] = []
        events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        log_reading.read_log(event, Filters(), Reader(OF_EVENT), event.zone, None)
        statement, values = asked[-1]
        explained = db.session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values
        )
        assert max(touched(explained.scalar_one()[0]["Plan"])) <= 2 * MANY


def save_entries(event) -> None:
    """Save a long audit trail about an event, without its hashes, and let PostgreSQL count it."""
    number = event.id
    db.session.rollback()
    start_write(db.session)
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(text(ENTRIES), {"event": number, "many": MANY})
    db.session.execute(text("ANALYZE audit_entries"))
    db.session.commit()


def touched(part: dict[str, Any]) -> Iterator[float]:
    """Yield how many rows each part of a plan has read, those included that it has read in vain."""
    removed = sum(rows for name, rows in part.items() if name.startswith("Rows Removed by"))
    yield (part["Actual Rows"] + removed) * part["Actual Loops"]
    for each in part.get("Plans", []):
        yield from touched(each)
