"""Who gets a place: places kept for sectors, shared places, limits of a sector or organisation, constraints (R01)."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from forum.database import rehearsed, start_write
from forum.events.queries import find_sector
from forum.registration import places, sharing
from forum.registration.errors import CapacityBelowTaken, NoSuchSector, SharesDoNotFit
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import change_capacity, register, write

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def left(event, now=NOW) -> dict[str, int]:
    """Return how many places each sector has left, by the sector's key, read anew from the database."""
    write(places.lock, event)
    keys = {sector.id: sector.key for sector in event.sectors}
    return {keys[sector_id]: number for sector_id, number in places.places_left(event, now).items()}


def fill(event, sector, number, **differing):
    """Register `number` people; return for each whether they got a place."""
    return [register(event, sector, **differing).holds_place for _ in range(number)]


def test_a_sector_may_take_the_pool_but_not_what_is_kept_for_others():
    event = make_event(
        capacity=10, sectors=[make_sector("tech", floor=4, ceiling=10), make_sector("ngo", ceiling=10)]
    )
    assert left(event) == {"tech": 10, "ngo": 6}
    assert fill(event, "ngo", 7) == [True] * 6 + [False]
    assert left(event) == {"tech": 4, "ngo": 0}
    assert fill(event, "tech", 5) == [True] * 4 + [False]


def test_a_floor_that_is_filled_keeps_nothing_more():
    event = make_event(
        capacity=4, sectors=[make_sector("tech", floor=2, ceiling=4), make_sector("ngo", ceiling=4)]
    )
    fill(event, "tech", 3)
    assert left(event) == {"tech": 1, "ngo": 1}


def test_a_sector_never_passes_its_ceiling_even_in_an_empty_room():
    event = make_event(capacity=10, sectors=[make_sector("tech", ceiling=2), make_sector("ngo", ceiling=10)])
    assert fill(event, "tech", 3) == [True, True, False]
    assert left(event) == {"tech": 0, "ngo": 8}


def test_a_ceiling_of_nothing_takes_nobody():
    event = make_event(capacity=10, sectors=[make_sector("tech", ceiling=0), make_sector("ngo", ceiling=10)])
    assert left(event) == {"tech": 0, "ngo": 10}


def test_floors_of_several_sectors_are_kept_together():
    sectors = [
        make_sector("tech", floor=3, ceiling=9),
        make_sector("ngo", floor=2, ceiling=9),
        make_sector("other", ceiling=9),
    ]
    event = make_event(capacity=9, sectors=sectors)
    assert left(event) == {"tech": 7, "ngo": 6, "other": 4}
    fill(event, "other", 4)
    assert left(event) == {"tech": 3, "ngo": 2, "other": 0}


def test_unused_floors_are_released_on_the_second():
    event = make_event(
        capacity=10, sectors=[make_sector("tech", floor=4, ceiling=10), make_sector("ngo", ceiling=10)]
    )
    assert left(event, event.release_at - timedelta(seconds=1))["ngo"] == 6
    assert left(event, event.release_at)["ngo"] == 10


def test_floors_without_a_release_date_are_kept_until_the_end():
    sectors = [make_sector("tech", floor=4, ceiling=10), make_sector("ngo", ceiling=10)]
    event = make_event(capacity=10, release_at=None, sectors=sectors)
    assert left(event, event.starts_at)["ngo"] == 6


def test_floors_above_the_free_places_leave_nothing_never_less():
    event = make_event(capacity=5, sectors=[make_sector("tech", ceiling=5), make_sector("ngo", ceiling=5)])
    fill(event, "ngo", 4)
    write(sharing.change_share, find_sector(event, "tech"), floor=4, ceiling=5)
    assert left(event) == {"tech": 1, "ngo": 0}


