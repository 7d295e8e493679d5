"""Copying an event's organisations into another year's: the data that organisers entered, without any registration."""

from datetime import date

import pytest
from sqlalchemy import select

from forum.events import copying as events
from forum.extensions import db
from forum.organisations import actions, merging, queries
from forum.organisations.actions import Written
from forum.organisations.copying import copy_organisations
from forum.registration.organisation_models import Organisation
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write

BY = {"actor": "user:1", "now": NOW}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def copy(event):
    made = events.copy_event(event, first_day=date(2028, 11, 14), name="Forum 2028", language="en", **BY)
    copy_organisations(event, made)
    return made


def test_what_organisers_have_written_is_copied_with_merges_that_can_be_undone(database):
    event = make_event(sectors=[make_sector("justice"), make_sector("ngo")])
    police, region, customs = (
        write(actions.store, event, None, written, **BY).organisation
        for written in (
            Written("Polisen", ("Police",), ("police.example",), "SE", "justice", cap=3, is_suggested=True),
            Written("Polisen nord", domains=("north.example",)),
            Written("Polisens museum"),
        )
    )
    confirmed(event, "ngo", organisation="Polisen nord")
    write(merging.merge, event, region, police, 4, **BY)
    write(merging.tell_apart, police, customs, **BY)
    made = write(copy, event)
    assert [actions.written_of(made, one) for one in queries.list_all(made)] == [
        actions.written_of(event, one) for one in queries.list_all(event)
    ]
    assert {one.event_id for one in queries.list_all(made)} == {made.id}
    assert queries.count_by_key(made) == {}
    (apart,) = queries.list_distinctions(made)
    assert [db.session.get_one(Organisation, number).name for number in apart] == [
        "Polisen",
        "Polisens museum",
    ]
    (row,) = queries.list_merges(made)
    assert (row.merged.name, row.kept.name, row.merged.counts_as_id) == (
        "Polisen nord",
        "Polisen",
        row.kept_id,
    )
    write(merging.undo, made, row, **BY)
    assert [(one.name, one.cap) for one in queries.list_all(made)] == [
        ("Polisen", 3),
        ("Polisen nord", None),
        ("Polisens museum", None),
    ]
    # Undoing the merge in the copy does not undo it in the first event.
    assert [one.name for one in queries.list_all(event)] == [
        "Polisen",
        "Polisens museum",
    ]


def test_an_organisation_whose_sector_the_copy_lacks_belongs_to_none(database):
    event = make_event(sectors=[make_sector("justice"), make_sector("ngo")])
    write(actions.store, event, None, Written("Polisen", sector="justice"), **BY)
    made = write(copy, event)
    other = make_event(slug="nf30", is_current=False, sectors=[make_sector("ngo")])
    write(copy_organisations, event, other)
    assert db.session.scalars(
        select(Organisation.sector_id).where(Organisation.event_id == other.id)
    ).all() == [None]
    assert made.sectors[0].id in db.session.scalars(select(Organisation.sector_id)).all()
