"""Changing capacity and sectors together, in any order, on a trial copy and in the database under the event's lock."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import inspect

from forum.columns import Text
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.extensions import db
from forum.registration import held_places, places, sectors
from forum.registration.errors import (
    LastSector,
    RegistrationRefused,
    SectorInUse,
    SharesRefused,
)
from forum.registration.sectors import Fault, FaultKind, Share
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import register, write

pytestmark = pytest.mark.usefixtures("database")
OPEN = SectorPolicy.OPEN
BY = {"actor": "command", "now": NOW}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event() -> Event:
    """Save an event with ten places, six of which are kept for sectors by their floors."""
    kept = [
        make_sector("ngo", floor=4, ceiling=6, position=0),
        make_sector("tech", floor=2, ceiling=8, position=1),
    ]
    return make_event(capacity=10, sectors=kept)


def shares(event: Event) -> list[tuple[str, int, int]]:
    return [(sector.key, sector.floor, sector.ceiling) for sector in event.sectors]


@pytest.mark.parametrize(
    ("capacity", "wanted"),
    [
        (10, [("ngo", 0, 6), ("tech", 10, 10)]),
        (3, [("ngo", 1, 1), ("tech", 2, 2)]),
        (30, [("tech", 15, 15), ("ngo", 15, 20)]),
    ],
)
def test_numbers_that_fit_together_are_taken_in_whatever_order_they_change(event, capacity, wanted):
    asked = [Share(key, floor, ceiling, OPEN) for key, floor, ceiling in wanted]
    trial = places.trial_of(event)
    sectors.apply(trial, capacity, asked)
    assert shares(trial) == wanted
    assert shares(event) == [("ngo", 4, 6), ("tech", 2, 8)]
    assert write(sectors.arrange, event, capacity, asked, **BY)
    db.session.expire_all()
    assert (event.capacity, shares(event)) == (capacity, wanted)
    assert not write(sectors.arrange, event, capacity, asked, **BY)


def test_a_trial_belongs_to_no_session_and_stores_nothing(event):
    start_write(db.session)
    trial = places.trial_of(event)
    sectors.apply(trial, 99, sectors.shares_of(event))
    assert inspect(trial).transient
    assert all(inspect(sector).transient for sector in trial.sectors)
    db.session.commit()
    db.session.expire_all()
    assert event.capacity == 10


def test_every_broken_limit_is_told_with_its_numbers(event):
    for _number in range(3):
        register(event, "ngo")
    asked = [Share("ngo", 0, 2, OPEN), Share("tech", 9, 8, OPEN)]
    with pytest.raises(SharesRefused) as refused:
        write(sectors.arrange, event, 2, asked, **BY)
    assert refused.value.faults == [
        Fault(FaultKind.CAPACITY_BELOW_TAKEN, 2, 3),
        Fault(FaultKind.FLOORS_ABOVE_CAPACITY, 2, 9),
        Fault(FaultKind.CEILING_BELOW_TAKEN, 2, 3, "ngo"),
        Fault(FaultKind.FLOOR_ABOVE_CEILING, 9, 8, "tech"),
    ]
    db.session.rollback()
    assert shares(event) == [("ngo", 4, 6), ("tech", 2, 8)]


def test_a_sector_with_people_is_not_removed(event):
    register(event, "ngo")
    with pytest.raises(SectorInUse) as refused:
        write(sectors.remove, event.sectors[0], **BY)
    assert refused.value.number == 1
    db.session.rollback()
    write(sectors.remove, event.sectors[1], **BY)
    db.session.expire_all()
    with pytest.raises(SectorInUse):
        write(sectors.remove, event.sectors[0], **BY)


def test_the_last_sector_stays():
    event = make_event(sectors=[make_sector("ngo")])
    with pytest.raises(LastSector):
        write(sectors.remove, event.sectors[0], **BY)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        (Text(en="IT & telecom"), "it--telecom"),
        (Text(sv="Övriga"), "ovriga"),
        (Text(en="NGO"), "ngo-2"),
        (Text(sv="研究"), "sector"),
    ],
)
def test_a_new_sector_gets_a_key_for_its_address(event, name, key):
    added = write(
        sectors.add, event, {"name": name, "invited": Text()}, floor=0, ceiling=1, policy=OPEN, **BY
    )
    assert added.key == key


def test_a_ceiling_lowered_while_people_register_never_stands_below_them(app, event):
    """A registration and a lower ceiling (most places) wait for one lock: the second one sees the first change."""
    start = Barrier(2)

    def each(act) -> None:
        with app.app_context():
            start.wait()
            for number in range(4):
                try:
                    act(db.session.get_one(Event, event_id), number)
                except (SharesRefused, RegistrationRefused):
                    db.session.rollback()

    def lower(event: Event, number: int) -> None:
        start_write(db.session)
        places.lock(event)
        asked = [Share("ngo", 0, 3 - number, OPEN), Share("tech", 2, 8, OPEN)]
        sectors.arrange(event, 10, asked, **BY)
        db.session.commit()

    def come(event: Event, _number: int) -> None:
        register(event, "ngo")

    event_id = event.id
    db.session.rollback()
    threads = [Thread(target=each, args=(act,)) for act in (lower, come)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    held = held_places.count_places(event)
    ngo = event.sectors[0]
    assert held.get(ngo.id, 0) == ngo.taken == event.taken <= ngo.ceiling
