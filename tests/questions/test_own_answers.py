"""Ordinary answers are on the person's page, in own data and in the console; sensitive answers are in none of these."""

from datetime import timedelta

import pytest

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.questions.enums import QuestionKind
from forum.questions.models import Choice, Question
from forum.registration import given
from forum.registration.own_data import collect
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care
from tests.questions.test_asking import stored, withdraw
from tests.registration.filling import manage_token
from tests.registration.reading import recorded

GIVEN = {
    "dinner": "yes",
    "guests": 2,
    "track": "law",
    "arrival": "By train",
    "speaker": "Kept words",
    "diet": ["gluten"],
    "access": "A loop",
}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    clock.freeze(NOW)
    event = make_event()
    dinner = make_question(event, "dinner", QuestionKind.YES_NO, is_required=True)
    make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["yes"])
    make_question(event, "track", QuestionKind.ONE_OF, choices=("law", "care"))
    make_question(event, "arrival")
    make_question(event, "speaker", sectors=["ngo"])
    make_question(event, "diet", choices=("vegetarian", "gluten"), care=True, after=dinner, values=["yes"])
    make_question(event, "access", care=True)
    yield event
    clock.freeze(None)


@pytest.fixture
def person(event):
    person = confirmed(event, "justice")
    start_write(db.session)
    given.store(person, GIVEN, now=NOW)
    db.session.commit()
    return person


@pytest.fixture
def own(pages, person):
    pages.get(f"/en/r/{manage_token(person)}", follow=True)
    return pages


def test_person_reads_and_changes_ordinary_answers_until_they_freeze(own, person, event):
    page = own.get("self_service.show")
    told = dict(
        zip(page.all(".summary-list dt"), page.all(".summary-list dd:not(.summary-change)"), strict=True)
    )
    assert (told["Question guests"], told["Question track"], told["Question speaker"]) == (
        "2",
        "Choice law",
        "Kept words",
    )
    assert not {"Question diet", "A loop"} & {*told, *told.values()}
    change = own.get("self_service.change")
    assert change.form().data["q-guests"] == ["2"]
    own.post("self_service.change", {"q-track": "care", "q-dinner": "no"})
    # The number of guests is deleted with the answer on which it depends; answers to questions for other sectors stay.
    assert stored(person) == {"dinner": "no", "track": "care", "arrival": "By train", "speaker": "Kept words"}
    assert recorded(person)[-1][2] == {"fields": [], "questions": ["dinner", "guests", "track"]}
    start_write(db.session)
    event.freezes_at = NOW - timedelta(hours=1)
    db.session.commit()
    assert own.get("self_service.change", expect=303).location == "/en/r/"


def test_what_organisers_change_costs_no_answer(own, person, event, database):
    """Withdrawing a question or choice, or changing a condition, deletes no answer; nor does a person's next change."""
    withdraw(event, NOW, "arrival")
    start_write(db.session)
    choice = database.query(Choice).filter_by(key="law").one()
    choice.withdrawn_at = NOW
    arrival = database.query(Question).filter_by(key="speaker").one()
    arrival.sector_keys = ["politics"]
    guests = database.query(Question).filter_by(key="guests").one()
    guests.depends_on_values = ["no"]
    db.session.commit()
    before = stored(person)
    change = own.get("self_service.change")
    assert change.form().data["q-track"] == ["law"]
    change.submit({"title": "New"}, forged={"q-guests": ""})
    assert stored(person) == before
    assert "By train" in own.get("self_service.show").text


def test_care_answers_are_replaced_and_deleted_without_being_shown(own, person, event, database):
    page = own.get("self_service.care")
    heading = "The forum’s own questions"
    assert (heading in page.all("h2"), heading in own.get("self_service.change").all("h2")) == (False, True)
    assert ("A loop" in page.text, page.form().data["q-access"], page.form().data["q-diet"]) == (
        False,
        [""],
        [],
    )
    lengths = {len(person.care_answer.sealed_answer)}
    own.post("self_service.care", {"q-diet": ["vegetarian"]})
    database.expire_all()
    assert read_care(person) == {"diet": ["vegetarian"]}
    start_write(db.session)
    event.freezes_at = NOW - timedelta(hours=1)
    db.session.commit()
    frozen = own.get("self_service.care")
    assert "q-diet" not in frozen.form().data
    frozen.submit(button="Delete everything about food and access")
    database.expire_all()
    assert read_care(person) == {}
    lengths |= {len(person.care_answer.sealed_answer), len(confirmed(event).care_answer.sealed_answer)}
    assert len(lengths) == 1


def test_saving_the_page_about_food_and_access_with_nothing_chosen_keeps_what_was_told(own, person, database):
    page = own.get("self_service.care").submit(expect=422)
    assert page.title.startswith("Error:")
    assert "Nothing is chosen" in page.text
    database.expire_all()
    assert read_care(person) == {"diet": ["gluten"], "access": "A loop"}


def test_own_data_organisers_page_and_exports_have_ordinary_answers_alone(own, organiser, person, event):
    ordinary = {key: value for key, value in GIVEN.items() if key not in {"diet", "access"}}
    assert collect(person)["answers"] == ordinary
    data = own.get("self_service.own_data_page")
    assert ("Kept words" in data.text, "A loop" in data.text) == (True, False)
    page = organiser.get("attendees.show", event=event.slug, reference=person.reference)
    assert ("Kept words" in page.text, "A loop" in page.text, "Choice gluten" in page.text) == (
        True,
        False,
        False,
    )
    for purpose, has_answers in (("everything", True), ("groups", True), ("report", False), ("door", False)):
        wanted = {"purpose": purpose, "recipient": "office", "shape": "csv"}
        file = organiser.post("attendees.export", wanted, event=event.slug, expect=200)
        assert ("Kept words" in file.text, "Question track" in file.text) == (has_answers, has_answers)
        assert ("A loop" in file.text, "Question diet" in file.text) == (False, False)
