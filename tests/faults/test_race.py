"""Many at once: never more than the places, nobody told yes without one, everybody counted once (R01–R04).

The threads of four real processes, each with an app of its own on one database, start at one moment.
"""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum import clock
from forum.audit import actions as audit
from forum.extensions import db
from forum.outbox.models import OutboxMessage
from forum.registration.models import Registration
from tests.factories.events import make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.faults.racers import PROCESSES, Race, Racers

PLACES = 10
SAME = {
    "family_name": "Same",
    "organisation": "Same",
    "email": "same@example.org",
    "submission_key": "the-same-form",
}
SPELLINGS = ("anna@example.org", "ANNA@example.org", "Anna@Example.ORG", "anna@EXAMPLE.org")


@pytest.fixture(scope="module")
def racers():
    with Racers() as racers:
        yield racers


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def race(app, racers, settings, tmp_path, database_url, database):
    """Race with `jobs` shared out to the processes; what the test reads afterwards is fresh."""
    own = {**settings, "INSTANCE": tmp_path / "instance", "DATABASE_URL": database_url}

    def run(act, jobs, *, with_lock=True):
        shared = [jobs[number::PROCESSES] for number in range(PROCESSES)]
        database.remove()
        outcomes = racers.run(Race(own, act, shared, with_lock))
        database.remove()
        return outcomes

    return run


def open_event(**differing):
    """An event that is open now, whatever now is."""
    now = clock.now()
    moments = {
        "opens_at": now - timedelta(days=1),
        "closes_at": now + timedelta(days=1),
        "release_at": now + timedelta(days=2),
        "starts_at": now + timedelta(days=3),
        "ends_at": now + timedelta(days=4),
    }
    return make_event(**{**moments, **differing})


def shared_event():
    """Ten places, four of them kept for one sector: the others never get more than six."""
    sectors = [make_sector("tech", floor=4, ceiling=PLACES), make_sector("ngo", ceiling=PLACES)]
    return open_event(capacity=PLACES, sectors=sectors)


def people(number):
    return [
        {
            "sector": ("tech", "ngo")[n % 8 < 4],
            "email": f"racer{n}@example.org",
            "submission_key": f"racer-{n}",
        }
        for n in range(number)
    ]


def registrations() -> list[Registration]:
    return list(db.session.scalars(select(Registration).order_by(Registration.requested_at, Registration.id)))


def mails() -> Counter:
    return Counter(db.session.scalars(select(OutboxMessage.kind)).all())


def holders() -> int:
    return db.session.scalar(select(func.count()).where(Registration.holds_place)) or 0


def assert_counted_once() -> None:
    """The counters are the rows that hold a place, and the record of it all is whole."""
    for registration in registrations():
        event = registration.event
        break
    held = Counter(one.sector_id for one in registrations() if one.holds_place)
    assert {sector.id: sector.taken for sector in event.sectors} == {s.id: held[s.id] for s in event.sectors}
    assert event.taken == held.total() <= event.capacity
    assert audit.verify() is None


def race_for_places(race, number):
    """So many people for ten places, a third of whom confirm: nobody is lost, nobody told yes without a place."""
    shared_event()
    acts = ("register and confirm", "register", "register")
    outcomes = race("something", [(acts[n % 3], person) for n, person in enumerate(people(number))])
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    assert (holders(), sum(outcome.holds_place for outcome in outcomes)) == (PLACES, PLACES)
    assert_counted_once()
    rows = {row.id: (row.holds_place, str(row.status)) for row in registrations()}
    assert {outcome.id: (outcome.holds_place, str(outcome.more)) for outcome in outcomes} == rows
    states = Counter(status for _holds, status in rows.values())
    assert states["confirmed"] + states["waiting"] == len(range(0, number, 3))
    assert mails() == Counter(
        {
            "received": PLACES,
            "received-without-place": number - PLACES,
            "confirmed": states["confirmed"],
            "waiting": states["waiting"],
        }
    )
    told_yes = select(Registration.holds_place).join(
        OutboxMessage, OutboxMessage.registration_id == Registration.id
    )
    yes = told_yes.where(OutboxMessage.kind.in_(("received", "confirmed")))
    assert set(db.session.scalars(yes)) == {True}


def assert_line_keeps_its_order(race) -> None:
    """Every place given back at once goes to who waited longest in a sector that may take it."""
    before = registrations()
    sectors = {one.id: one.sector.key for one in before}
    waiting = [one.id for one in before if one.status == "waiting"]
    race("cancel", [one.id for one in before if one.holds_place])
    after = {one.id: str(one.status) for one in registrations()}
    offered = [number for number in waiting if after[number] == "offered"]
    assert len(offered) == PLACES
    for sector in ("tech", "ngo"):
        line = [number for number in waiting if sectors[number] == sector]
        chosen = [number for number in offered if sectors[number] == sector]
        assert line[: len(chosen)] == chosen
    assert mails()["offered"] == PLACES
    assert_counted_once()


