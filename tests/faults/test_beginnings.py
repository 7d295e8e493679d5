"""Races that begin with the same people begin with the same database, also when it is a copy."""

import pytest
from sqlalchemy import text

from forum import clock
from forum.database import Base
from forum.extensions import db
from tests.factories.registrations import confirmed
from tests.faults import beginnings as module
from tests.faults.races import current_event, people_near_their_end

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def rows() -> dict[str, list[str]]:
    """Return all rows of all tables as the database keeps them."""
    db.session.rollback()
    return {
        name: sorted(map(repr, db.session.execute(text(f"SELECT * FROM {name}"))))  # noqa: S608 - names of tables
        for name in Base.metadata.tables
    }


def test_a_copied_beginning_is_the_saved_one(beginnings, copied_database):
    """Everything that happened after the first beginning is gone; the next person gets the number after the last."""
    result = beginnings.begin(copied_database, people_near_their_end)
    saved = rows()
    number = confirmed(current_event(), "tech", now=clock.now()).id
    assert rows() != saved
    assert beginnings.begin(copied_database, people_near_their_end) == result
    assert rows() == saved
    assert confirmed(current_event(), "tech", now=clock.now()).id == number


def test_a_beginning_of_long_ago_is_saved_anew(beginnings, copied_database, monkeypatch):
    times = []

    def save() -> int:
        times.append(1)
        return len(times)

    assert [beginnings.begin(copied_database, save) for _ in range(2)] == [1, 1]
    monkeypatch.setattr(module, "FRESH_SECONDS", 0)
    assert beginnings.begin(copied_database, save) == 2
