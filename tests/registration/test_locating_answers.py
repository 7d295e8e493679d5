"""Answers that tell where somebody is are deleted a week after the event, everybody's alike (P21, P27, R18)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from forum import clock
from forum.accounts.enums import Role
from forum.audit.models import AuditEntry
from forum.columns import Text
from forum.commands.doctor import doctor
from forum.database import start_write
from forum.extensions import db
from forum.health import steady_clock
from forum.jobs.table import JOBS
from forum.questions import ready_made
from forum.questions.enums import QuestionKind
from forum.questions.models import Answer, AnswerFile, Question
from forum.registration import actions, given, locating_answers, own_care, tallies
from forum.registration.models import CareAnswer, Registration, Submission
from tests.factories.events import NOW, make_event, make_page
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, register, write
from tests.factories.saving import save
from tests.factories.steady_clock import go_steadily
from tests.registration.filling import manage_token

JOB = [job for job in JOBS if job.name == "forget where people were"]
ROOM, SEAT = "Zqroom 12", "Zqseat 7"
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@pytest.fixture
def app(make_app, database_url):
    return make_app(database_url)


@pytest.fixture
def event(database):
    """Save an event that asks for the room, for the seat among access needs, and for a subject."""
    event = make_event()
    make_question(event, "room", is_locating=True)
    make_question(event, "seat", care=True, is_locating=True)
    make_question(event, "subject")
    make_question(event, "diet", care=True)
    plan = {"file_types": ["pdf"], "most_megabytes": 1}
    make_question(event, "ticket", QuestionKind.FILE, is_locating=True, **plan)
    return event


def answer(person: Registration, **told: str) -> None:
    """Store the answers of a person whose address is confirmed."""
    write(given.store, person, told, now=NOW)


def attach(person: Registration) -> None:
    """Store a file as the person's answer about the ticket."""
    question = db.session.scalars(select(Question).where(Question.key == "ticket")).one()
    file = save(
        AnswerFile(
            key="f" * 32,
            question_id=question.id,
            registration_id=person.id,
            file_type="pdf",
            size=4,
            received_at=NOW,
            content=b"%PDF",
        )
    )
    value = {"key": file.key, "name": "ticket.pdf", "size": 4}
    save(Answer(registration_id=person.id, question_id=question.id, value=value))


def told(person: Registration) -> dict:
    """Return all answers of a person by the question's key, as they are stored now."""
    db.session.rollback()
    db.session.expire_all()
    query = select(Question.key, Answer.value).join(Answer, Answer.question_id == Question.id)
    ordinary = dict(db.session.execute(query.where(Answer.registration_id == person.id)).all())
    return ordinary | db.session.get_one(CareAnswer, person.id).answer["given"]


def delete_at(moment) -> None:
    """Let the worker's job run at a moment, by a clock that has gone steadily."""
    go_steadily(moment)
    run_at(moment)


def run_at(moment) -> None:
    """Let the worker's job run at a moment."""
    (job,) = JOB
    for number in job.each(now=moment):
        write(job.run, number, now=moment)


def test_answers_that_tell_where_people_are_end_a_week_after_the_event_and_others_stay(event):
    protected = confirmed(event, is_protected=True, real_name="Verkliga Namnet")
    twin, cancelled = confirmed(event), confirmed(event)
    for person in (protected, twin, cancelled):
        answer(person, room=ROOM, seat=SEAT, subject="cases", diet="vegan")
    attach(twin)
    elsewhere = make_event(slug="nf31", is_current=False, ends_at=event.ends_at + timedelta(days=1))
    make_question(elsewhere, "room", is_locating=True)
    other = confirmed(elsewhere)
    answer(other, room=ROOM)
    write(actions.cancel, cancelled, actor="person", now=NOW)
    before = {"room": ROOM, "seat": SEAT, "subject": "cases", "diet": "vegan"}
    delete_at(event.ends_at + WEEK - timedelta(seconds=1))
    assert told(protected) == before
    delete_at(event.ends_at + WEEK)
    left = {"subject": "cases", "diet": "vegan"}
    assert [told(person) for person in (protected, twin, cancelled, other)] == [
        left,
        left,
        left,
        {"room": ROOM},
    ]
    assert db.session.scalars(select(AnswerFile)).all() == []
    entries = (
        select(AuditEntry).where(AuditEntry.action == "question.answers_deleted").order_by(AuditEntry.id)
    )
    said = [entry.details.payload for entry in db.session.scalars(entries).unique()]
    assert said == [{"key": "room"}, {"key": "seat"}, {"key": "ticket"}]
    assert locating_answers.list_due(now=event.ends_at + WEEK) == []


