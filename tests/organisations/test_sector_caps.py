"""An organisation's own cap on places in one sector, instead of its general cap: spellings and domains count alike."""

import pytest

from forum.extensions import db
from forum.organisations import actions
from forum.organisations.actions import Written
from forum.registration import caps, merging, moving, places
from forum.registration.actions import change
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.errors import OrganisationFull
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.organisations.test_actions import store

POLICE = Written(
    "Polisen", ("Police",), ("police.example",), cap=2, sector_caps=(("justice", 3), ("press", 1))
)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event of three sectors in which an organisation may have one place."""
    sectors = [make_sector(key, ceiling=20) for key in ("justice", "ngo", "press")]
    return make_event(capacity=40, organisation_cap=1, sectors=sectors)


def test_a_sector_with_a_number_counts_for_itself_and_the_others_together(event):
    store(event, POLICE)

    def ask(key):
        by_domain = {"email": f"{key}@north.police.example"}
        written = {"organisation": "Polisen"}, {"organisation": "police AB"}, by_domain
        return [register(event, key, **one).holds_place for one in written]

    assert ask("justice") == [True, True, True]
    assert not register(event, "justice", organisation="Polisen").holds_place
    # The two places for all other sectors are still free, and the separate cap of the sector press is not affected.
    assert ask("ngo") == [True, True, False]
    assert ask("press") == [True, False, False]
    # For another organisation the event's cap applies, in every sector.
    assert [register(event, key, organisation="Customs").holds_place for key in ("ngo", "justice")] == [
        True,
        False,
    ]


def test_a_number_for_a_sector_holds_where_there_is_no_other_cap(event):
    def lift():
        places.lock(event)
        event.organisation_cap = None

    write(lift)
    store(event, Written("Polisen", sector_caps=(("justice", 1),)))
    assert [register(event, "justice", organisation="Polisen").holds_place for _ in range(2)] == [True, False]
    assert [register(event, "ngo", organisation="Polisen").holds_place for _ in range(2)] == [True, True]


def test_a_higher_number_offers_places_at_once_and_a_lower_one_takes_none(event):
    police = store(event, Written("Polisen", sector_caps=(("justice", 1),))).organisation
    people = [confirmed(event, "justice", organisation="Polisen") for _ in range(3)]
    outcome = store(event, Written("Polisen", sector_caps=(("justice", 2),)), police)
    assert outcome.offered == 1
    db.session.expire_all()
    assert [one.status for one in people] == [Status.CONFIRMED, Status.OFFERED, Status.WAITING]
    store(event, Written("Polisen", sector_caps=(("justice", 1),)), police)
    db.session.expire_all()
    assert event.taken == 2


def test_moving_to_a_sector_takes_a_place_of_its_number(event):
    store(event, POLICE)
    confirmed(event, "press", organisation="Polisen")
    person = confirmed(event, "ngo", organisation="Polisen")
    justice, _ngo, press = event.sectors
    assert moving.foresee(person, press, actor="person", now=NOW) != moving.Outcome.KEEPS_PLACE
    write(moving.move, person, justice, may_wait=False, actor="person", now=NOW)
    held = caps.held_by(event, ["polisen"])
    numbers = [held.against("polisen", sector.id) for sector in event.sectors]
    assert (numbers, held.in_all("polisen")) == ([1, 0, 1], 2)


def test_a_person_does_not_carry_a_place_into_a_full_sector_of_an_organisation(event):
    store(event, POLICE)
    confirmed(event, "press", organisation="Polisen")
    other = confirmed(event, "press", organisation="Customs")
    told = {name: getattr(other, name) for name in CHANGEABLE} | {"organisation": "Police"}
    with pytest.raises(OrganisationFull):
        write(change, other, Details(**told), actor="person", now=NOW)


def test_numbers_follow_a_sector_that_is_merged(event):
    police, customs = (
        store(event, one).organisation for one in (POLICE, Written("Customs", sector_caps=(("press", 5),)))
    )
    justice, _ngo, press = event.sectors

    def merge():
        places.lock(event)
        return merging.merge(press, justice, merging.propose(press, justice), actor="user:1", now=NOW)

    write(merge)
    db.session.expire_all()
    assert actions.written_of(event, police).sector_caps == (("justice", 4),)
    assert actions.written_of(event, customs).sector_caps == ()
