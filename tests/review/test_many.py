"""What a round about many registrations reads from the address, and what it says of those whom it left."""

from datetime import timedelta

import pytest

from forum.events.enums import SectorPolicy
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed

HERE = {"event": "nf27"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    sectors = [make_sector("other", ceiling=9, policy=SectorPolicy.REVIEW)]
    return make_event(capacity=9, sectors=sectors, organisation_cap=9)


@pytest.fixture
def people(event):
    """Confirm the addresses of three people in the reviewed sector, an hour apart."""
    return [
        confirmed(event, "other", family_name=name, given_name="Eva", now=NOW + timedelta(hours=number))
        for number, name in enumerate(("Ek", "Berg", "Dal"))
    ]


def test_texts_that_are_no_references_choose_nobody(organiser, people):
    nobody = ["Choose at least one person about whom you can decide."]
    asked = organiser.get("review_many.decline", **HERE, who=[people[0].reference])
    for who in ("\x00", f"{people[0].reference}\x00", "\x00.\x00"):
        page = organiser.get("review_many.approve", **HERE, who=[who], follow=True)
        assert page.flashes == nobody
        assert asked.submit(forged={"who": who}, expect=200, follow=True).flashes == nobody
    chosen = [people[0].reference.lower(), "\x00"]
    assert organiser.get("review_many.approve", **HERE, who=chosen).h1 == "Approve 1 registration?"
