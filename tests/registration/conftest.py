"""An event that asks about food, for the tests of answers about diet and access."""

import pytest

from forum import clock
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question


@pytest.fixture
def event_asking_for_food(database):
    """Save an event with two sectors, an ordinary question and one about food, and freeze the clock."""
    clock.freeze(NOW)
    event = make_event(sectors=[make_sector("ngo"), make_sector("tech")])
    make_question(event, "arrival")
    make_question(event, "diet", choices=("vegetarian", "gluten"), care=True)
    yield event
    clock.freeze(None)
