"""The page before an act on many people counts those to whom the act can be done: no more are promised (R12, R28).

Everybody is foreseen alone, and the act is then tried on them: in each state, with and without an address, protected,
restricted, reviewed again, with the decision left to others, and with several forms for one address.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.bulk import forms, selection, working
from forum.bulk.selection import Selection
from forum.database import start_write
from forum.events.enums import SectorPolicy
from forum.events.models import Event
from forum.events.queries import find_sector
from forum.extensions import db
from forum.people import notes
from forum.privacy import restricting
from forum.registration import actions, by_hand, deadlines, expiry, protection, waiting_list
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import ENDED, RestrictionKind, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.reviewing import Refusal
from forum.review import actions as reviews
from forum.tasks.enums import Outcome, TaskKind
from forum.tasks.models import Task
from tests.bulk.steps import HERE, choose, work
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.mails import mark_all_sent
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import last_id, queued
from tools.organisers import make_user

SOON = NOW + timedelta(minutes=1)
PLACES = 90
PAYLOADS = {
    TaskKind.TAG: {"tags": ["new"]},
    TaskKind.UNTAG: {"tags": ["press"]},
    TaskKind.MOVE: {"sector": "ngo", "may_wait": False},
    TaskKind.APPROVE: {"whom": "all", "words": {}},
    TaskKind.OFFER: {"reason": "Speaks."},
    TaskKind.RESEND: {},
    TaskKind.CANCEL: {"reason": "", "words": {}},
}
# Acts that may also be done in another way than in PAYLOADS: moving to a sector with or without free places.
OTHERWISE = [
    (TaskKind.MOVE, {"sector": "ngo", "may_wait": True}),
    (TaskKind.MOVE, {"sector": "government", "may_wait": True}),
]
DETAILS = Details("Kim", "Ek", "The ministry", "", "SE", "en", None)


@pytest.fixture
def event(database) -> Event:
    """Save an event in whose sector "tech" people wait, because "tech" has one place; "government" has none."""
    clock.freeze(NOW)
    reviewed = make_sector("other", policy=SectorPolicy.REVIEW, ceiling=PLACES)
    sectors = [make_sector("justice", ceiling=PLACES), make_sector("tech", ceiling=1), reviewed]
    sectors.append(make_sector("government", ceiling=0))
    return make_event(
        capacity=PLACES, organisation_cap=None, sectors=[*sectors, make_sector("ngo", ceiling=PLACES)]
    )


def add(event: Event, key: str) -> Registration:
    """Add somebody without an address, as an organiser or an import does."""
    told = {"reason": "Called.", "may_wait": True, "actor": "user:1", "now": NOW}
    return write(by_hand.add, event, find_sector(event, key), DETAILS, **told)


def rename(person: Registration) -> None:
    same = Details(**{name: getattr(person, name) for name in CHANGEABLE})
    write(actions.change, person, replace(same, family_name="Ny"), actor="person", now=NOW)


def in_each_state(event: Event, reviewer: int) -> Iterator[tuple[Status, Registration]]:
    """Yield one person in each state, with the state."""
    yield Status.WAITING, confirmed(event, "tech")
    yield Status.PENDING, register(event)
    yield Status.IN_REVIEW, confirmed(event, "other")
    yield Status.CONFIRMED, confirmed(event)
    cancelled, declined = confirmed(event), confirmed(event, "other")
    expired = register(event, now=NOW - timedelta(days=5))
    write(actions.cancel, cancelled, actor="command", now=NOW)
    yield Status.CANCELLED, cancelled
    mark_all_sent()
    write(expiry.expire_in, event.id, now=NOW)
    yield Status.EXPIRED, expired
    seen = reviews.digest(reviews.shown_of(declined))
    write(reviews.decline, declined, Refusal("other"), seen=seen, user_id=reviewer, now=NOW)
    yield Status.DECLINED, declined


def everybody(event: Event, reviewer: int) -> list[Registration]:
    """Register people in each state: plain, protected, restricted; and those for whom an act has its own reasons."""
    offered = [confirmed(event, "tech") for _number in range(2)][1]
    people = [offered]
    for special in ("", "protected", "restricted"):
        for status, person in in_each_state(event, reviewer):
            if special == "protected" and status not in ENDED:
                write(protection.record, person, is_protected=True, real_name="Real", now=NOW)
            if special == "restricted":
                request = write(restricting.ask, person, RestrictionKind.RESTRICTION, "No.", now=NOW)
                write(restricting.grant, request, actor="user:1", now=NOW)
            people.append(person)
    recused, again, several = confirmed(event, "other"), confirmed(event, "other"), register(event)
    write(reviews.recuse, recused, user_id=reviewer, now=NOW)
    write(reviews.approve, again, seen=None, user_id=reviewer, now=NOW)
    rename(again)
    register(event, "ngo", email=several.email, now=SOON)
    people += [recused, again, several, add(event, "justice"), add(event, "tech")]
    for person in people:
        write(notes.set_tags, person, ["press"], actor="command", now=NOW)
    # One more place in "tech" is offered to the first who waits; then there are places for everybody, not yet offered.
    write(setattr, find_sector(event, "tech"), "ceiling", 2)
    write(waiting_list.offer_free_places, event, now=NOW)
    write(setattr, find_sector(event, "tech"), "ceiling", PLACES)
    assert (offered.status, people[-1].status, people[-1].email) == (Status.OFFERED, Status.WAITING, "")
    assert {one.status for one in people} == set(Status)
    return people


def foresee(person: Registration, kind: TaskKind, user_id: int) -> Outcome:
    """Return whether the page counts the person (DONE), or why not."""
    chosen = Selection(person.event, Filters(), frozenset([person.reference]))
    if kind == TaskKind.OFFER:
        foreseen = selection.foresee_offers(chosen, user_id=user_id, now=SOON)
    else:
        foreseen = selection.foresee(chosen, kind, user_id=user_id)
    assert foreseen.people == 1
    return Outcome.DONE if foreseen.will else next(iter(foreseen.left))


def attempt(person: Registration, kind: TaskKind, user_id: int, payload: Mapping[str, Any]) -> Outcome:
    """Try the act on the person as the worker does, and roll it back."""
    start_write(db.session)
    task = SimpleNamespace(
        id=1, kind=kind, payload=payload, event=person.event, started_by=user_id, starter=None
    )
    row = SimpleNamespace(task=task, registration=person, seen_version=person.version)
    outcome = working._do(row, SOON)
    db.session.rollback()
    return outcome


def test_nobody_is_counted_whom_the_act_refuses_and_nobody_left_out_whom_it_takes(event):
    organiser, _colleague = (make_user(Role.ORGANISER, event) for _each in range(2))
    people = everybody(event, organiser.id)
    assert {*PAYLOADS} == {*forms.FORMS}
    differing = []
    # Whether refusals need a second organiser decides for cancelling alone why a person is left out.
    acts = [(kind, payload, False) for kind, payload in (*PAYLOADS.items(), *OTHERWISE)]
    for kind, payload, has_second in (*acts, (TaskKind.CANCEL, PAYLOADS[TaskKind.CANCEL], True)):
        write(setattr, event, "has_second_reviewer", has_second)
        for person in people:
            told, done = foresee(person, kind, organiser.id), attempt(person, kind, organiser.id, payload)
            # A person whose registration has ended does not wait either: the page gives the plainer of the two reasons.
            if told != done and (told, done) != (Outcome.ENDED, Outcome.NOT_WAITING):
                differing.append((kind, payload, person.status, person.email, told, done))
    assert differing == []


def test_whoever_has_no_address_is_named_before_an_offer_and_gets_none(organiser, event):
    confirmed(event, "tech")
    added, waiting = add(event, "tech"), confirmed(event, "tech")
    write(setattr, find_sector(event, "tech"), "ceiling", PLACES)
    since = last_id()
    asked = choose(organiser, "offer", added, waiting)
    assert asked.h1 == "Offer 1 person a place"
    why = "Without a confirmed address: no offer can be sent"
    assert f"Left as they are: 1. {why}." in asked.text
    assert "Offer 1 person a place" not in choose(organiser, "offer", added).text
    assert "Nobody is left for whom it can be done." in choose(organiser, "offer", added).text
    assert attempt(added, TaskKind.OFFER, 1, PAYLOADS[TaskKind.OFFER]) == Outcome.UNCONFIRMED
    assert queued(since) == []


def test_an_offer_counts_only_those_for_whom_a_place_is_free(organiser, event):
    confirmed(event, "tech")
    waiting = [confirmed(event, "tech") for _each in range(3)]
    write(setattr, find_sector(event, "tech"), "ceiling", 3)
    asked = choose(organiser, "offer", *waiting)
    assert asked.h1 == "Offer 2 people a place"
    left = "Left as they are: 1. No place is free, for the person or for the organisation."
    assert left in asked.text
    asked.submit({"reason": "Speak."}, expect=303)
    work()
    assert [one.status for one in waiting] == [Status.OFFERED, Status.OFFERED, Status.WAITING]


def test_an_offer_counts_nobody_beyond_the_cap_of_an_organisation(organiser, event):
    confirmed(event, "tech")
    waiting = [confirmed(event, "tech", organisation="Same Ltd") for _each in range(2)]
    write(setattr, event, "organisation_cap", 1)
    write(setattr, find_sector(event, "tech"), "ceiling", 3)
    assert choose(organiser, "offer", *waiting).h1 == "Offer 1 person a place"


def test_an_offer_without_any_free_place_has_no_button_and_starts_nothing(organiser, event):
    confirmed(event, "tech")
    waiting = [confirmed(event, "tech") for _each in range(2)]
    write(setattr, find_sector(event, "tech"), "ceiling", 2)
    early = choose(organiser, "offer", *waiting)
    write(setattr, find_sector(event, "tech"), "ceiling", 1)
    asked = choose(organiser, "offer", *waiting)
    assert asked.h1 == "Offer a place"
    assert "Left as they are: 2. No place is free, for the person or for the organisation." in asked.text
    assert (
        "On a person’s own page you can offer them the place of somebody whose offer is open." in asked.text
    )
    assert "Offer 2 people a place" not in asked.text
    refused = early.submit({"reason": "Speak."}, expect=409)
    assert refused.h1 == "Offer a place"
    assert db.session.scalars(select(Task)).all() == []


def test_more_people_than_can_be_tried_are_counted_at_most(organiser, event, monkeypatch):
    confirmed(event, "tech")
    waiting = [confirmed(event, "tech") for _each in range(3)]
    write(setattr, find_sector(event, "government"), "ceiling", 1)
    full = [confirmed(event, "government") for _each in range(2)][1]
    write(setattr, find_sector(event, "tech"), "ceiling", 2)
    monkeypatch.setattr(selection, "MOST_TRIED", 2)
    asked = choose(organiser, "offer", *waiting, full)
    assert asked.h1 == "Offer 3 people a place"
    assert "Left as they are: 1. No place is free" in asked.text
    assert "it may be done for fewer" in asked.text


def test_no_offer_is_promised_when_the_event_is_too_near(organiser, event):
    confirmed(event, "tech")
    waiting = confirmed(event, "tech")
    write(setattr, event, "starts_at", NOW + timedelta(hours=event.offer_cutoff_hours))
    assert deadlines.offers_end_at(event) == NOW
    chosen = {"whom": "chosen", "who": [waiting.reference]}
    page = organiser.get("bulk.ask", **HERE, act="offer", **chosen, follow=True)
    assert page.flashes == ["The event is so near that no place is offered any more."]
