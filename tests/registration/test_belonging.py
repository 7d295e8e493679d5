"""To which organisation a registration belongs, and the organisation's caps, are found by one statement."""

import pytest

from forum.events.queries import find_sector
from forum.extensions import db
from forum.organisations import merging
from forum.organisations.actions import Written
from forum.registration import belonging, caps
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import register, write
from tests.organisations.test_actions import store
from tools.pages import counted_statements

CAPS = (("justice", 3), ("press", 1))
POLICE = Written("Polisen", ("Police",), ("police.example",), cap=2, sector_caps=CAPS)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event with an organisation that has caps, one that has none, and one that was merged into the first."""
    event = make_event(sectors=[make_sector(key) for key in ("justice", "ngo", "press")])
    police = store(event, POLICE).organisation
    store(event, Written("Byrån", (), ("office.example",)))
    merged = store(event, Written("Old Police", (), ("old.example",), cap=9)).organisation
    write(merging.merge, event, merged, police, 2, actor="user:1", now=NOW)
    return event


@pytest.mark.parametrize(
    ("organisation", "address"),
    [
        ("Polisen", "kim@example.org"),
        ("police AB", "kim@office.example"),
        ("Somebody", "kim@north.police.example"),
        ("Old Police", "kim@example.org"),
        ("Somebody", "kim@old.example"),
        ("Byrån", "kim@example.org"),
        ("Nobody", "kim@example.org"),
    ],
)
def test_the_caps_are_those_of_the_organisation_that_is_found(event, organisation, address):
    """One statement finds the same key and caps as two separate ones: by name, alias, mail domain or after a merge."""
    key = belonging.key_of(event, organisation, address)
    found = belonging.find(event, organisation, address)
    assert (found.key, found.own) == (key, caps.own_caps(event, [key]).get(key, {}))


def test_caps_of_all_kinds_are_found(event):
    sectors = {find_sector(event, key).id: cap for key, cap in CAPS}
    assert belonging.find(event, "Police", "kim@example.org").own == {None: 2, **sectors}


def test_registering_reads_organisations_by_one_statement(app, event):
    """Registering reads marks and caps once under the event's lock, whether or not the organisation has caps."""
    for organisation in ("Nobody", "Byrån"):
        with counted_statements(app) as statements:
            register(event, organisation=organisation)
        assert sum("organisation_marks" in one or "organisation_caps" in one for one in statements) == 1
    db.session.rollback()
