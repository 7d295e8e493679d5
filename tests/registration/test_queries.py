"""What registering asks is found by an index made for it: with 20,000 registrations it takes as long as with none.

SQLite says which index it takes whether there is a row or not; PostgreSQL decides by what it has counted.
"""

import pytest
from sqlalchemy import event as events
from sqlalchemy import select

from forum.extensions import db
from forum.registration import queries
from forum.registration.enums import LIVE
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event


@pytest.fixture
def plan(database):
    """Run something that asks one question and return how SQLite finds the answer."""

    def explain(act) -> str:
        asked = []
        events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        act()
        statement, values = asked[-1]
        steps = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        return "; ".join(step.detail for step in steps)

    return explain


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda event: queries.find_live(event, "a@example.org"), "uq_registrations_live_email"),
        (
            lambda event: queries.find_live_with_mails(event, "a@example.org", "received", NOW),
            "uq_registrations_live_email",
        ),
        (lambda event: queries.list_waiting(event, [1]), "ix_registrations_waiting"),
        (lambda event: queries.count_places_of_organisation(event, "ours"), "ix_registrations_organisation"),
        (lambda _event: queries.find_submission("key"), "sqlite_autoindex_submissions_1"),
    ],
    ids=["address", "address and its mails", "waiting", "organisation", "form"],
)
def test_question_is_answered_by_its_index(plan, ask, index):
    event = make_event()
    db.session.commit()
    assert index in plan(lambda: ask(event))


def test_parameter_keeps_an_index_from_being_taken(plan):
    """The control: the same condition, given as parameters, is looked up among all registrations of the event."""
    mine = (Registration.event_id == 1) & (Registration.email_canonical == "a@example.org")
    by_values = select(Registration).where(mine, Registration.status.in_(LIVE))
    assert "uq_registrations_live_email" not in plan(lambda: db.session.scalars(by_values).all())
