"""Acts on many people that are refused: too many tags, a removed sector, people in review, forecasts for too many."""

from types import SimpleNamespace

import pytest
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict

from forum.bulk import acts, forms, selection
from forum.bulk.selection import Selection
from forum.extensions import db
from forum.people import notes
from forum.registration.errors import NoSuchSector
from forum.tasks.enums import Outcome, TaskKind
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.registrations import confirmed, write


@pytest.fixture
def person(database):
    return confirmed(make_event(sectors=[make_sector("ngo"), make_sector("tech")]), "ngo")


def task(person, **payload) -> SimpleNamespace:
    return SimpleNamespace(payload=payload, event=person.event, started_by=1)


def test_too_many_tags_and_a_sector_that_is_gone_change_nobody(person):
    write(notes.set_tags, person, [f"tag{one}" for one in range(20)], actor="command", now=NOW)
    assert write(acts.tag, person, task(person, tags=["one-more"]), NOW) == Outcome.TOO_MANY_TAGS
    assert len(notes.list_tags(person)) == 20
    with pytest.raises(NoSuchSector):
        write(acts.move, person, task(person, sector="gone", may_wait=True), NOW)
    db.session.rollback()


def test_places_of_more_people_than_can_be_tried_are_not_foreseen(person, monkeypatch):
    monkeypatch.setattr(selection, "MOST_TRIED", -1)
    chosen = Selection.of(MultiDict(), person.event, 1)
    assert selection.foresee_places(chosen, user_id=1, now=NOW) is None


def test_whoever_is_in_review_is_left_alone_by_moving_and_by_cancelling_with_two_organisers(person):
    for kind, has_second in ((TaskKind.MOVE, False), (TaskKind.CANCEL, True)):
        person.event.has_second_reviewer = has_second
        outcomes = [outcome for _condition, outcome in selection._reasons(person.event, kind, 1)]
        assert Outcome.SECOND_NEEDED.value in outcomes
    db.session.rollback()


def test_tags_for_many_are_bounded(app):
    with app.test_request_context(method="POST", data={"tags": ", ".join(f"t{one}" for one in range(21))}):
        form = forms.TagManyForm(meta={"csrf": False})
        with force_locale("en"):
            assert not form.validate()
        assert form.errors == {"tags": ["Use at most 20 tags of at most 40 characters"]}
