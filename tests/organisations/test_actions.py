"""Registrations belong to an organisation by name, alias or mail domain; caps count them all; nobody loses a place."""

import pytest

from forum.extensions import db
from forum.organisations import actions, queries
from forum.organisations.actions import Written
from forum.organisations.errors import MarkTaken, TooMany, TooManySuggested
from forum.registration import places
from forum.registration.actions import change
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.enums import Status
from forum.registration.errors import OrganisationFull
from forum.registration.models import Registration
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write

POLICE = Written("Polisen", ("Police Authority",), ("police.example",))


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event in which an organisation may have two places."""
    return make_event(
        capacity=9,
        organisation_cap=2,
        sectors=[make_sector("justice", ceiling=9), make_sector("ngo", ceiling=9)],
    )


def store(event, written, organisation=None):
    def locked():
        places.lock(event)
        return actions.store(event, organisation, written, actor="user:1", now=NOW)

    return write(locked)


def remove(event, organisation):
    def locked():
        places.lock(event)
        return actions.remove(event, organisation, actor="user:1", now=NOW)

    return write(locked)


def status_of(person):
    db.session.expire_all()
    return db.session.get_one(Registration, person.id).status


def test_cap_counts_across_spellings_and_mail_domains(event):
    store(event, POLICE)
    assert register(event, organisation="Police-Authority").holds_place
    assert register(event, organisation="North district", email="eva@north.police.example").holds_place
    assert not register(event, organisation="polisen AB").holds_place
    assert not register(event, organisation="South district", email="bo@POLICE.example").holds_place
    # A person who names another listed organisation belongs to that one; a domain that only ends alike does not count.
    store(event, Written("Customs", domains=("customs.example",)))
    assert register(event, organisation="Customs", email="ann@police.example").holds_place
    assert register(event, organisation="Village", email="leo@mypolice.example").holds_place


def test_own_cap_replaces_that_of_the_event_and_a_higher_one_offers_places_at_once(event):
    police = store(event, Written("Polisen", cap=1)).organisation
    first = confirmed(event, organisation="Polisen")
    waiting = [confirmed(event, organisation="Polisen") for _ in range(2)]
    assert [status_of(one) for one in (first, *waiting)] == [Status.CONFIRMED, Status.WAITING, Status.WAITING]
    outcome = store(event, Written("Polisen", cap=2), police)
    assert (outcome.settled, outcome.offered) == (0, 1)
    assert [status_of(one) for one in waiting] == [Status.OFFERED, Status.WAITING]
    store(event, Written("Polisen", cap=1), police)
    assert status_of(first) == Status.CONFIRMED  # the registration keeps the place that it holds


def test_a_change_of_organisation_is_refused_when_its_aliases_are_full(event):
    store(event, POLICE)
    for _ in range(2):
        confirmed(event, organisation="Polisen")
    other = confirmed(event, organisation="Customs")
    details = Details(
        **{name: getattr(other, name) for name in CHANGEABLE} | {"organisation": "Police authority"}
    )
    with pytest.raises(OrganisationFull):
        write(change, other, details, actor="person", now=NOW)


def test_what_belongs_together_follows_every_change_and_comes_apart_again(event):
    people = [
        confirmed(event, organisation=name, email=address)
        for name, address in (
            ("Polisen", "a@example.org"),
            ("Police authority", "b@example.org"),
            ("North district", "c@police.example"),
        )
    ]
    spelled = [one.organisation_key for one in people]

    def keys():
        db.session.expire_all()
        return [one.organisation_key for one in people]

    police = store(event, POLICE).organisation
    assert keys() == ["polisen"] * 3
    assert queries.count_by_key(event) == {"polisen": queries.Numbers(3, 3)}
    assert store(event, Written("Police", ("Polisen",)), police).settled == 3
    assert keys() == ["police", "police authority", "north district"]
    assert not store(event, Written("Police", ("Polisen",)), police).is_changed
    # Storing the same form twice adds one organisation.
    assert store(event, Written("Police", ("Polisen",))).organisation is police
    remove(event, police)
    assert keys() == spelled
    assert event.taken == 3


def test_a_name_or_domain_belongs_to_one_organisation_of_an_event(event):
    other = make_event(slug="nf29", is_current=False)
    store(event, POLICE)
    store(other, POLICE)
    for written in (Written("police AUTHORITY"), Written("Customs", domains=("police.example",))):
        with pytest.raises(MarkTaken) as refused:
            store(event, written)
        db.session.rollback()
        assert refused.value.other.name == "Polisen"
    store(event, Written("police.example"))  # a name may look like another organisation's domain


def test_an_event_has_a_bounded_number_of_organisations(event, monkeypatch):
    monkeypatch.setattr(actions, "MOST", 1)
    police = store(event, POLICE).organisation
    with pytest.raises(TooMany):
        store(event, Written("Customs"))
    db.session.rollback()
    assert not store(event, POLICE).is_changed, "a form that is sent twice is no refusal"
    assert store(event, Written("Polisen", cap=2), police).is_changed
    # The limit on the number of organisations holds for each event alone.
    store(make_event(slug="nf29", is_current=False), POLICE)


def test_the_form_suggests_a_bounded_number_of_names(event, monkeypatch):
    monkeypatch.setattr(actions, "MOST_SUGGESTED", 1)
    police = store(event, Written("Polisen", is_suggested=True)).organisation
    with pytest.raises(TooManySuggested):
        store(event, Written("Customs", is_suggested=True))
    db.session.rollback()
    store(event, Written("Polisen", ("Police",), is_suggested=True), police)