def test_an_organisation_stops_at_its_cap_across_sectors_and_spellings():
    event = make_event(capacity=10, organisation_cap=2)
    names = ["Exempelbolaget AB", "EXEMPELBOLAGET", "exempelbolaget ab (publ)"]
    sectors = ["tech", "ngo", "tech"]
    got = [
        register(event, sector, organisation=name).holds_place
        for sector, name in zip(sectors, names, strict=True)
    ]
    assert got == [True, True, False]
    assert register(event, "tech", organisation="Exempelbolaget Väst").holds_place


def test_the_cap_counts_places_of_this_event_only():
    earlier = make_event(capacity=10)
    register(earlier, organisation="Bolaget")
    write(setattr, earlier, "is_current", False)
    event = make_event(slug="nf28", capacity=10, organisation_cap=1)
    assert register(event, organisation="Bolaget").holds_place


def test_admitting_and_releasing_move_both_counters_once():
    event = make_event(capacity=10)
    registration = register(event, "tech")
    assert (event.taken, find_sector(event, "tech").taken, find_sector(event, "ngo").taken) == (1, 1, 0)
    write(lambda: [places.release(registration) for _ in range(2)])
    assert (event.taken, find_sector(event, "tech").taken, registration.holds_place) == (0, 0, False)


def test_lock_reads_counters_that_another_transaction_changed(database):
    event = make_event(capacity=10)
    start_write(database)
    tech = find_sector(event, "tech")
    assert (event.taken, tech.taken) == (0, 0)
    database.execute(text("UPDATE events SET taken = 3"))
    database.execute(text("UPDATE sectors SET taken = 3 WHERE key = 'tech'"))
    assert (event.taken, tech.taken) == (0, 0)
    places.lock(event)
    assert (event.taken, tech.taken) == (3, 3)


def test_capacity_can_fall_to_the_places_taken_and_no_further():
    event = make_event(capacity=10)
    fill(event, "tech", 3)
    with pytest.raises(CapacityBelowTaken):
        write(change_capacity, event, 2)
    write(change_capacity, event, 3)
    assert (event.capacity, left(event)["tech"]) == (3, 0)


def test_capacity_below_the_floors_is_refused():
    event = make_event(capacity=10, sectors=[make_sector("tech", floor=4), make_sector("ngo", floor=3)])
    with pytest.raises(SharesDoNotFit):
        write(change_capacity, event, 6)
    write(change_capacity, event, 7)


def test_a_ceiling_below_the_places_taken_is_refused():
    event = make_event(capacity=10)
    fill(event, "tech", 3)
    with pytest.raises(CapacityBelowTaken):
        write(sharing.change_share, find_sector(event, "tech"), floor=0, ceiling=2)
    write(sharing.change_share, find_sector(event, "tech"), floor=0, ceiling=3)
    assert left(event)["tech"] == 0


@pytest.mark.parametrize(
    ("floor", "ceiling"), [(5, 4), (-1, 4), (7, 9)], ids=["above ceiling", "negative", "too many"]
)
def test_a_share_that_does_not_fit_is_refused(floor, ceiling):
    event = make_event(capacity=10, sectors=[make_sector("tech", floor=1), make_sector("ngo", floor=4)])
    with pytest.raises(SharesDoNotFit):
        write(sharing.change_share, find_sector(event, "tech"), floor=floor, ceiling=ceiling)


