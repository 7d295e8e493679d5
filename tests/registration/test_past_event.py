"""After an event has ended, its console speaks in the past tense and promises nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum.accounts.enums import Role
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.extensions import db
from forum.registration import actions, places
from forum.registration.enums import Status
from forum.registration.errors import NotLive, SectorFull
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import queued
from tests.tables import rows

BEFORE = NOW - timedelta(days=30)


@pytest.fixture
def over(database, frozen):
    """Save an event that ended a minute ago, with a person in each status that needed a further step."""
    event = make_event(
        capacity=2,
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW - timedelta(minutes=1),
        opens_at=BEFORE,
        closes_at=NOW + timedelta(days=1),
        release_at=None,
        sectors=[
            make_sector("ngo", position=1, floor=1, ceiling=1),
            make_sector("justice", position=2, ceiling=1),
            make_sector("other", position=3, policy=SectorPolicy.REVIEW, ceiling=1),
        ],
    )
    for family_name, sector in (("Present", "ngo"), ("Late", "ngo"), ("Read", "other")):
        confirmed(event, sector, family_name=family_name, now=BEFORE)
    register(event, "justice", family_name="Silent", now=NOW - timedelta(days=1))
    return event


@pytest.fixture
def organiser(sign_in_as, over):
    return sign_in_as(Role.ORGANISER, over)


def test_overview_of_a_past_event_has_nothing_that_comes_and_speaks_of_the_past(organiser):
    page = organiser.get("console.overview", event="nf27")
    assert "The forum is over." in page.text
    assert (page.all(".coming li"), page.soup.select_one("#coming")) == ([], None)
    assert page.all(".balance-sum") == ["2 places were taken and 0 stayed free, 2 in all."]
    assert "of 2 places were taken" in page.text
    assert "Kept by floor" not in page.all(".balance thead th")
    assert "are free" not in page.text
    assert [task for task in page.all(".task-title") if "review" in task] == []


def test_states_of_a_past_event_are_past(organiser):
    shown = {row[0]: row[3] for row in rows(organiser.get("attendees.index", event="nf27"))}
    assert shown == {
        "Late, Åsa": "Was waiting",
        "Present, Åsa": "Confirmed",
        "Read, Åsa": "Was in review",
        "Silent, Åsa": "Address was never confirmed",
    }


def test_waiting_list_of_a_past_event_promises_no_place(organiser):
    page = organiser.get("waiting_list.index", event="nf27")
    assert "these people were still waiting, and nobody is offered a place any more" in page.text
    assert "1 person was waiting" in page.text
    for promise in ("is waiting", "place left", "is offered to whoever"):
        assert promise not in page.text
    assert page.all(".console-side nav li")[3] == "Waiting list"


def test_person_of_a_past_event_can_be_sent_nothing(organiser, over):
    page = organiser.get("attendees.index", event="nf27").follow("Late, Åsa")
    assert page.all(".actions button") == []
    assert "Waiting since" not in page.text
    waiting = next(person for person in people(over) if person.status == Status.WAITING)
    before = queued()
    with pytest.raises(NotLive):
        write(actions.resend, waiting, actor="command", now=NOW)
    db.session.rollback()
    assert queued() == before


def test_cancelling_after_the_start_offers_the_place_to_nobody_and_says_so(organiser, over):
    page = (
        organiser.get("attendees.index", event="nf27")
        .follow("Present, Åsa")
        .follow("Cancel the registration")
    )
    said = page.all("main li")
    assert "The place becomes free. It is offered to nobody, because the forum has begun." in said
    assert not [line for line in said if "next in line" in line or "move up" in line]
    page.submit(button="Cancel the registration")
    db.session.expire_all()
    assert Status.OFFERED not in {person.status for person in people(over)}


def test_address_cannot_be_confirmed_any_more(over):
    silent = next(person for person in people(over) if person.status == Status.PENDING)
    before = queued()
    with pytest.raises(NotLive):
        write(actions.confirm, silent, now=NOW)
    db.session.rollback()
    assert queued() == before


def test_nobody_joins_a_line_that_no_place_will_be_offered_to(database):
    event = make_event(capacity=1, sectors=[make_sector("ngo", ceiling=1)])
    confirmed(event, "ngo")
    start_write(db.session)
    assert places.has_room(event.sectors[0], event.starts_at - timedelta(seconds=1)) is False
    with pytest.raises(SectorFull):
        places.has_room(event.sectors[0], event.starts_at)
    db.session.rollback()


def test_list_of_a_past_event_without_anybody_waits_for_nobody(sign_in_as, database):
    event = make_event(starts_at=NOW - timedelta(days=2), ends_at=NOW - timedelta(days=1), closes_at=NOW)
    page = sign_in_as(Role.ORGANISER, event).get("attendees.index", event="nf27")
    assert page.all(".empty-title") == ["This forum’s registrations are not kept here"]


def people(event):
    db.session.rollback()
    return db.session.scalars(select(Registration).where(Registration.event_id == event.id)).all()
