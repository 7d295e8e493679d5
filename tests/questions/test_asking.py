"""The registration form asks an event's own questions, and the confirming link stores the answers of its form."""

from threading import Thread

import pytest
from sqlalchemy import select, update

from forum import clock
from forum.columns import Text
from forum.database import start_write
from forum.events import queries as events
from forum.extensions import db
from forum.questions import queries
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer, Choice, Question
from forum.registration.models import Registration, Submission
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, read_care
from tests.registration.filling import ANSWERS, checked, link_in, mails
from tools.pages import counted_statements

TYPED = {
    "q-arrival": "Med tåg",
    "q-wishes": "One\r\nTwo",
    "q-nights": "2",
    "q-dinner": "yes",
    "q-track": "law",
    "q-day": "2027-05-03",
    "q-from": "IS",
    "q-diet": ["vegetarian", "gluten"],
    "q-allergies": "Hasselnötter",
    "q-speaker": "Yes please",
}
STORED = {
    "arrival": "Med tåg",
    "wishes": "One\nTwo",
    "nights": 2,
    "dinner": "yes",
    "track": "law",
    "day": "2027-05-03",
    "from": "IS",
}
CARE = {"diet": ["vegetarian", "gluten"], "allergies": "Hasselnötter"}


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url, FORM_MIN_SECONDS=0)


@pytest.fixture(autouse=True)
def event(database):
    clock.freeze(NOW)
    event = make_event()
    make_question(event, "arrival")
    make_question(event, "wishes", QuestionKind.LONG_TEXT)
    make_question(event, "nights", QuestionKind.NUMBER)
    dinner = make_question(event, "dinner", QuestionKind.YES_NO, is_required=True)
    make_question(event, "track", QuestionKind.ONE_OF, choices=("law", "care"))
    make_question(event, "day", QuestionKind.DATE)
    make_question(event, "from", QuestionKind.COUNTRY)
    diet = make_question(
        event, "diet", choices=("vegetarian", "gluten"), after=dinner, values=["yes"], care=True
    )
    make_question(event, "access", QuestionKind.LONG_TEXT, care=True)
    make_question(
        event, "allergies", QuestionKind.LONG_TEXT, after=diet, values=["gluten"], care=True, is_required=True
    )
    make_question(event, "speaker", sectors=["ngo"])
    yield event
    clock.freeze(None)


def test_questions_are_kept_until_one_of_them_changes(app, event):
    """A registration reads only the content version while questions are cached; each change of a question raises it."""
    db.session.rollback()
    with counted_statements(app) as statements:
        first = queries.list_kept("nf27")
        db.session.rollback()
        assert queries.list_kept("nf27") == first
    # One query for the questions; on PostgreSQL also two for the content version.
    assert len(statements) == (1 if db.engine.dialect.name == "sqlite" else 3)
    question = db.session.scalar(select(Question).where(Question.key == "arrival"))
    start_write(db.session)
    question.label = Text(sv="Annat", en="Other")
    db.session.commit()
    assert str(next(one.label for one in queries.list_kept("nf27") if one.key == "arrival")["en"]) == "Other"
    start_write(db.session)
    db.session.execute(update(Question).where(Question.key == "day").values(withdrawn_at=NOW))
    db.session.commit()
    assert "day" not in {one.key for one in queries.list_kept("nf27")}
    start_write(db.session)
    db.session.delete(db.session.scalar(select(Choice).where(Choice.key == "law")))
    db.session.commit()
    track = next(one for one in queries.list_kept("nf27") if one.key == "track")
    assert [choice.key for choice in track.choices] == ["care"]
    for number in range(queries.KEPT_AT_MOST + 5):
        assert queries.list_kept(f"none{number}") == []
    assert len(app.extensions["kept_questions"]) <= queries.KEPT_AT_MOST


def test_questions_that_an_older_transaction_reads_are_not_kept_for_the_newer_version(app, event):
    db.session.rollback()
    events.content_version()  # this statement begins the older transaction

    def rename():
        with app.app_context():
            start_write(db.session)
            db.session.scalar(select(Question).where(Question.key == "arrival")).label = Text(en="Other")
            db.session.commit()

    thread = Thread(target=rename)
    thread.start()
    thread.join()
    queries.list_kept("nf27")
    db.session.rollback()
    assert next(one.label for one in queries.list_kept("nf27") if one.key == "arrival") == {"en": "Other"}


def stored(registration: Registration) -> dict:
    query = select(Question.key, Answer.value).join(Answer.question)
    return dict(db.session.execute(query.where(Answer.registration_id == registration.id)).all())


def withdraw(event, moment, *keys):
    start_write(db.session)
    mine = (Question.event_id == event.id) & (Question.key.in_(keys) if keys else True)
    db.session.execute(update(Question).where(mine).values(withdrawn_at=moment))
    db.session.commit()


