"""The counts of registrations by sector and state, kept by triggers, always equal the rows (both databases)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func, select, text, update

from forum import clock
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.health import counters
from forum.registration import actions, listing, state_counts
from forum.registration.enums import Status
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def in_rows(event: Event) -> dict[tuple[int, str], int]:
    groups = (Registration.sector_id, Registration.status)
    query = select(*groups, func.count()).where(Registration.event_id == event.id).group_by(*groups)
    return {(sector_id, status): number for sector_id, status, number in db.session.execute(query)}


def kept() -> int:
    return db.session.scalar(text("SELECT count(*) FROM people_counts"))


def test_numbers_follow_every_change_of_the_rows(database):
    event = make_event()
    assert listing.count_by_sector_and_status(event) == {}
    people = [confirmed(event, "ngo"), confirmed(event, "tech"), register(event, "ngo")]
    assert listing.count_by_sector_and_status(event) == in_rows(event)
    assert sum(in_rows(event).values()) == 3
    write(actions.cancel, people[0], actor="command", now=NOW)
    assert listing.count_by_sector_and_status(event) == in_rows(event)
    other = next(sector for sector in event.sectors if sector.key == "politics")
    write(
        db.session.execute,
        update(Registration).values(sector_id=other.id, holds_place=Registration.holds_place),
    )
    assert {sector for sector, _state in listing.count_by_sector_and_status(event)} == {other.id}
    write(db.session.execute, update(Registration).values(title="New"))
    write(db.session.execute, delete(Registration).where(Registration.status == Status.CANCELLED))
    assert listing.count_by_sector_and_status(event) == in_rows(event) != {}


def test_numbers_of_a_transaction_that_is_undone_are_undone(database):
    event = make_event()
    person = confirmed(event, "ngo")
    start_write(db.session)
    db.session.execute(delete(Registration).where(Registration.id == person.id))
    assert listing.count_by_sector_and_status(event) == {}
    db.session.rollback()
    assert listing.count_by_sector_and_status(event) == in_rows(event) != {}


def test_worker_adds_many_rows_up_and_forgets_those_of_a_deleted_event(database, monkeypatch):
    event = make_event()
    for sector in ("ngo", "ngo", "tech"):
        confirmed(event, sector)
    before = listing.count_by_sector_and_status(event)
    assert write(state_counts.add_up, now=clock.now()) == 0
    monkeypatch.setattr(state_counts, "MOST_ROWS", 2)
    assert write(state_counts.add_up, now=clock.now()) > 2
    assert (listing.count_by_sector_and_status(event), kept()) == (before, 2)
    write(db.session.execute, delete(Registration))
    write(state_counts.add_up, now=clock.now())
    assert kept() == 0


def test_worker_leaves_rows_that_have_a_state_each_where_they_are(database, monkeypatch):
    """A row that is already the only one of its sector and state is not rewritten each minute."""
    event = make_event()
    monkeypatch.setattr(state_counts, "MOST_ROWS", 1)
    for sector in ("ngo", "ngo", "tech", "politics"):
        confirmed(event, sector)
    assert write(state_counts.add_up, now=clock.now()) > 3
    assert (kept(), write(state_counts.add_up, now=clock.now())) == (3, 0)


@pytest.mark.postgresql
def test_two_commands_that_mend_at_once_do_not_both_add_what_is_lacking(make_app, postgres_url):
    app = make_app(postgres_url)

    def mend() -> int:
        with app.app_context():
            return write(state_counts.mend)

    with app.app_context(), ThreadPoolExecutor() as beside:
        confirmed(make_event(), "ngo")
        write(db.session.execute, text("UPDATE people_counts SET number = 5"))
        start_write(db.session)
        wrong, other = state_counts.mend(), beside.submit(mend)
        with pytest.raises(TimeoutError):
            other.result(0.3)
        db.session.commit()
        assert (wrong > 0, other.result(5), counters.check(NOW)[0]) == (True, 0, True)


def test_wrong_numbers_are_reported_and_mended(database):
    event = make_event()
    confirmed(event, "ngo")
    before = listing.count_by_sector_and_status(event)
    assert counters.check(NOW) == (True, "agree")
    write(db.session.execute, text("UPDATE people_counts SET number = 5 WHERE status = 'confirmed'"))
    assert counters.check(NOW)[0] is False
    assert write(state_counts.mend) == 1
    assert (counters.check(NOW)[0], listing.count_by_sector_and_status(event)) == (True, before)
