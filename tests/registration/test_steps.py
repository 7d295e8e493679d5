"""The steps of a registration's way, as the person's page shows them in each status."""

from datetime import timedelta

import pytest
from flask_babel import force_locale

from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions, by_hand, moving, places, reviewing, stages
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.senders import UNBOUNDED
from tests.factories.events import NOW, make_event, make_sector
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


def rename(registration, *, days: int) -> None:
    """Let the person change the name, so many days after the tests' moment."""
    details = {name: getattr(registration, name) for name in CHANGEABLE} | {"family_name": "Ny"}
    write(actions.change, registration, Details(**details), actor="person", now=NOW + timedelta(days=days))


@pytest.fixture
def reviewed():
    """Give a registration that waits for the decision of its reviewed sector."""
    return confirmed(make_event(sectors=[make_sector("justice", policy=SectorPolicy.REVIEW)]))


def test_a_decision_is_to_come_while_a_registration_is_in_review(reviewed):
    way = ["Registered", "E-mail confirmed"]
    assert steps(reviewed) == [*way, "In review", "Decision", "Place confirmed", "The forum"]


def test_a_decision_is_to_come_once_the_address_is_confirmed():
    """Who still has to confirm the address in a reviewed sector reads of the decision, unless a place is held."""
    sectors = [make_sector("justice", policy=SectorPolicy.REVIEW)]
    typed = register(make_event(sectors=sectors))
    way = ["Registered", "Confirm your e-mail"]
    assert steps(typed) == [*way, "Decision", "Place confirmed", "The forum"]
    write(places.hold, typed, UNBOUNDED, now=NOW)
    assert steps(typed) == [*way, "Place confirmed", "The forum"]


def test_an_approval_is_told_with_its_day_and_so_is_the_review_of_a_later_change(reviewed):
    approved_at = NOW + timedelta(days=1)
    write(reviewing.approve, reviewed, actor="organiser:1", now=approved_at)
    assert reviewing.find_approval(reviewed) == approved_at
    way = ["Registered", "E-mail confirmed", "Approved", "Place confirmed"]
    assert steps(reviewed, approved_at=approved_at) == [*way, "The forum"]
    rename(reviewed, days=2)
    assert steps(reviewed, approved_at=approved_at) == [*way, "Change in review", "Decision", "The forum"]
    found = stages.list_stages(reviewed, 0, approved_at=approved_at, is_over=False)
    assert [stage.state for stage in found] == [*["done"] * 4, "now", *["to-come"] * 2]
    write(reviewing.approve, reviewed, actor="organiser:1", now=NOW + timedelta(days=3))
    assert reviewing.find_approval(reviewed) == approved_at
    assert steps(reviewed, approved_at=approved_at) == [*way, "The forum"]


def test_the_approval_of_a_change_is_no_approval_of_the_registration():
    """Of a person added by hand no step says "Approved", nor since when they waited, once a change was approved."""
    event = make_event(capacity=1, sectors=[make_sector("justice", policy=SectorPolicy.REVIEW)])
    told = {"reason": "x", "may_wait": True, "actor": "user:1", "now": NOW}
    added = write(
        by_hand.add, event, event.sectors[0], Details("Kim", "Holm", "A", "", "SE", "en", None), **told
    )
    rename(added, days=1)
    write(reviewing.approve, added, actor="user:1", now=NOW + timedelta(days=2))
    assert reviewing.find_approval(added) is None
    write(setattr, added, "confirmed_at", NOW)
    found = stages.list_stages(added, 0, offered_at=NOW, is_over=False)
    assert [(stage.label, stage.when) for stage in found][2] == ("On the waiting list", "")


@pytest.fixture
def two_reviewed():
    """Give a registration that was approved in one of the two reviewed sectors of its event."""
    keys = ("justice", "ngo")
    sectors = [
        make_sector(key, policy=SectorPolicy.REVIEW, position=number) for number, key in enumerate(keys, 1)
    ]
    person = confirmed(make_event(sectors=sectors))
    write(reviewing.approve, person, actor="user:1", now=NOW + timedelta(days=1))
    return person