def test_answers_go_from_the_form_by_check_page_language_and_link_to_their_tables(pages, database):
    form = pages.get("registration.details", sector="justice")
    assert ("Question dinner" in form.text, "Question speaker" in form.text) == (True, False)
    check = checked(pages, **TYPED)
    assert {"Med tåg", "2", "Yes", "Choice law", "May 3, 2027", "Iceland"} <= set(
        check.all(".summary-list dd")
    )
    assert "Choice vegetarian; Choice gluten" in check.all(".summary-list dd")
    swedish = check.submit(button="Svenska", follow=True)
    assert "Svar law" in swedish.all(".summary-list dd")
    swedish.submit(button="Anmäl dig", follow=True)
    person = database.query(Registration).one()
    assert (stored(person), read_care(person)) == ({}, {})
    page = pages.get(link_in(mails(database)[-1]))
    assert "Med tåg" in page.all(".summary-list dd")
    assert "Hasselnötter" not in page.text
    assert [label for label in page.all(".summary-list dt") if label.removeprefix("Question ") in CARE] == []
    page.submit(button="Confirm my address")
    database.expire_all()
    assert (stored(person), read_care(person)) == (STORED, CARE)
    form = database.query(Submission).one()
    assert (form.answers, form.given) == (None, None)


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (
            {"q-dinner": "", "q-nights": "two", "q-day": "3 May", "q-from": "XX", "q-track": "gone"},
            {
                "q-dinner": "Choose yes or no",
                "q-nights": "Enter a whole number in digits, such as 2",
                "q-day": "Enter a day as year, month and day, such as 2027-05-03",
                "q-from": "Choose a country",
                "q-track": "Choose among the answers that are offered now",
            },
        ),
        (
            {"q-diet": ["gone", "gluten"], "q-allergies": "", "q-arrival": "x" * 201},
            {
                "q-diet": "Choose among the answers that are offered now",
                "q-allergies": "Write an answer",
                "q-arrival": "Use at most 200 characters",
            },
        ),
        ({"q-arrival": "I am 811218-9876"}, {"q-arrival": "This looks like a national identity number."}),
        ({"q-allergies": "ö" * 300, "q-access": "å" * 100}, {"q-allergies": "too long together"}),
        ({"q-dinner": "no", "q-allergies": "", "q-diet": ["gone"], "q-speaker": "x" * 2000}, {}),
        ({"q-dinner": "no", "q-allergies": "811218-9876"}, {}),
        ({"q-diet": [], "q-allergies": ""}, {}),
    ],
)
def test_each_answer_is_checked_where_its_condition_holds(pages, typed, wrong):
    status = 422 if wrong else 200
    form = pages.get("registration.details", sector="justice")
    page = form.submit({**ANSWERS, **TYPED}, forged=typed, expect=status, follow=True)
    assert page.h1 == ("Your details" if wrong else "Check your answers")
    for name, message in wrong.items():
        (error,) = page.all(f"#{name}-error")
        assert message in error
    if wrong:
        assert page.form().data["q-arrival"] == [typed.get("q-arrival", "Med tåg")]


def test_what_is_not_asked_is_kept_on_the_way_and_not_stored(pages, database):
    """Whoever changes the sector or an answer, and changes it back, need not type dependent answers again."""
    check = checked(pages, "ngo", **{**TYPED, "q-dinner": "no"})
    assert ("Yes please" in check.text, "Hasselnötter" in check.text) == (True, False)
    other = check.submit(button="Choose another sector", follow=True)
    page = other.submit(button="Justice", follow=True)
    assert "Question speaker" not in page.text
    data = page.form().data
    assert (data["q-speaker"], data["q-allergies"]) == (["Yes please"], ["Hasselnötter"])
    page.submit(follow=True).submit(button="Register", follow=True)
    assert set(database.query(Submission).one().given) == {*STORED}


def test_each_link_carries_the_answers_of_its_own_form(pages, database, event):
    known = confirmed(event, email="known@example.org")
    for arrival in ("By train", "By boat"):
        for email in ("new@example.org", known.email):
            typed = {**TYPED, "q-arrival": arrival, "email": email}
            checked(pages, **typed).submit(button="Register")
    received = [mail for mail in mails(database, "received") if mail.recipient == "new@example.org"]
    pages.get(link_in(received[0])).submit(button="Confirm my address")
    person = database.query(Registration).filter_by(email="new@example.org").one()
    assert (stored(person)["arrival"], stored(known)) == ("By train", {})


def test_a_question_that_comes_while_the_form_is_open_is_asked_before_registering(pages, database, event):
    withdraw(event, NOW)
    check = checked(pages)
    withdraw(event, None)
    page = check.submit(button="Register", expect=422)
    assert page.all("#q-dinner-error") == ["Error: Choose yes or no"]
    assert database.query(Registration).count() == 0


def test_the_pages_of_a_registration_read_the_questions_once_and_then_only_the_version(
    pages, database, event
):
    withdraw(event, NOW)
    asked = []
    for email in ("first@example.org", "second@example.org"):
        shown = pages.get("registration.details", sector="justice")
        taken = shown.submit({**ANSWERS, "email": email})
        seen = pages.get(taken.location)
        sent = seen.submit(button="Register")
        for page in (shown, taken, seen, sent):
            asked.append(sum("FROM questions" in one for one in page.statements))
            assert [one for one in page.statements if "answers" in one.split()] == []
            assert sum("content_version" in one for one in page.statements) <= 1
    # The first page reads the current event; the next ones read the event that the form names.
    assert asked == [1, 0, 1, 0, 0, 0, 0, 0]
