"""What a process remembers of the database: names of events and questions, until public content changes."""

from itertools import count

import pytest
from sqlalchemy import delete, select, update

from forum.columns import Text
from forum.database import start_write
from forum.events import kept_values
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries as questions
from forum.questions.models import Choice, Question
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed

LIST = "/console/nf27/attendees"


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


def test_a_value_is_read_once_for_each_version(app):
    """A value is read again for another content version, newer or older, and each time when there is no version."""
    read = count()
    with app.app_context():
        told = [
            kept_values.of_version("one", version, lambda: next(read))
            for version in (5, 5, 6, 6, 5, None, None, 5)
        ]
    assert told == [0, 0, 1, 1, 2, 3, 4, 2]


def test_values_of_different_names_are_kept_apart_and_are_few(app):
    """Values of different names do not replace one another; a process remembers only a limited number of values."""
    with app.app_context():
        told = [
            kept_values.of_version(("one", number), 1, lambda number=number: number) for number in range(500)
        ]
        assert told == [*range(500)]
        assert len(app.extensions["kept_values"]) <= kept_values.KEPT_AT_MOST


def change(statement_or_row):
    """Write one change in a transaction of its own."""
    start_write(db.session)
    statement_or_row()
    db.session.commit()


def test_list_shows_a_changed_question_at_once(sign_in_as, event):
    """Filters and columns follow each change of a question: its words, its choices, its withdrawal."""
    make_question(event, "days", choices=("one", "two"))
    confirmed(event)
    organiser = sign_in_as(event=event)

    def offered():
        page = organiser.get(LIST)
        boxes = [box["value"] for box in page.soup.select("input[name=answer]")]
        return page.all(".column-choice .pick-box")[-1], boxes

    everything = ["days:one", "days:two", "days:-"]
    assert offered() == offered() == ("Question days", everything)
    named = Question.key == "days"
    change(
        lambda: db.session.execute(
            update(Question).where(named).values(label=Text(sv="Dagar", en="Which days"))
        )
    )
    assert offered() == ("Which days", everything)
    change(lambda: db.session.execute(delete(Choice).where(Choice.key == "two")))
    assert offered() == ("Which days", ["days:one", "days:-"])
    organiser.get(f"{LIST}?answer=days:two", expect=404)
    change(lambda: db.session.execute(update(Question).where(named).values(withdrawn_at=NOW)))
    assert offered()[1] == []


def test_list_leaves_out_a_question_whose_answers_were_deleted_after_the_event(sign_in_as, event):
    """The filter by a question is gone as soon as its answers are: what is remembered does not bring it back (P27)."""
    make_question(event, "hotel", choices=("one", "two"))
    organiser = sign_in_as(event=event)
    assert organiser.get(LIST).soup.select("input[name=answer]")
    emptied = update(Question).values(answers_deleted_at=event.ends_at.replace(year=event.ends_at.year + 1))
    change(lambda: db.session.execute(emptied))
    assert not organiser.get(LIST).soup.select("input[name=answer]")


def test_remembered_questions_belong_to_no_session(app, event):
    """Remembered questions, with their choices, can be read in any later request: no database session owns them."""
    make_question(event, "days", choices=("one", "two"))
    version = events.content_version()
    (first,) = questions.list_named(event.id, version)
    assert first not in db.session
    db.session.rollback()
    (again,) = questions.list_named(event.id, version)
    assert again is first
    assert (again.key, [choice.key for choice in again.choices]) == ("days", ["one", "two"])
    (own,) = questions.list_named(event.id)
    assert own is not first
    assert own in db.session


def test_menu_of_events_follows_each_change(sign_in_as, event):
    """A renamed, published, new or removed event is in the menu of the next page."""
    make_event(slug="nf29", is_current=False, is_published=False)
    admin = sign_in_as()

    def listed():
        return [
            link.get_text(" ", strip=True) for link in admin.get(LIST).soup.select(".console-choices li a")
        ]

    before = listed()
    assert before == listed()
    assert len(before) == 2
    mine = Event.slug == "nf29"
    change(lambda: db.session.execute(update(Event).where(mine).values(short_name=Text(sv="Nytt", en="New"))))
    assert any(text.startswith("New Not published") for text in listed())
    change(lambda: setattr(db.session.scalars(select(Event).where(mine)).one(), "is_published", True))
    assert not any("Not published" in text for text in listed())
    make_event(slug="nf31", is_current=False)
    assert len(listed()) == 3


def test_form_that_changes_something_uses_nothing_remembered(sign_in_as, event, app):
    """Only a GET request uses remembered values: a form that is sent may itself change them."""
    make_question(event, "days", choices=("one", "two"))
    confirmed(event)
    organiser = sign_in_as(event=event)
    page = organiser.get(f"{LIST}?answer=days:-")
    assert ("questions", event.id) in app.extensions["kept_values"]
    app.extensions["kept_values"].clear()
    page.form("form.column-choice").submit({"column": ["answer-days"]})
    assert app.extensions["kept_values"] == {}
