"""Each query that registering makes uses its own index, so 20,000 registrations do not make the query slower.

SQLite names the index even for an empty table; PostgreSQL would choose by its statistics.
"""

import pytest
from sqlalchemy import event as events
from sqlalchemy import select

from forum.extensions import db
from forum.registration import held_places, queries
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from tests.factories.events import make_event


@pytest.fixture
def plan(database):
    """Return a function that makes a query and returns SQLite's plan for it."""

    def explain(act) -> str:
        asked = []
        events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        act()
        statement, values = asked[-1]
        steps = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        return "; ".join(step.detail for step in steps)

    return explain


def new_registration(event) -> Registration:
    """Return a registration that is not stored."""
    return Registration(id=1, event_id=event.id, email_canonical="a@example.org")


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda event: queries.find_live(event, "a@example.org"), "uq_registrations_live_email"),
        (lambda event: queries.list_waiting(event, [1]), "ix_registrations_waiting"),
        (lambda event: queries.count_places_held_for(event, "client"), "ix_registrations_asked_from"),
        (
            lambda event: held_places.count_of_organisations(event, {"a", "b"}),
            "ix_registrations_organisation",
        ),
        (
            lambda event: held_places.count_of_organisations(event, {"a"}),
            "ix_registrations_organisation",
        ),
        (queries.find_first_live, "uq_registrations_live_email"),
        (lambda _event: queries.find_submission("key"), "sqlite_autoindex_submissions_1"),
        (
            lambda event: queries.find_last_calendar_sequence(new_registration(event)),
            "ix_registrations_email_event",
        ),
    ],
    ids=["address", "waiting", "client", "organisations", "organisation", "any", "form", "earlier"],
)
def test_question_is_answered_by_its_index(plan, ask, index):
    event = make_event()
    db.session.commit()
    steps = plan(lambda: ask(event))
    assert (index in steps, "TEMP B-TREE FOR ORDER BY" in steps) == (True, False)


def test_parameter_keeps_an_index_from_being_taken(plan):
    """Control: with the statuses given as parameters, SQLite does not use the index of live registrations."""
    mine = (Registration.event_id == 1) & (Registration.email_canonical == "a@example.org")
    by_values = select(Registration).where(mine, Registration.status.in_(LIVE))
    assert "uq_registrations_live_email" not in plan(lambda: db.session.scalars(by_values).all())
