"""Merging organisations by hand: registrations count together, nobody loses a place, undoing restores all."""

import pytest
from sqlalchemy import select

from forum.audit.models import AuditEntry
from forum.extensions import db
from forum.organisations import actions, duplicates, merging, queries
from forum.organisations.actions import Written
from forum.organisations.errors import MarkTaken, MergedFurther
from forum.organisations.queries import Numbers
from forum.registration import actions as cancelling
from forum.registration import belonging, places
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.organisation_models import Organisation, OrganisationMark
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, register, write


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event in which an organisation may have two places."""
    return make_event(capacity=9, organisation_cap=2, sectors=[make_sector("justice", ceiling=9)])


def do(event, act, *args):
    def locked():
        places.lock(event)
        return act(event, *args, actor="user:1", now=NOW)

    return write(locked)


def store(event, name, *aliases, **differing):
    return do(event, actions.store, None, Written(name, aliases, **differing)).organisation


def everything(event):
    """Return all values of organisations and their names and domains, and which organisation each registration has."""
    db.session.expire_all()
    tables = Organisation.__table__, OrganisationMark.__table__
    rows = {
        table.name: [tuple(row) for row in db.session.execute(select(table).order_by(table.c.id))]
        for table in tables
    }
    people = db.session.execute(
        select(Registration.id, Registration.organisation_key).order_by(Registration.id)
    )
    return rows, [tuple(row) for row in people]


@pytest.fixture
def two(event):
    """Add two organisations: the first with two places, one of them by its mail domain, the second with one place."""
    police = store(event, "Polisen", "Police Authority", domains=("police.example",), country="SE", cap=3)
    region = store(event, "Polisen region nord", domains=("north.example",))
    for name, address in (
        ("Polisen", "a@example.org"),
        ("Unit", "b@police.example"),
        ("Unit 2", "c@north.example"),
    ):
        confirmed(event, organisation=name, email=address)
    return police, region


def test_everything_of_the_merged_one_counts_for_the_kept_one_whose_cap_holds(event, two):
    police, region = two
    outcome = do(event, merging.merge, region, police, 3)
    assert (outcome.settled, outcome.offered) == (1, 0)
    assert queries.count_by_key(event) == {"polisen": Numbers(3, 3)}
    assert [one.name for one in queries.list_all(event)] == ["Polisen"]
    assert queries.find(event, region.id) is None
    # The cap applies to both names and both domains, in the transaction that takes the place.
    assert not register(event, organisation="Polisen region nord").holds_place
    assert not register(event, organisation="Another", email="d@north.example").holds_place
    assert belonging.list_domains(event, ["polisen"]) == {"polisen": ["north.example", "police.example"]}
    with pytest.raises(MarkTaken) as refused:
        store(event, "Nobody", domains=("north.example",))
    db.session.rollback()
    assert refused.value.other.name == "Polisen"


def test_nobody_loses_a_place_above_the_cap_and_nobody_gets_one_until_it_is_below(event, two):
    police, region = two
    do(event, merging.merge, region, police, 2)
    assert event.taken == 3
    waiting = confirmed(event, organisation="Polisen")
    assert waiting.status == Status.WAITING
    do(event, actions.store, police, Written("Polisen", cap=4))
    db.session.expire_all()
    assert waiting.status == Status.OFFERED


def test_whoever_has_cancelled_is_no_registration_that_counts_differently(event):
    one, other = store(event, "Polisen"), store(event, "Tullverket")
    confirmed(event, organisation="Polisen")
    cancelled = confirmed(event, organisation="Polisen")
    write(lambda: cancelling.cancel(cancelled, actor="person", now=NOW))
    assert do(event, merging.merge, one, other, None).settled == 1
    db.session.refresh(cancelled)
    assert cancelled.organisation_key == other.key


def test_undoing_restores_every_value_and_whose_each_registration_is(event, two):
    police, region = two
    before = everything(event)
    do(event, merging.merge, region, police, 5)
    assert everything(event) != before
    row = queries.find_merge(event, region.id)
    assert merging.foresee_undoing(event, row) == merging.Undoing(Numbers(1, 1), gives_cap_back=True)
    do(event, merging.undo, row)
    assert everything(event) == before
    assert queries.list_merges(event) == []
    acts = db.session.scalars(select(AuditEntry).where(AuditEntry.action.like("organisation.%merged")))
    told = [(act.action, act.details.payload) for act in acts]
    assert told == [
        ("organisation.merged", {"merged": region.id, "caps": [3, 5], "registrations": 1, "offers": 0}),
        ("organisation.unmerged", {"merged": region.id, "caps": [5, 3], "registrations": 1, "offers": 0}),
    ]


def test_undoing_keeps_what_organisers_have_changed_since(event, two):
    police, region = two
    do(event, merging.merge, region, police, 5)
    do(event, actions.store, police, Written("The Police", ("Polisen",), cap=7))
    row = queries.find_merge(event, region.id)
    assert not merging.foresee_undoing(event, row).gives_cap_back
    do(event, merging.undo, row)
    assert actions.written_of(event, police) == Written("The Police", ("Polisen",), cap=7)
    assert sorted(queries.count_by_key(event)) == ["polisen region nord", "the police", "unit"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_undoing_merges_into_one_in_any_order_brings_the_first_cap_back(event, two, order):
    police, region = two
    south = store(event, "Polisen region syd")
    before = everything(event)
    do(event, merging.merge, region, police, 5)
    do(event, merging.merge, south, police, 8)
    first, second = (queries.find_merge(event, (region, south)[number].id) for number in order)
    assert merging.foresee_undoing(event, first).gives_cap_back == (order == (1, 0))
    do(event, merging.undo, first)
    assert police.cap == (8 if order == (0, 1) else 5)
    assert merging.foresee_undoing(event, second).gives_cap_back
    do(event, merging.undo, second)
    assert everything(event) == before


def test_merges_of_merged_ones_come_apart_in_their_order(event, two):
    police, region = two
    state = store(event, "State")
    confirmed(event, organisation="State")
    first = everything(event)
    do(event, merging.merge, region, police, 3)
    second = everything(event)
    do(event, merging.merge, police, state, None)
    assert queries.count_by_key(event) == {"state": Numbers(4, 4)}
    inner = queries.find_merge(event, region.id)
    assert merging.foresee_undoing(event, inner).blocked_by == state
    with pytest.raises(MergedFurther):
        do(event, merging.undo, inner)
    db.session.rollback()
    outer = queries.find_merge(event, police.id)
    assert merging.foresee_undoing(event, outer).numbers == Numbers(3, 3)
    do(event, merging.undo, outer)
    assert everything(event) == second
    do(event, merging.undo, queries.find_merge(event, region.id))
    assert everything(event) == first


def test_removing_the_kept_one_removes_what_was_merged_into_it(event, two):
    police, region = two
    do(event, merging.merge, region, police, 3)
    do(event, actions.remove, police)
    assert sorted(queries.count_by_key(event)) == ["polisen", "unit", "unit 2"]
    assert everything(event)[0] == {"organisations": [], "organisation_marks": []}
    # the name of the merged organisation is free for a new one
    store(event, "Polisen region nord", domains=("north.example",))


def test_an_organisation_of_another_event_is_no_merge_of_this_one(event, two):
    police, region = two
    do(event, merging.merge, region, police, 3)
    other = make_event(slug="nf29", is_current=False)
    assert queries.find_merge(other, region.id) is None
    assert (queries.list_merges(other), queries.list_distinctions(other)) == ([], set())
    assert queries.find_merge(event, police.id) is None


def proposals(event, most=9):
    named = duplicates.list_names(queries.list_all(event), queries.list_merges(event))
    pairs = duplicates.find_pairs(named, queries.list_distinctions(event), most=most)
    return [(pair.older.name, pair.younger.name) for pair in pairs]


def test_very_many_names_that_look_alike_are_compared_only_so_often(event, monkeypatch):
    """Comparing each of these 6,000 similar names with each other one would keep a worker busy for minutes."""
    known = [
        Organisation(id=number, key=f"region {number}", name=f"Region {number}") for number in range(1, 301)
    ]
    for one in known:
        aliases = [f"region number {one.id} unit {alias}" for alias in range(19)]
        one.marks = [OrganisationMark(kind="name", value=name) for name in (one.key, *aliases)]
    compared = []
    extract = duplicates.process.extract
    monkeypatch.setattr(
        duplicates.process,
        "extract",
        lambda name, values, **options: compared.append(len(values)) or extract(name, values, **options),
    )
    named = duplicates.list_names(known, [])
    assert len(named) == duplicates.MOST_COMPARED
    assert {one.counts_as.id for one in named if one.is_first} == {*range(1, 301)}
    assert len(duplicates.find_pairs(named, most=51)) == 51
    assert sum(compared) <= 3 * duplicates.MOST_COMPARED
    assert len(duplicates.find_similar(known[0], named)) > 200


def test_only_as_many_pairs_are_looked_for_as_are_shown(event):
    for number in range(4):
        store(event, f"Folkhälsomyndigheten {number}")
    assert len(proposals(event)) == 6
    assert len(proposals(event, most=2)) == 2


def test_what_was_told_apart_is_not_proposed_until_that_is_taken_back(event):
    one, other = store(event, "Folkhälsomyndigheten"), store(event, "Folkhälsomyndigheterna")
    assert proposals(event) == [("Folkhälsomyndigheten", "Folkhälsomyndigheterna")]
    for _ in range(2):
        write(merging.tell_apart, other, one, actor="user:1", now=NOW)
        assert proposals(event) == []
    write(merging.propose_again, one, other, actor="user:1", now=NOW)
    assert proposals(event) == [("Folkhälsomyndigheten", "Folkhälsomyndigheterna")]


def test_distinctions_outlive_a_merge_and_its_undoing(event):
    one, other = store(event, "Folkhälsomyndigheten"), store(event, "Folkhälsomyndigheterna")
    police = store(event, "Polisen")
    write(merging.tell_apart, one, other, actor="user:1", now=NOW)
    do(event, merging.merge, one, police, None)
    # The name of `one` counts for the police now, but `one` and `other` stay marked as different organisations:
    # nobody is asked to merge `other` with the police.
    assert proposals(event) == []
    do(event, merging.undo, queries.find_merge(event, one.id))
    assert proposals(event) == []
    write(merging.propose_again, one, other, actor="user:1", now=NOW)
    assert proposals(event) == [("Folkhälsomyndigheten", "Folkhälsomyndigheterna")]