def test_two_hundred_people_for_ten_places(race):
    race_for_places(race, 200)
    assert_line_keeps_its_order(race)


def test_the_race_is_lost_without_the_lock(race, database_url):
    """The control: without our transactions and lock the same race shows more people than places."""
    shared_event()
    race("register", people(80), with_lock=False)
    if database_url.startswith("sqlite") and holders() <= PLACES:
        pytest.skip("the stock SQLite driver refused instead of overselling this time")
    assert holders() > PLACES


def test_one_form_sent_twenty_times_at_once_is_one_registration_with_one_mail(race):
    shared_event()
    outcomes = race("register", [{"sector": "tech", **SAME} for _ in range(20)])
    assert len({(outcome.id, outcome.error) for outcome in outcomes}) == 1
    assert ([one.id for one in registrations()], mails()) == ([outcomes[0].id], {"received": 1})
    assert_counted_once()


def test_one_address_in_twenty_forms_at_once_is_one_registration(race):
    shared_event()
    jobs = [
        {
            "sector": ("tech", "ngo")[number % 2],
            "email": SPELLINGS[number % 4],
            "submission_key": f"form-{number}",
        }
        for number in range(20)
    ]
    outcomes = race("register", jobs)
    assert len({(outcome.id, outcome.error) for outcome in outcomes}) == 1
    assert (len(registrations()), holders()) == (1, 1)
    assert mails() == {"received": 1, "already-registered": 19}
    sent = select(func.count()).where(OutboxMessage.status == "queued")
    assert db.session.scalar(sent) == 1 + 3
    assert_counted_once()


def test_workers_that_expire_and_offer_at_once_do_it_once(race):
    sectors = [make_sector("tech", ceiling=6)]
    long_ago = clock.now() - timedelta(hours=60)
    event = open_event(capacity=6, sectors=sectors, opens_at=long_ago)
    for _ in range(6):
        register(event, "tech", now=long_ago)
    waiting = [confirmed(event, "tech", now=long_ago + timedelta(hours=20, minutes=n)).id for n in range(9)]
    outcomes = race("expire", [None] * 8)
    assert sorted((outcome.error, outcome.more) for outcome in outcomes) == [("", 0)] * 7 + [("", 6)]
    offered = [one.id for one in registrations() if one.status == "offered"]
    assert (offered, mails()["offered"]) == (waiting[:6], 6)
    assert_counted_once()


def test_one_registration_cancelled_by_many_at_once_is_cancelled_once(race):
    event = shared_event()
    person, _other = confirmed(event, "tech", now=clock.now()), confirmed(event, "tech", now=clock.now())
    outcomes = race("cancel", [person.id] * 8)
    assert Counter(outcome.error.split(":")[0] for outcome in outcomes) == {"": 1, "NotLive": 7}
    assert (holders(), mails()["cancelled"]) == (1, 1)
    assert_counted_once()


def test_everything_at_once_in_two_events_waits_for_nobody_in_a_circle(race):
    long_ago = clock.now() - timedelta(hours=60)
    earlier = open_event(slug="nf26", capacity=30, opens_at=long_ago)
    for _ in range(8):
        register(
            earlier, "tech", now=long_ago
        )  # unconfirmed: their end is recorded before the other event's turn
    others = [confirmed(earlier, "tech", now=clock.now()).id for _ in range(8)]
    write(setattr, earlier, "is_current", False)
    event = open_event(capacity=30)
    mine = [confirmed(event, "tech", now=clock.now()).id for _ in range(8)]
    jobs = [
        *[("expire", None)] * 12,
        *[("change", number) for number in (*others, *mine)],
        *[("change", number) for number in (*others, *mine)],
        *[("cancel", number) for number in (*others[:4], *mine[:4])],
        *[("register", job) for job in people(12)],
    ]
    outcomes = race("something", jobs[::3] + jobs[1::3] + jobs[2::3])
    refused = Counter(outcome.error.split(":")[0] for outcome in outcomes if outcome.error)
    assert set(refused) <= {"NotLive"}
    states = Counter(db.session.scalars(select(Registration.status)))
    assert (states["cancelled"], states["expired"]) == (8, 8)


@pytest.mark.slow
@pytest.mark.parametrize("round_", range(20))
def test_two_hundred_people_for_ten_places_again_and_again(race, round_):
    race_for_places(race, 200)
    assert_line_keeps_its_order(race)