def test_all_shares_change_together_or_not_at_all():
    """A smaller capacity and fewer places kept for sectors are valid together, but neither would be valid alone."""
    event = make_event(capacity=10, sectors=[make_sector("tech", floor=6), make_sector("ngo", floor=4)])
    fill(event, "tech", 3)
    for capacity, tech, refusal in (
        (2, (0, 5), CapacityBelowTaken),
        (5, (0, 2), CapacityBelowTaken),
        (5, (4, 5), SharesDoNotFit),
        (5, (5, 4), SharesDoNotFit),
    ):
        with pytest.raises(refusal):
            write(sharing.change_shares, event, capacity=capacity, shares={"tech": tech, "ngo": (2, 5)})
    assert [event.capacity, *((sector.floor, sector.ceiling) for sector in event.sectors)] == [
        10,
        (6, 50),
        (4, 50),
    ]
    write(sharing.change_shares, event, capacity=5, shares={"tech": (3, 4), "ngo": (2, 5)})
    assert left(event) == {"tech": 0, "ngo": 2}


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE events SET taken = capacity + 1", "ck_events_taken_within_capacity"),
        ("UPDATE events SET taken = -1", "ck_events_taken_within_capacity"),
        ("UPDATE events SET capacity = 0", "ck_events_taken_within_capacity"),
        ("UPDATE events SET organisation_cap = 0", "ck_events_organisation_cap_positive"),
        ("UPDATE sectors SET taken = ceiling + 1", "ck_sectors_taken_within_ceiling"),
        ("UPDATE sectors SET taken = -1", "ck_sectors_(taken_within_ceiling|reserved_within_taken)"),
        ("UPDATE sectors SET reserved = taken + 1", "ck_sectors_reserved_within_taken"),
        ("UPDATE sectors SET reserved = -1", "ck_sectors_reserved_within_taken"),
        ("UPDATE sectors SET floor = ceiling + 1", "ck_sectors_floor_within_ceiling"),
        ("UPDATE registrations SET status = 'waiting'", "ck_registrations_"),
        ("UPDATE registrations SET status = 'cancelled'", "holds_place_by_status"),
        ("UPDATE registrations SET status = 'confirmed', holds_place = false", "holds_place_by_status"),
        ("UPDATE registrations SET status = 'offered'", "ck_registrations_offer_expiry_set"),
        ("UPDATE registrations SET status = 'dreaming'", "ck_registrations_"),
    ],
)  # fmt: skip
def test_the_database_refuses_what_the_rule_would_never_do(database, statement, constraint):
    register(make_event(capacity=10), "tech")
    start_write(database)
    with pytest.raises(IntegrityError, match=constraint):
        database.execute(text(statement))


def test_the_database_refuses_a_second_live_registration_of_one_address(database):
    event = make_event()
    first, second = register(event), register(event)
    start_write(database)
    taken_twice = r"uq_registrations_live_email|registrations\.event_id, registrations\.email_canonical"
    with pytest.raises(IntegrityError, match=taken_twice):
        database.execute(
            text("UPDATE registrations SET email_canonical = :email WHERE id = :id"),
            {"email": first.email_canonical, "id": second.id},
        )


def test_an_event_without_sectors_can_be_locked_too(database):
    event = make_event(capacity=10, sectors=[])
    start_write(database)
    database.execute(text("UPDATE events SET capacity = 4"))
    places.lock(event)
    assert (event.capacity, event.sectors) == (4, [])


def test_lock_of_the_current_event_reads_it_afresh(database):
    event = make_event(capacity=10)
    start_write(database)
    database.execute(text("UPDATE events SET taken = 3"))
    database.execute(text("UPDATE sectors SET taken = 3 WHERE key = 'tech'"))
    tech = find_sector(event, "tech")
    assert places.lock_sector("tech") == (event, tech)
    assert (event.taken, tech.taken) == (3, 3)
    with pytest.raises(NoSuchSector):
        places.lock_sector("astrology")
    database.execute(text("UPDATE events SET is_published = :no"), {"no": False})
    with pytest.raises(NoSuchSector):
        places.lock_sector("tech")


@pytest.mark.parametrize("when", [True, False])
def test_rehearsal_leaves_what_was_loaded_without_asking_again(database, when):
    event = make_event(capacity=10)
    start_write(database)
    places.lock(event)
    tech = find_sector(event, "tech")
    with rehearsed(database, when=when, keeping=(event, *event.sectors)):
        tech.taken += 1
        event.taken += 1
    left = 0 if when else 1
    with database.no_autoflush:
        assert (event.taken, tech.taken, list(database.dirty)) == (left, left, [])
    tech.taken += 2
    database.flush()
    assert database.scalar(text("SELECT taken FROM sectors WHERE key = 'tech'")) == left + 2
