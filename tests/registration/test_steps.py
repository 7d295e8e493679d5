"""The steps of a registration's way, as the person's page shows them in each status."""

import pytest
from flask_babel import force_locale

from forum.extensions import db
from forum.registration import stages
from forum.registration.enums import Status
from tests.factories.events import NOW, make_event
from tests.factories.registrations import confirmed, register, write


@pytest.fixture(autouse=True)
def in_english(database):
    with force_locale("en"):
        yield


def steps(registration, **told) -> list[str]:
    found = stages.list_stages(registration, position=2, **{"offered_at": None, "is_over": False, **told})
    return [stage.label for stage in found]


def test_an_unconfirmed_registration_has_its_address_to_confirm():
    assert steps(register(make_event()))[:2] == ["Registered", "Confirm your e-mail"]


def test_a_cancelled_and_a_past_event_end_the_way():
    person = confirmed(make_event())
    way = ["Registered", "E-mail confirmed"]
    assert steps(person, offered_at=NOW)[:5] == [
        *way,
        "On the waiting list",
        "Place offered",
        "Place confirmed",
    ]
    assert steps(person, is_over=True) == [*way, "Place confirmed", "The forum"]
    write(setattr, person.event, "cancelled_at", NOW)
    assert steps(person) == [*way, "Place confirmed", "Forum cancelled"]
    write(setattr, person.event, "cancelled_at", None)
    with db.session.no_autoflush:
        person.status = Status.WAITING
        assert steps(person, is_over=True)[:2] == way
        assert steps(person)[2] == "On the waiting list"
    db.session.rollback()
