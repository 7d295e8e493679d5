"""What tests of acts on many people share: an app on both databases, an event with two sectors, and eight people."""

import pytest

from tests.factories.events import make_event, make_sector
from tests.factories.registrations import confirmed


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: tasks and choices are written under locks, by statements that differ."""
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event with places for the eight people in the sector "justice", and one place in the sector "ngo"."""
    sectors = [make_sector("justice", ceiling=8), make_sector("ngo", ceiling=1)]
    return make_event(capacity=9, sectors=sectors, organisation_cap=9)


@pytest.fixture
def people(event):
    """Register and confirm eight people in the sector "justice"."""
    names = ("Alm", "Berg", "Dal", "Ek", "Fors", "Gran", "Hult", "Ibsen")
    return [confirmed(event, "justice", family_name=name, given_name="Eva") for name in names]