def test_answers_of_a_form_that_nobody_confirmed_go_too(event):
    person = register(event, given={"room": ROOM, "seat": SEAT, "subject": "cases"})
    assert told(person) == {}
    delete_at(event.ends_at + WEEK)
    form = db.session.scalars(select(Submission).where(Submission.registration_id == person.id)).one()
    assert form.given == {"subject": "cases"}


def test_a_clock_that_jumps_past_the_day_deletes_nothing_until_it_has_gone_steadily_for_a_day(event):
    person, due = confirmed(event), event.ends_at + WEEK
    answer(person, room=ROOM, seat=SEAT)
    before = {"room": ROOM, "seat": SEAT}
    run_at(due)
    assert told(person) == before
    go_steadily(NOW)
    for jumped in (due, due + HOUR / 2, due + 3 * DAY):
        run_at(jumped)
        write(steady_clock.watch, now=jumped)
        run_at(jumped)
        assert told(person) == before
    # The clock is set right again, and has gone steadily for a day when the answers are due to be deleted.
    write(steady_clock.watch, now=NOW + HOUR)
    run_at(due)
    assert told(person) == before
    delete_at(due)
    assert told(person) == {}


def test_an_answer_sent_before_the_deletion_and_saved_after_it_is_left_out(app, event, pages, monkeypatch):
    """The form is read before the deletion, which locks the event first, and comes to its saving after waiting.

    Stored answers have changed meanwhile, so the person is asked to send the form again; then the answer is left out.
    """
    person, due, begin = confirmed(event), event.ends_at + WEEK, own_care.start_write
    answer(person, room=ROOM, seat=SEAT)
    clock.freeze(due)
    pages.get(f"/en/r/{manage_token(person)}", follow=True)
    page = pages.get("self_service.care")

    def delete_first(session) -> None:
        with app.app_context():
            delete_at(due)
        begin(session)

    monkeypatch.setattr(own_care, "start_write", delete_first)
    again = page.submit({"q-seat": "Zqseat 8", "q-diet": "vegan"}, button="Save", expect=409)
    assert told(person) == {}
    monkeypatch.setattr(own_care, "start_write", begin)
    again.submit({"q-diet": "vegan"}, button="Save")
    assert told(person) == {"diet": "vegan"}
    write(given.change_care, person, {"seat": "Zqseat 9"}, now=due)
    late = given.Answered(db.session.scalars(select(Question)).all(), {"room": ROOM, "subject": "cases"})
    write(given.change, person, late, now=due)
    assert told(person) == {"subject": "cases"}


def test_an_event_that_is_moved_asks_again_and_an_answer_saved_in_between_goes_as_well(event):
    person = confirmed(event)
    answer(person, room=ROOM)
    delete_at(event.ends_at + WEEK)
    assert [question.key for question in given.asking(person)["questions"]] == ["subject"]
    answer(person, room=ROOM, subject="cases")
    assert locating_answers.list_due(now=event.ends_at + WEEK) == [event.id]
    delete_at(event.ends_at + WEEK)
    assert told(person) == {"subject": "cases"}
    start_write(db.session)
    event.ends_at += timedelta(days=30)
    db.session.commit()
    assert [question.key for question in given.asking(person)["questions"]] == ["room", "subject", "ticket"]
    answer(person, room=ROOM)
    delete_at(event.ends_at + WEEK)
    assert told(person) == {"subject": "cases"}


def test_form_and_privacy_notice_say_how_long_such_an_answer_is_kept(frozen, event, pages):
    make_page(event, "privacy", body=Text(sv="{{field-register}}", en="{{field-register}}"))
    rows = pages.get("events.page", slug="privacy").all("tbody tr")
    kept = {
        key: "Until seven days after the forum." in next(row for row in rows if f"Question {key}" in row)
        for key in ("room", "seat", "ticket", "subject", "diet")
    }
    assert kept == {"room": True, "seat": True, "ticket": True, "subject": False, "diet": False}
    form = pages.get("registration.details", sector="justice").text
    assert form.count("We delete your answer 7 days after the forum.") == 3
    assert "Hjälp room Vi raderar ditt svar 7 dagar efter forumet." in (
        pages.get("registration.details", sector="justice", lang="sv").text
    )