def test_only_the_approval_in_the_present_sector_is_told(two_reviewed):
    """A person who moves to another reviewed sector reads the day of the approval there."""
    person = two_reviewed
    told = {"may_wait": False, "now": NOW + timedelta(days=2)}
    write(moving.move, person, find_sector(person.event, "ngo"), actor="user:1", **told)
    assert (person.status, reviewing.find_approval(person)) == (Status.CONFIRMED, None)
    write(moving.move, person, find_sector(person.event, "justice"), actor="person", **told)
    assert (person.status, reviewing.find_approval(person)) == (Status.IN_REVIEW, None)
    approved_at = NOW + timedelta(days=3)
    write(reviewing.approve, person, actor="user:1", now=approved_at)
    assert reviewing.find_approval(person) == approved_at


def test_an_approval_after_moving_during_the_review_of_a_change_is_told(two_reviewed):
    """Moving ends the review of the change, so the next approval is one of the registration in its new sector."""
    rename(two_reviewed, days=2)
    told = {"may_wait": False, "actor": "person", "now": NOW + timedelta(days=3)}
    write(moving.move, two_reviewed, find_sector(two_reviewed.event, "ngo"), **told)
    approved_at = NOW + timedelta(days=4)
    write(reviewing.approve, two_reviewed, actor="user:1", now=approved_at)
    assert (two_reviewed.status, reviewing.find_approval(two_reviewed)) == (Status.CONFIRMED, approved_at)


@pytest.mark.parametrize("has_room", [True, False], ids=["keeps the place", "waits in line"])
def test_the_review_of_a_change_goes_on_when_an_organiser_moves_the_person(two_reviewed, has_room):
    """Whether the place is kept or lost, the next approval is still one of the change, not of the registration."""
    ngo = find_sector(two_reviewed.event, "ngo")
    write(setattr, ngo, "ceiling", 1 if has_room else 0)
    rename(two_reviewed, days=2)
    told = {"may_wait": True, "actor": "user:1", "now": NOW + timedelta(days=3)}
    write(moving.move, two_reviewed, ngo, **told)
    write(reviewing.approve, two_reviewed, actor="user:1", now=NOW + timedelta(days=4))
    status = Status.CONFIRMED if has_room else Status.WAITING
    assert (two_reviewed.status, reviewing.find_approval(two_reviewed)) == (status, None)


def test_nobody_is_approved_where_nobody_reviews():
    assert reviewing.find_approval(confirmed(make_event())) is None


def told_in_swedish(registration, **told) -> list[tuple[str, str]]:
    """Return the steps and their remarks as a Swedish reader sees them."""
    with force_locale("sv"):
        found = stages.list_stages(registration, 2, **{"offered_at": None, "is_over": False, **told})
    return [(stage.label, stage.when) for stage in found]


def test_the_steps_of_a_review_are_told_in_swedish(reviewed):
    write(setattr, reviewed, "answer_by", NOW + timedelta(days=5))
    came = [("Anmäld", "3 maj 2027"), ("E-post bekräftad", "3 maj 2027")]
    ahead = [("Beslut", ""), ("Plats bekräftad", "")]
    told = told_in_swedish(reviewed)
    assert told[:-1] == [*came, ("Granskas", "svar senast den 8 maj 2027"), *ahead]
    write(reviewing.approve, reviewed, actor="organiser:1", now=NOW + timedelta(days=1))
    rename(reviewed, days=2)
    told = told_in_swedish(reviewed, approved_at=NOW + timedelta(days=1))
    assert [label for label, _when in told[2:]] == [
        *("Godkänd", "Plats bekräftad", "Ändring granskas", "Beslut", "Forumet")
    ]


def test_the_steps_of_the_waiting_list_are_told_in_swedish():
    """The steps run from confirming the address to the offer; for a cancelled event the last one says so."""
    event = make_event(capacity=1, sectors=[make_sector("justice")])
    typed = register(event)
    assert told_in_swedish(typed)[1] == ("Bekräfta din e-post", "före den 5 maj 2027 kl. 14.00 (CEST)")
    waiting = confirmed(event)
    assert told_in_swedish(waiting)[2] == ("På väntelistan", "2:a i kön")
    write(actions.cancel, typed, actor="person", now=NOW)
    label, until = told_in_swedish(waiting, offered_at=NOW)[3]
    assert (label, until.startswith("till den 5 maj 2027")) == ("Plats erbjuden", True)
    write(setattr, event, "cancelled_at", NOW)
    assert told_in_swedish(waiting)[-1] == ("Forumet inställt", "3 maj 2027")
