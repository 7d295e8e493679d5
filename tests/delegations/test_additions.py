"""A contact adds people later and corrects addresses: the result is shown before, and reveals no registration."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.delegations import adding, correcting
from forum.delegations.asking import Person
from forum.delegations.enums import DelegateState, Prospect
from forum.delegations.errors import AddressNamed, CannotBeAdded, NotTheirs
from forum.events.enums import SectorPolicy
from forum.events.freezing import AnswersFrozen
from forum.extensions import db
from forum.privacy import restricting
from forum.registration import actions, links
from forum.registration.enums import RestrictionKind, Status, TokenPurpose
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration
from tests.delegations.test_delegations import ALONE, CONTACT, OWN, counted, opened, registered, states
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write
from tests.registration.reading import last_id, newest_mail, queued

DAN, EVA = Person("Dan", "Falk", ""), Person("Eva", "Gran", "", "eva@example.org")
KNOWN, FREE = "known@example.org", "free@example.org"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def frozen():
    clock.freeze(NOW)


def added(delegation, person, now=NOW):
    def lock_and_add(delegation, *, now):
        adding.lock(delegation, now=now)
        return adding.add(delegation, person, now=now)

    return write(lock_and_add, delegation, now=now)


def test_contact_adds_people_and_reads_before_what_becomes_of_them(pages, database):
    event = make_event(sectors=[make_sector("tech", ceiling=4)])
    delegation = registered(event)
    page = opened(pages, delegation).follow("Add a person …")
    assert "A place is free." in page.text
    since = last_id()
    page = page.submit(
        {"given_name": "Eva", "email": "eva@example.org"}, button="Add the person", follow=True
    )
    assert page.flashes == ["A message is on its way to eva@example.org. The person has 48 hours to confirm."]
    assert (queued(since), counted(event)) == ([("received", "eva@example.org")], (3, 3))
    page = page.follow("Add a person …")
    confirmed(event, "tech")  # meanwhile somebody else takes the last place
    page = page.submit({"given_name": "Dan"}, button="Add the person", expect=409)
    assert "Nobody has been added yet" in page.text
    assert "The person joins the waiting list" in page.text
    assert states(delegation) == [Status.CONFIRMED, Status.PENDING, Status.PENDING]
    page = page.submit({"given_name": "Dan"}, button="Add the person", follow=True)
    assert "Dan On the waiting list" in page.text.replace("\n", " ")
    assert (states(delegation)[3], counted(event)) == (Status.WAITING, (4, 4))


def test_form_sent_twice_adds_nobody_twice(pages, event):
    delegation = registered(event, sector="justice")
    opened(pages, delegation)
    page = pages.get("own_delegation_people.add")
    page.submit({"given_name": "Dan"}, button="Add the person", follow=True)
    page.submit({"given_name": "Dan"}, button="Add the person", expect=409)
    assert len(states(delegation)) == 3


@pytest.mark.parametrize(
    ("prospect", "changes"),
    [
        (Prospect.CLOSED, {"closes_at": NOW}),
        (Prospect.INVITATION, {"policy": SectorPolicy.INVITATION}),
        (Prospect.FULL, {"has_waiting_list": False, "ceiling": 2}),
        (Prospect.FULL, {"has_waiting_list": False, "organisation_cap": 2}),
        (Prospect.TOO_MANY, {}),
    ],
)
def test_nobody_is_added_against_the_rules_of_the_form(pages, database, prospect, changes):
    event = make_event(sectors=[make_sector("tech", ceiling=30)])
    people = [ALONE] * 20 if prospect == Prospect.TOO_MANY else [ALONE, OWN]
    delegation = registered(event, people)
    start_write(db.session)
    for name, value in changes.items():
        setattr(event if hasattr(event, name) else event.sectors[0], name, value)
    db.session.commit()
    page = opened(pages, delegation)
    assert "Add a person …" not in page.text
    page = pages.get("own_delegation_people.add")
    assert (
        "Add the person" in page.text,
        "obody can be added" in page.text or "at most 20" in page.text,
    ) == (
        False,
        True,
    )
    with pytest.raises(CannotBeAdded) as refused:
        added(delegation, DAN)
    db.session.rollback()
    assert (refused.value.prospect, counted(event)[0], len(states(delegation))) == (
        prospect,
        len(people),
        len(people),
    )


def test_person_added_to_a_reviewed_sector_is_reviewed(database):
    event = make_event(sectors=[make_sector("tech", policy=SectorPolicy.REVIEW)])
    delegation = registered(event)
    assert adding.foresee(delegation, NOW) == Prospect.REVIEW
    added(delegation, DAN)
    assert (states(delegation)[2], counted(event)) == (Status.IN_REVIEW, (0, 0))


def test_address_that_stands_in_the_delegation_is_named_once(pages, event):
    delegation = registered(event, sector="justice")
    opened(pages, delegation)
    page = pages.get("own_delegation_people.add")
    page = page.submit({"given_name": "Cia", "email": "CIA@example.org"}, button="Add the person", expect=422)
    assert page.errors == {"email": "Person 2 of the delegation has this address"}
    assert len(states(delegation)) == 2


def test_contact_adds_people_as_if_a_hidden_one_had_been_erased(pages, event, monkeypatch):
    """A person whose data are restricted neither blocks their address nor counts towards the size of the delegation."""
    monkeypatch.setattr(adding, "MOST", 2)
    delegation = registered(event, sector="justice")
    write(actions.confirm, delegation.people[1].registration, now=NOW)
    hidden = db.session.merge(delegation).people[1].registration
    request = write(restricting.ask, hidden, RestrictionKind.RESTRICTION, "court", now=NOW)
    write(restricting.grant, request, actor="command", now=NOW)
    opened(pages, delegation)
    since = last_id()
    page = pages.get("own_delegation_people.add")
    page.submit({"given_name": "New", "email": "cia@example.org"}, button="Add the person", follow=True)
    assert queued(since) == [("already-registered", "cia@example.org")]
    assert "at most 20" in pages.get("own_delegation_people.add").text


def rows_of(pages, delegation, address):
    """Return the rows that the contact reads about the people, with the address replaced by a fixed text."""
    text = opened(pages, delegation).text
    row = text[text.index("Eva Gran") : text.index("Add a person …")]
    return row.replace(address, "ADDRESS")


@pytest.mark.parametrize("is_corrected", [False, True], ids=["added", "corrected"])
def test_contact_reads_the_same_of_a_known_and_an_unknown_address(pages, database, is_corrected):
    """Neither the page nor the time until which the person can confirm reveals whose address is registered (S24)."""
    event = make_event(sectors=[make_sector("tech", ceiling=30)])
    known = confirmed(event, "tech", email=KNOWN)
    later, read = NOW + timedelta(hours=5), []
    for key, address in (("one", KNOWN), ("two", FREE)):
        clock.freeze(NOW)
        delegation = registered(
            event,
            [ALONE, DAN],
            key=key,
            contact=CONTACT.__class__(**{**vars(CONTACT), "email": f"{key}@example.org"}),
        )
        first = address if not is_corrected else f"wrong-{key}@example.org"
        since = last_id()
        one = added(delegation, Person("Eva", "Gran", "", first), now=later)
        clock.freeze(later)
        if is_corrected:
            write(correcting.correct, one, address, now=later)
        kind = "already-registered" if address == KNOWN else "received"
        assert queued(since)[-1] == (kind, address)
        read.append(rows_of(pages, delegation, address))
    assert read[0] == read[1]
    assert "Has not confirmed yet" in read[0]
    # Of the seven places taken, one is held without a registration: for the person with the registered address.
    assert (known.status, counted(event)) == (Status.CONFIRMED, (7, 6))


def test_corrected_address_keeps_the_place_and_the_old_link_dies(pages, database):
    event = make_event(sectors=[make_sector("tech", ceiling=2)])
    delegation = registered(event)
    waiting = confirmed(event, "tech")
    before = delegation.people[1].registration
    old = newest_mail(before, "received").token
    later = NOW + timedelta(hours=40)
    clock.freeze(later)
    opened(pages, delegation)
    page = pages.get("own_delegation.show").follow("Correct the address … Cia Dahl")
    since = last_id()
    page = page.submit({"email": "cia@example.com"}, button="Send the message", follow=True)
    assert page.flashes == ["A message is on its way to cia@example.com. The person has 48 hours to confirm."]
    assert "cia@example.org" not in page.text
    assert (queued(since), counted(event)) == ([("received", "cia@example.com")], (2, 2))
    with pytest.raises(LinkRefused):
        links.follow(old, TokenPurpose.CONFIRM, now=later)
    db.session.expire_all()
    after = delegation.people[1].registration
    assert (before.status, after.status, after.confirm_by) == (
        Status.EXPIRED,
        Status.PENDING,
        later + timedelta(hours=48),
    )
    write(actions.confirm, after, now=later)
    assert (after.status, waiting.status) == (Status.CONFIRMED, Status.WAITING)
    pages.get("own_delegation_people.correct", number=2, expect=303)
    with pytest.raises(NotTheirs):
        write(correcting.correct, delegation.people[1], FREE, now=later)


def test_corrected_address_that_is_registered_keeps_the_place_from_the_next_in_line(database):
    event = make_event(sectors=[make_sector("tech", ceiling=3)])
    confirmed(event, "tech", email=KNOWN)
    delegation = registered(event)
    waiting = confirmed(event, "tech")
    write(correcting.correct, delegation.people[1], KNOWN, now=NOW)
    assert (states(delegation)[1], counted(event), waiting.status) == (
        DelegateState.ASKED,
        (3, 2),
        Status.WAITING,
    )
    write(correcting.correct, delegation.people[1], FREE, now=NOW)
    assert (states(delegation)[1], counted(event)) == (Status.PENDING, (3, 3))
    with pytest.raises(AddressNamed):
        added(delegation, Person("Eva", "", "", FREE))
    db.session.rollback()


def test_whoever_registers_with_the_wrong_address_keeps_their_registration(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    theirs = delegation.people[1].registration
    register(event, "tech", email="cia@example.org", given_name="Cilla")
    own = newest_mail(theirs, "already-registered").token
    write(correcting.correct, delegation.people[1], FREE, now=NOW)
    assert states(delegation)[1] == Status.PENDING
    db.session.expire_all()
    assert delegation.people[1].registration.email == FREE
    write(actions.confirm_by_link, own, frozenset(), now=NOW)
    assert (theirs.status, theirs.given_name) == (Status.CONFIRMED, "Cilla")


def test_address_is_not_corrected_once_it_is_too_late(database):
    event = make_event(sectors=[make_sector("tech")])
    delegation = registered(event)
    start_write(db.session)
    event.freezes_at = NOW
    db.session.commit()
    with pytest.raises(AnswersFrozen):
        write(correcting.correct, delegation.people[1], FREE, now=NOW)
    db.session.rollback()
    for late in (NOW + timedelta(hours=48), event.ends_at):
        with pytest.raises(NotTheirs):
            write(correcting.correct, delegation.people[1], FREE, now=late)
        db.session.rollback()
    assert db.session.query(Registration).count() == 2
