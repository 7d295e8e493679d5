"""Registering, each page of it included, takes the database no more work with thousands of people than with one."""

from contextlib import contextmanager

import pytest
from sqlalchemy import event as engine_events
from sqlalchemy import insert, select

from forum.database import start_write
from forum.extensions import db
from forum.registration.models import Registration
from tests.factories.events import make_event, make_sector
from tests.factories.registrations import confirmed
from tests.registration.filling import checked

pytestmark = pytest.mark.usefixtures("frozen")
MANY = 2_000
STEP = 20  # SQLite calls a function each time after this number of instructions of its virtual machine


@pytest.fixture
def app(make_app, sqlite_url):
    return make_app(sqlite_url, FORM_MIN_SECONDS=0)


@contextmanager
def instructions():
    """Collect an entry for every 20 (STEP) instructions of its virtual machine that SQLite carries out in the block."""
    counted: list[int] = []
    connections = []

    def count(raw, *_):
        connections.append(raw)
        raw.set_progress_handler(lambda: counted.append(STEP), STEP)

    engine_events.listen(db.engine, "checkout", count)
    try:
        yield counted
    finally:
        engine_events.remove(db.engine, "checkout", count)
        for raw in connections:
            raw.set_progress_handler(None, STEP)


def add_people(like: int, number: int) -> None:
    """Add people with places, like the one of this registration but for address, reference, name and organisation."""
    table = Registration.__table__
    row = dict(db.session.execute(select(table).where(table.c.id == like)).mappings().one())
    del row["id"]
    start_write(db.session)
    db.session.execute(insert(table), [{**row, **_of_number(each)} for each in range(number)])
    db.session.commit()


def _of_number(number: int) -> dict[str, str]:
    email, office = f"many{number}@example.org", f"office {number % 400}"
    names = {"organisation": office, "organisation_key": office, "organisation_sort_key": office}
    addresses = {"email": email, "email_canonical": email, "reference": f"M{number:03d}-{number:04d}"}
    return {**names, **addresses, "sort_key": f"ek {number}"}


def work(pages, name: str) -> int:
    """Return how many instructions it takes to fill in the form, check the answers and register."""
    db.session.remove()
    with instructions() as counted:
        address = f"{name}@example.org"
        checked(pages, email=address).submit(button="Register", follow=True)
    assert db.session.scalars(select(Registration).where(Registration.email == address)).one()
    return len(counted) * STEP


def test_registering_takes_the_database_as_much_work_when_many_are_there(database, pages):
    """With 2,000 people more, SQLite carries out at most a quarter more instructions."""
    event = make_event(
        capacity=9_000, participant_list="public", sectors=[make_sector("justice", ceiling=9_000)]
    )
    first = confirmed(event).id
    work(pages, "warm")
    few = work(pages, "few")
    add_people(first, MANY)
    assert work(pages, "many") < 1.25 * few
