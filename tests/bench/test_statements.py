"""Acts on the attendee list take as many SQL statements for many people as for three.

`make bench` reports an act that takes more.
"""

from collections.abc import Mapping

import pytest
from sqlalchemy import text

from bench import filling, statements
from forum.extensions import db
from forum.registration import list_pages, listing
from tests.factories.events import make_event

pytestmark = pytest.mark.usefixtures("database")
# More people than a page of the attendee list shows.
MANY = listing.PAGE_SIZE + 10


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def counted(app, letter: str, number: int) -> Mapping[str, int]:
    """Return how many statements each act takes in a new event of `number` people, whose slug begins with `letter`."""
    slug = f"{letter.lower()}27"
    make_event(slug=slug, is_current=False, capacity=500)
    filling.add_registrations(app, number, slug, letter=letter)
    return statements.count(app, slug)


def test_acts_on_the_list_take_as_many_statements_for_three_people_as_for_many(app):
    with statements.smaller_bounds():
        one, three = counted(app, "C", 1), counted(app, "D", statements.FEW)
    assert counted(app, "E", MANY) == three
    # For a single person some acts take fewer statements, because the list has no next page and nobody has to be
    # counted; no act may take more.
    assert {act for act in three if one[act] > three[act]} == set()


def test_statement_for_each_row_is_a_fault(app, monkeypatch):
    rows = list_pages.rows

    def slow(event, filters, people):
        for _person in people:
            db.session.execute(text("SELECT 1"))
        return rows(event, filters, people)

    monkeypatch.setattr(list_pages, "rows", slow)
    with statements.smaller_bounds():
        three = counted(app, "C", statements.FEW)
    faults = {row.what: row.fault for row in statements.rows_of("List", three, counted(app, "D", MANY), MANY)}
    few, many = three["the list"], three["the list"] + listing.PAGE_SIZE - 1
    assert faults["the list"] == f"UnequalStatements: {many} statements for {MANY} people, for 3: {few}"
    assert faults["the page that asks why a list is exported"] == ""
