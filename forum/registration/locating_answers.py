"""Deletes the answers that tell where somebody is, a week after the event (P27).

Such answers are stored in three ways: as rows, encrypted among those about diet and access, and in forms that nobody
has confirmed. Lists that were prepared with them are deleted, too. `privacy/whereabouts`, which calls this module, also
deletes the filters by these answers and the lists of people found by them.

Answers of somebody whose data are restricted are kept and not used until the restriction ends, as that person was told:
to delete is to process, too (Art. 4(2) and 18 GDPR), and the restriction may be there to keep evidence.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import undefer

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.health import steady_clock
from forum.questions.locating import KEPT_AFTER_EVENT, delete_at, has_been_emptied, has_lost_traces
from forum.questions.models import Answer, AnswerFile, Question
from forum.registration import given, kept_exports, places
from forum.registration.models import CareAnswer, Registration, Submission
from forum.registration.restrictions import RESTRICTED

ROWS_AT_ONCE = 500
# How late a deletion may be before `forum doctor` reports it: after its clock has jumped, the worker deletes nothing
# for a day.
MAY_BE_LATE = timedelta(days=2)


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the events that ended a week ago and still have something that tells where somebody was."""
    ended = Question.is_locating & (Event.ends_at <= now - KEPT_AFTER_EVENT)
    # Look for answers even after the deletion: a person may have saved an answer at the very moment of the deletion.
    mine = Answer.question_id == Question.id, Answer.registration_id.not_in(RESTRICTED)
    has_answers = exists().where(*mine).label("has_answers")
    query = select(Question, Event, has_answers).join(Question.event).where(ended).order_by(Event.id)
    due = [
        event.id
        for question, event, is_answered in db.session.execute(query)
        if is_answered or not has_been_emptied(question, event) or not has_lost_traces(question, event)
    ]
    return list(dict.fromkeys(due))


def find_due(event_id: int, *, now: datetime) -> Event | None:
    """Return the event, locked, if its answers that tell where somebody is are to be deleted now; else None.

    A clock that has jumped, or a worker that was away, has to go steadily for a day first (R18): what is deleted cannot
    be brought back.
    """
    event = db.session.get(Event, event_id)
    if event is None:
        return None
    places.lock(event)
    return event if now >= delete_at(event) and steady_clock.is_steady(now) else None


def list_questions(event: Event) -> Sequence[Question]:
    """Return the event's questions whose answers tell where somebody is."""
    asked = select(Question).where(Question.event_id == event.id, Question.is_locating)
    return db.session.scalars(asked.order_by(Question.id)).all()


def forget(event: Event, questions: Sequence[Question], *, now: datetime) -> int:
    """Delete the answers to these questions; return how many were deleted.

    The audit trail records of which questions, but neither of whom nor how many, because few answers about access may
    reveal a person (P06). The event is locked (`find_due`). This only flushes.
    """
    ids, keys = {one.id for one in questions}, {one.key for one in questions}
    file_of = AnswerFile.registration_id
    files = AnswerFile.question_id.in_(ids), file_of.is_(None) | file_of.not_in(RESTRICTED)
    db.session.execute(delete(AnswerFile).where(*files))
    rows = delete(Answer).where(Answer.question_id.in_(ids), Answer.registration_id.not_in(RESTRICTED))
    answered = db.session.scalars(rows.returning(Answer.registration_id)).all()
    deleted = len(answered) + _delete_sealed(event, keys)
    _delete_carried(event, keys)
    kept_exports.forget_with_questions(event.id, ids)
    for question in (one for one in questions if not has_been_emptied(one, event)):
        question.answers_deleted_at = now
        audit.record("question.answers_deleted", question, actor="worker", at=now, key=question.key)
    return deleted


def look_again(registration: Registration) -> None:
    """Make the worker look for answers to delete in this event once more: a restriction that kept some has ended."""
    mine = update(Question).where(Question.event_id == registration.event_id, Question.is_locating)
    db.session.execute(mine.values(traces_deleted_at=None))


def _delete_sealed(event: Event, keys: set[str]) -> int:
    """Delete the answers to these questions from the sealed records about diet and access; return how many."""
    deleted, last = 0, 0
    mine = Registration.event_id == event.id, Registration.id.not_in(RESTRICTED)
    of_event = select(CareAnswer).join(Registration).where(*mine)
    while rows := db.session.scalars(
        of_event.where(CareAnswer.registration_id > last)
        .order_by(CareAnswer.registration_id)
        .limit(ROWS_AT_ONCE)
    ).all():
        last = rows[-1].registration_id
        for row in rows:
            told = row.answer.get("given", {})
            if gone := keys & told.keys():
                left = _without(told, gone)
                # If no answer is left, delete the note of the consent, too: it would tell that there was an answer.
                row.answer = {**row.answer, "given": left} if left else given.care({}, now=None)
                deleted += len(gone)
        db.session.flush()
    return deleted


def _delete_carried(event: Event, keys: set[str]) -> None:
    """Delete the answers to these questions from forms that nobody has confirmed."""
    carried = select(Submission).join(Submission.registration).options(undefer(Submission.sealed_given))
    mine = Registration.event_id == event.id, Registration.id.not_in(RESTRICTED)
    for form in db.session.scalars(carried.where(*mine, Submission.sealed_given.is_not(None))):
        if form.given and keys & form.given.keys():
            form.given = _without(form.given, keys)


def _without(told: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in keys}
