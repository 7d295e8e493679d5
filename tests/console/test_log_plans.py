"""The log of a long audit trail reads, for each entry, no other entries about its person or its actor (P18, P21)."""

import pytest
from sqlalchemy import event as events

from forum.console import log_reading
from forum.console.log import OF_EVENT
from forum.console.log_reading import Filters, Reader
from forum.extensions import db
from tests.factories.registrations import confirmed


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
    # Which roles the actor ever had, and which were given and taken before the entry.
    assert plan.count("ix_audit_entries_role_changes") >= 3
    assert "ix_audit_entries_additions" in plan
    # Whether the addition was part of an import: the event's entries of that moment alone.
    assert "ix_audit_entries_of_event_itself (subject_id=? AND at=?)" in plan
    assert "SCAN audit_entries" not in plan
