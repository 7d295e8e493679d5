"""PostgreSQL finds a person's answers at once, though its statistics do not know yet how many have answered.

The statistics of a table are made from time to time. Until then PostgreSQL believes that hardly anybody has answered a
new question.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event as events
from sqlalchemy import text
from werkzeug.datastructures import MultiDict

from forum.extensions import db
from forum.registration import export_columns
from forum.registration.enums import ExportPurpose
from forum.registration.filtering import Filters
from tests.factories.events import make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed

pytestmark = [pytest.mark.postgresql, pytest.mark.usefixtures("frozen")]
MANY = 5000
# Answers of people who are not stored, to spare the test the saving of thousands.
ANSWER = """INSERT INTO answers (registration_id, question_id, value)
SELECT number, :question, '["one"]' FROM generate_series(1000, 1000 + :many) AS numbers (number)"""


@pytest.fixture
def app(make_app, postgres_url):
    return make_app(postgres_url)


@pytest.fixture
def event(database):
    """Save three people, a question that many have answered, and one that as many have answered since."""
    event = make_event()
    for _number in range(3):
        confirmed(event)
    known, new = (make_question(event, key, choices=["one", "two"]) for key in ("known", "new"))
    database.execute(text("SET LOCAL session_replication_role = replica"))
    database.execute(text(ANSWER), {"question": known.id, "many": MANY})
    database.execute(text("ANALYZE answers"))
    database.execute(text(ANSWER), {"question": new.id, "many": MANY})
    database.commit()
    return event


def plan_of(read) -> dict[str, Any]:
    """Call a function; return PostgreSQL's plan for its last statement, with how many rows each part has read."""
    asked: list[Any] = []
    events.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    read()
    statement, values = asked[-1]
    explained = db.session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
    return explained.scalar_one()[0]["Plan"]


def removed(part: dict[str, Any], table: str) -> Iterator[float]:
    """Yield how many rows each part of a plan has read from the table in vain, each time that it ran."""
    if part.get("Relation Name") == table:
        yield part.get("Rows Removed by Filter", 0)
    for each in part.get("Plans", []):
        yield from removed(each, table)


def test_export_reads_nobody_elses_answers(app, event):
    plan = export_columns.needed(event, ExportPurpose.EVERYTHING)
    with app.test_request_context():
        filters = Filters.of(MultiDict(), event)
        read = plan_of(lambda: list(export_columns.rows(plan, event, filters)))
    assert list(removed(read, "answers")) == [0, 0]
