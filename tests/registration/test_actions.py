"""Confirming, changing, accepting and cancelling a registration each queue a mail and write an audit entry."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from forum.events.enums import SectorPolicy
from forum.events.queries import find_sector
from forum.extensions import db
from forum.registration import actions
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.errors import (
    AlreadyConfirmed,
    LinkRefused,
    NothingOffered,
    NotLive,
    OrganisationFull,
)
from tests.factories.events import NOW, make_event, make_sector, room
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import kinds_for, last_id, newest_mail, queued, recorded

pytestmark = pytest.mark.usefixtures("database")
LIST, PHOTOGRAPHS = ConsentPurpose.PARTICIPANT_LIST, ConsentPurpose.PHOTOGRAPHS
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def count(model) -> int:
    return db.session.scalar(select(func.count()).select_from(model))


def details_of(registration, **differing) -> Details:
    names = CHANGEABLE
    return Details(**{**{name: getattr(registration, name) for name in names}, **differing})


# Tests of confirming a registration


def test_confirm_lets_the_place_stand_and_says_so_once():
    event = make_event()
    registration = register(event)
    write(actions.confirm, registration, now=LATER)
    with pytest.raises(AlreadyConfirmed):
        write(actions.confirm, registration, now=LATER)
    db.session.rollback()
    assert (registration.status, registration.confirmed_at, event.taken) == (Status.CONFIRMED, LATER, 1)
    assert kinds_for(registration) == ["received", "confirmed"]
    assert [entry[:2] for entry in recorded(registration)] == [
        ("registration.received", "visitor"),
        ("registration.address_confirmed", "person"),
        ("registration.confirmed", "person"),
    ]


def test_confirm_without_a_place_joins_the_waiting_list():
    event = room()
    register(event)
    late = register(event)
    write(actions.confirm, late, now=LATER)
    assert (late.status, late.confirmed_at, late.waiting_since) == (Status.WAITING, LATER, NOW)
    assert kinds_for(late) == ["received-without-place", "waiting"]
    assert recorded(late)[-1][0] == "registration.waiting"


@pytest.mark.parametrize(("seconds", "confirms"), [(-1, True), (0, False)])
def test_confirm_is_possible_until_the_last_second(seconds, confirms):
    registration = register(make_event())
    at, link = registration.confirm_by + timedelta(seconds=seconds), newest_mail(registration).token
    if confirms:
        assert write(actions.confirm_by_link, link, frozenset(), now=at).status == Status.CONFIRMED
    else:
        with pytest.raises(LinkRefused):
            write(actions.confirm_by_link, link, frozenset(), now=at)


# Tests of accepting an offer


def test_accepting_what_was_never_offered_is_refused():
    event = room()
    confirmed(event)
    waiting = confirmed(event)
    with pytest.raises(NothingOffered):
        write(actions.accept_offer, waiting, now=LATER)


@pytest.mark.parametrize(("seconds", "accepts"), [(-1, True), (0, False)])
def test_an_offer_can_be_accepted_until_the_last_second(seconds, accepts):
    event = room()
    holder, waiting = confirmed(event), confirmed(event)
    write(actions.cancel, holder, actor="person", now=LATER)
    at = waiting.offer_expires_at + timedelta(seconds=seconds)
    if accepts:
        assert write(actions.accept_offer, waiting, now=at).status == Status.CONFIRMED
        assert (waiting.offer_expires_at, waiting.waiting_since) == (None, None)
        assert kinds_for(waiting)[-1] == "confirmed"
    else:
        with pytest.raises(NothingOffered):
            write(actions.accept_offer, waiting, now=at)


# Tests of cancelling a registration


@pytest.mark.parametrize("actor", ["person", "user:7"])
def test_cancel_frees_the_place_ends_the_links_and_says_who_did_it(actor):
    event = make_event()
    registration = confirmed(event, "tech")
    write(actions.cancel, registration, actor=actor, now=LATER)
    assert (registration.status, registration.ended_at, event.taken) == (Status.CANCELLED, LATER, 0)
    assert find_sector(event, "tech").taken == 0
    assert kinds_for(registration)[-1] == "cancelled"
    assert recorded(registration)[-1] == ("registration.cancelled", actor, {"was": "confirmed"})


def test_cancelling_twice_is_refused_and_frees_nothing_more():
    event = make_event()
    first, _second = confirmed(event), confirmed(event)
    write(actions.cancel, first, actor="person", now=LATER)
    with pytest.raises(NotLive):
        write(actions.cancel, first, actor="person", now=LATER)
    db.session.rollback()
    assert (event.taken, kinds_for(first).count("cancelled")) == (1, 1)


# Tests of changing details


def test_change_records_which_fields_changed_never_what_they_say():
    registration = confirmed(make_event())
    wanted = details_of(registration, family_name="Ögren", title="Domare", language="sv")
    assert write(actions.change, registration, wanted, actor="person", now=LATER) == [
        "family_name",
        "title",
        "language",
    ]
    assert (registration.family_name, registration.sort_key) == ("Ögren", "}gren {sa")
    assert recorded(registration)[-1] == (
        "registration.changed",
        "person",
        {"fields": ["family_name", "title", "language"]},
    )


def test_changing_nothing_records_nothing():
    registration = confirmed(make_event())
    before = recorded(registration)
    assert write(actions.change, registration, details_of(registration), actor="person", now=LATER) == []
    assert recorded(registration) == before


def test_a_place_cannot_be_carried_to_an_organisation_at_its_cap():
    event = make_event(organisation_cap=1)
    confirmed(event, organisation="Stora bolaget")
    mover = confirmed(event, organisation="Lilla bolaget")
    with pytest.raises(OrganisationFull):
        write(
            actions.change,
            mover,
            details_of(mover, organisation="STORA BOLAGET AB"),
            actor="person",
            now=LATER,
        )
    db.session.rollback()
    assert mover.organisation == "Lilla bolaget"
    write(
        actions.change, mover, details_of(mover, organisation="Lilla Bolaget AB"), actor="person", now=LATER
    )


def test_a_place_carried_away_from_an_organisation_is_offered_within_it():
    event = make_event(capacity=5, organisation_cap=1)
    mover, waiting = confirmed(event, organisation="Bolaget"), confirmed(event, organisation="Bolaget")
    assert waiting.status == Status.WAITING
    write(actions.change, mover, details_of(mover, organisation="Annat bolag"), actor="person", now=LATER)
    assert waiting.status == Status.OFFERED


# Tests of consents


def test_consents_are_given_and_withdrawn_with_their_moments():
    registration = confirmed(make_event(), consents=frozenset({LIST}))
    write(actions.set_consents, registration, frozenset({PHOTOGRAPHS}), now=LATER)
    write(actions.set_consents, registration, frozenset({PHOTOGRAPHS}), now=LATER + timedelta(hours=1))
    kept = [(consent.purpose, consent.given_at, consent.withdrawn_at) for consent in registration.consents]
    assert sorted(kept) == [("participant_list", NOW, LATER), ("photographs", LATER, None)]
    assert [entry[2] for entry in recorded(registration) if entry[0] == "registration.consent"] == [
        {"purpose": "participant_list", "given": False},
        {"purpose": "photographs", "given": True},
    ]


def test_a_consent_given_again_is_a_new_row():
    registration = confirmed(make_event(), consents=frozenset({LIST}))
    for wanted in (frozenset(), frozenset({LIST})):
        write(actions.set_consents, registration, wanted, now=LATER)
    assert [consent.withdrawn_at for consent in registration.consents] == [LATER, None]
    assert registration.has_consented(LIST)


# Tests of sending a mail again


def test_resend_repeats_the_mail_of_each_state():
    event = make_event(
        sectors=[make_sector("justice", ceiling=1), make_sector("other", policy=SectorPolicy.REVIEW)]
    )
    holder, waiting = confirmed(event), confirmed(event)
    people = [register(event, "other"), register(event), confirmed(event, "other"), holder, waiting]
    for person in people:
        before = last_id()
        write(actions.resend, person, actor="user:7", now=LATER)
        assert queued(before) == [(kinds_for(person)[0 if person.status == "pending" else -1], person.email)]
        assert recorded(person)[-1][:2] == ("registration.mail_resent", "user:7")
    write(actions.cancel, holder, actor="person", now=LATER)
    write(actions.resend, waiting, actor="user:7", now=LATER)
    assert kinds_for(waiting)[-2:] == ["offered", "offered"]


@pytest.mark.parametrize(
    "rule",
    [
        lambda one: actions.confirm(one, now=LATER),
        lambda one: actions.cancel(one, actor="person", now=LATER),
        lambda one: actions.change(one, details_of(one, title="X"), actor="person", now=LATER),
        lambda one: actions.set_consents(one, frozenset({LIST}), now=LATER),
        lambda one: actions.resend(one, actor="person", now=LATER),
    ],
    ids=["confirm", "cancel", "change", "set_consents", "resend"],
)
def test_nothing_can_be_done_with_what_has_ended(rule):
    registration = confirmed(make_event())
    write(actions.cancel, registration, actor="person", now=NOW)
    before = (recorded(registration), queued())
    with pytest.raises(NotLive):
        write(rule, registration)
    db.session.rollback()
    assert (recorded(registration), queued()) == before
