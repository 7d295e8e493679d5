"""The reception finds by name who has a place, and learns nothing else about anybody (S14, P22)."""

from datetime import UTC, datetime

import pytest

from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.people import notes
from forum.privacy import restricting
from forum.registration import actions, reception
from forum.registration.enums import RestrictionKind
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write

PAGE = "/console/nf27/reception"
TOLD = {
    "organisation": "Exempelpolisen",
    "email": "eva@polis.example",
    "phone": "+46 8 123 45 67",
    "title": "Chef",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    return make_event(capacity=200, sectors=[make_sector("ngo", ceiling=2), make_sector("tech", ceiling=100)])


@pytest.fixture
def eva(event):
    return confirmed(event, "tech", given_name="Éva", family_name="Bergström", **TOLD)


@pytest.fixture
def door(sign_in_as, event):
    return sign_in_as(Role.DOOR, event)


def update(event, **values) -> None:
    for name, value in values.items():
        setattr(event, name, value)


def names(door, words: str = "") -> list[str]:
    return door.get(f"{PAGE}?q={words}" if words else PAGE).all("tbody th")


def test_the_reception_begins_with_names_and_sees_nothing_else(door, eva, archive):
    write(notes.set_tags, eva, ["press"], actor="command", now=NOW)
    page = door.get("/console/", follow=True)
    assert (page.h1, page.all("tbody tr")) == ("Reception", ["Bergström, Éva Confirmed"])
    # On a phone the names have no status beside them, because the status is the same for all.
    assert page.all("tbody td.only-wide") == ["Confirmed"]
    assert page.all("nav li a")[:1] == ["Reception"]
    for secret in (*TOLD.values(), eva.reference, "ngo", "tech", "press"):
        assert secret not in page.text
    assert f"/registrations/{eva.reference}" not in page.data.decode()
    for other in ("attendees", f"registrations/{eva.reference}", "counts", "attendees/export", "log"):
        door.get(f"/console/nf27/{other}", expect=404)
    door.get(f"/console/{archive.slug}/reception", expect=404)


def test_names_that_the_reception_sees_without_searching_are_recorded_once_an_hour(door, eva):
    """The page begins with names, so opening it is a view of people of all sectors (P18)."""
    assert names(door) == names(door) == ["Bergström, Éva"]
    entries = db.session.query(AuditEntry).filter_by(action="attendees.viewed").all()
    assert [(one.subject_id, one.details.payload["sector"]) for one in entries] == [(eva.event_id, "")]


@pytest.mark.parametrize("words", ["berg", "Éva BERGSTRÖM", "bergstrom, eva", "strom"])
def test_people_are_found_by_parts_of_their_names(door, eva, words):
    assert names(door, words) == ["Bergström, Éva"]
    assert db.session.query(AuditEntry).filter_by(action="registrations.searched").count() == 1


def test_people_are_found_by_their_reference_and_by_nothing_that_the_reception_does_not_see(door, eva):
    write(notes.set_tags, eva, ["press"], actor="command", now=NOW)
    assert names(door, eva.reference.lower().replace("-", "")) == ["Bergström, Éva"]
    for words in (
        "exempelpolisen",
        "polis",
        "eva@polis",
        "1234567",
        "%23press",
        "chef",
        "sverige",
        "tech",
        "berg+exem",
    ):
        assert names(door, words) == [], words
    assert names(door, eva.reference[:4]) == []


def test_nobody_without_a_place_or_under_a_restriction_is_shown(door, event, eva):
    restricted = confirmed(event, "tech", family_name="Alm")
    request = write(restricting.ask, restricted, RestrictionKind.OBJECTION, "Nej.", now=NOW)
    write(restricting.grant, request, actor="user:1", now=NOW)
    gone = confirmed(event, "tech", family_name="Dal")
    write(actions.cancel, gone, actor="person", now=NOW)
    for name in ("Ek", "Fors", "Gran"):
        confirmed(event, "ngo", family_name=name)  # only two of these people get a place
    assert [name.split(",")[0] for name in names(door)] == ["Bergström", "Ek", "Fors"]


def test_more_than_a_page_are_found_by_name_and_nobody_after_the_end(door, event, eva, monkeypatch):
    monkeypatch.setattr(reception, "SHOWN", 1)
    confirmed(event, "tech", family_name="Alm")
    page = door.get(PAGE)
    assert len(page.all("tbody th")) == 1
    assert "There are more than this one." in page.text
    assert names(door, "bergs") == ["Bergström, Éva"]
    write(update, event, starts_at=datetime(2020, 1, 1, tzinfo=UTC), ends_at=datetime(2020, 1, 2, tzinfo=UTC))
    page = door.get(PAGE)
    assert (page.all("tbody th"), "The forum is over" in page.text) == ([], True)


def test_people_found_only_by_organisation_hide_nobody_behind_them(door, event):
    for number in range(reception.SHOWN + 1):
        confirmed(event, "tech", given_name="Bo", family_name=f"Aa{number}", organisation="Poly")
    confirmed(event, "tech", given_name="Åsa", family_name="Polydor", organisation="Nämnd")
    assert names(door, "poly") == ["Polydor, Åsa"]
