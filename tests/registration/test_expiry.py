"""What time does: addresses not confirmed, offers not taken, floors released; and clocks that jump (R02, R18)."""

from datetime import timedelta

import pytest

from forum.extensions import db
from forum.registration import actions, expiry
from forum.registration.enums import Status
from forum.registration.errors import NotLive
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, last_id, queued, recorded

pytestmark = pytest.mark.usefixtures("database")
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def tend(now) -> int:
    return write(expiry.expire_due, now=now)


def room(**differing):
    return make_event(capacity=1, sectors=[make_sector("justice", ceiling=1)], **differing)


def offered(event):
    """Somebody with an offer, made an hour after NOW."""
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=NOW + HOUR)
    return waiting


def test_an_unconfirmed_registration_ends_after_48_hours_on_the_second():
    event = make_event()
    registration = register(event)
    assert (tend(NOW + 48 * HOUR - SECOND), registration.status) == (0, Status.PENDING)
    assert (tend(NOW + 48 * HOUR), registration.status) == (1, Status.EXPIRED)
    assert (registration.ended_at, registration.holds_place, event.taken) == (NOW + 48 * HOUR, False, 0)
    assert kinds_for(registration) == ["received"]
    assert recorded(registration)[-1] == ("registration.not_confirmed", "worker", {})


def test_an_unconfirmed_registration_without_a_place_ends_too():
    event = room()
    confirmed(event)
    late = register(event)
    assert (tend(NOW + 48 * HOUR), late.status, event.taken) == (1, Status.EXPIRED, 1)


def test_the_place_of_an_unconfirmed_registration_goes_to_the_next_in_line():
    event = room()
    register(event)
    waiting = confirmed(event)
    tend(NOW + 48 * HOUR)
    assert (waiting.status, waiting.offer_expires_at) == (Status.OFFERED, NOW + 96 * HOUR)


def test_an_offer_that_is_not_taken_ends_says_so_and_goes_on():
    event = room()
    first = offered(event)
    second = confirmed(event, now=NOW + 2 * HOUR)
    assert tend(NOW + 49 * HOUR - SECOND) == 0
    before = last_id()
    assert tend(NOW + 49 * HOUR) == 1
    assert (first.status, second.status, event.taken) == (Status.EXPIRED, Status.OFFERED, 1)
    assert queued(before) == [("offer-lapsed", first.email), ("offered", second.email)]
    assert recorded(first)[-1] == ("registration.offer_lapsed", "worker", {})


def test_what_is_confirmed_waits_or_is_in_review_does_not_end():
    event = room()
    people = [confirmed(event), confirmed(event)]
    assert tend(NOW + 1000 * HOUR) == 0
    assert [person.status for person in people] == [Status.CONFIRMED, Status.WAITING]


def test_running_twice_does_nothing_more():
    event = room()
    offered(event)
    confirmed(event, now=NOW + 2 * HOUR)
    register(event, now=NOW + 2 * HOUR)
    tend(NOW + 60 * HOUR)
    before = (
        queued(),
        event.taken,
        db.session.execute(db.text("SELECT count(*) FROM audit_entries")).scalar(),
    )
    assert tend(NOW + 60 * HOUR) == 0
    assert (
        queued(),
        event.taken,
        db.session.execute(db.text("SELECT count(*) FROM audit_entries")).scalar(),
    ) == before


def test_what_ended_in_time_cannot_be_confirmed_any_more():
    registration = register(make_event())
    tend(NOW + 48 * HOUR)
    with pytest.raises(NotLive):
        write(actions.confirm, registration, now=NOW + 47 * HOUR)


def test_several_events_are_tended_at_once():
    people = [register(make_event(slug=slug, is_current=True)) for slug in ("nf27",)]
    write(setattr, people[0].event, "is_current", False)
    people.append(register(make_event(slug="nf28")))
    assert tend(NOW + 48 * HOUR) == 2
    assert {person.status for person in people} == {Status.EXPIRED}


def test_an_offer_that_runs_until_the_start_ends_at_the_start():
    event = room()
    holder, waiting = confirmed(event), confirmed(event)
    next_in_line = confirmed(event)
    write(actions.cancel, holder, actor="person", now=event.starts_at - HOUR)
    assert tend(event.starts_at) == 1
    assert (waiting.status, next_in_line.status, event.taken) == (Status.EXPIRED, Status.WAITING, 0)


def test_a_clock_that_jumps_forward_and_back_ends_nothing_twice_and_revives_nothing():
    event = room()
    registration = register(event)
    tend(NOW + 48 * HOUR)
    before = recorded(registration)
    assert [tend(NOW + hours * HOUR) for hours in (47, 1, -1, 48)] == [0, 0, 0, 0]
    assert (registration.status, recorded(registration), event.taken) == (Status.EXPIRED, before, 0)


def test_a_clock_that_jumps_back_leaves_a_registration_that_can_be_confirmed():
    registration = register(make_event())
    assert tend(NOW - HOUR) == 0
    assert write(actions.confirm, registration, now=NOW - HOUR).status == Status.CONFIRMED


def test_a_restart_years_later_ends_everything_and_offers_nothing():
    event = room()
    first, pending = offered(event), register(event, now=NOW + 2 * HOUR)
    waiting = confirmed(event, now=NOW + 3 * HOUR)
    before = last_id()
    assert tend(event.ends_at + timedelta(days=3 * 365)) == 2
    assert [one.status for one in (first, pending, waiting)] == [
        Status.EXPIRED,
        Status.EXPIRED,
        Status.WAITING,
    ]
    assert [kind for kind, _ in queued(before)] == ["offer-lapsed"]
    assert tend(event.ends_at + timedelta(days=4 * 365)) == 0


def test_nothing_to_tend_changes_nothing():
    event = make_event()
    confirmed(event)
    before = queued()
    assert tend(NOW + HOUR) == 0
    assert queued() == before