def test_organiser_marks_a_question_and_what_depends_on_it(frozen, event, sign_in_as):
    hotel = make_question(event, "hotel", QuestionKind.YES_NO)
    which = make_question(event, "which", after=hotel, values=["yes"])
    pages = sign_in_as(Role.ORGANISER, event)
    page = pages.get("questions.edit", event="nf27", question=hotel.id)
    page = page.submit({"is_locating": True}, button="Save", expect=422)
    assert page.errors == {
        "is_locating": "“Question which” depends on this question, so its answers tell where somebody is, too."
        " Tick it there first."
    }
    for question in (which, hotel):
        page = pages.get("questions.edit", event="nf27", question=question.id)
        page = page.submit({"is_locating": True}, button="Save", follow=True)
        assert page.flashes == ["Saved."]
    assert page.text.count("The answers are deleted seven days after the event.") == 5
    delete_at(event.ends_at + WEEK)
    page = pages.get("questions.index", event="nf27")
    assert page.text.count("The answers were deleted on 24 November 2027.") == 5
    page = pages.get("questions.edit", event="nf27", question=which.id)
    page = page.submit({"is_locating": False}, button="Save", expect=422)
    assert page.errors["is_locating"].startswith("The answers to “Question hotel” tell where somebody is")


def test_forum_doctor_tells_of_answers_that_are_kept_too_long(frozen, event, app):
    """A worker that pauses each night never deletes the answers, although pages promise that they are deleted."""
    told = []
    for late in (DAY, 2 * DAY):
        clock.freeze(event.ends_at + WEEK + late)
        told.append(app.test_cli_runner().invoke(doctor, ["--offline"]).output)
    delete_at(clock.now())
    told.append(app.test_cli_runner().invoke(doctor, ["--offline"]).output)
    assert ["BAD  whereabouts: answers to 1 event that tell where people are" in each for each in told] == [
        False,
        True,
        False,
    ]


def test_pages_say_how_long_answers_to_a_withdrawn_question_are_kept(frozen, event, sign_in_as):
    """An event that is moved to later days asks its questions again, so their answers are to be deleted once more."""
    to_come, done = "The answers are deleted seven days after the event.", "The answers were deleted on"
    room = db.session.scalars(select(Question).where(Question.key == "room")).one()
    pages = sign_in_as(Role.ORGANISER, event)
    page = pages.get("questions.withdraw", event="nf27", question=room.id)
    assert to_come in page.text
    page = page.submit(button="Withdraw the question", follow=True)
    assert "Answers that were given are kept" not in page.text
    assert page.text.count(to_come) == 3
    delete_at(event.ends_at + WEEK)
    page = pages.get("questions.index", event="nf27")
    assert (page.text.count(to_come), page.text.count(done)) == (0, 3)
    write(setattr, event, "ends_at", event.ends_at + 4 * WEEK)
    page = pages.get("questions.index", event="nf27")
    assert (page.text.count(to_come), page.text.count(done)) == (3, 0)
    assert "were deleted after the event" not in pages.get("counts.show", event="nf27").text


def test_an_answer_in_a_form_that_nobody_confirmed_holds_the_mark(event, sign_in_as):
    register(event, given={"room": ROOM, "seat": SEAT})
    room, seat, subject = (
        db.session.scalars(select(Question).where(Question.key == key)).one()
        for key in ("room", "seat", "subject")
    )
    assert [tallies.is_answered(one) for one in (room, seat, subject)] == [True, True, False]
    page = sign_in_as(Role.ORGANISER, event).get("questions.edit", event="nf27", question=room.id)
    page = page.submit({"is_locating": False}, button="Save", expect=422)
    assert "is_locating" in page.errors


def test_ready_made_questions_about_arrival_room_and_seat_are_marked():
    marked = {one.key for each in ready_made.list_sets() for one in each.questions if one.is_locating}
    assert marked == {"arrival", "sessions", "access", "access-other"}
