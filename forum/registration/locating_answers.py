"""Deletes the answers that tell where somebody is, a week after the event (P27).

Such answers are in three places: as rows, encrypted among those about diet and access, and in forms that nobody has
confirmed. Lists that were prepared with them are deleted, too. The values for undoing a merge are kept for a day only,
so they are deleted by then.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import undefer

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.health import steady_clock
from forum.questions.locating import KEPT_AFTER_EVENT, delete_at, has_been_emptied
from forum.questions.models import Answer, AnswerFile, Question
from forum.registration import kept_exports, places
from forum.registration.models import CareAnswer, Registration, Submission

ROWS_AT_ONCE = 500
# How long after its day a deletion may be waiting for a worker's clock that goes steadily.
MAY_BE_LATE = timedelta(days=2)


def list_due(*, now: datetime) -> Sequence[int]:
    """Return the ids of the events that ended a week ago and still have answers that tell where somebody is."""
    ended = Question.is_locating & (Event.ends_at <= now - KEPT_AFTER_EVENT)
    # Look for answers, too: somebody may have saved one at the very moment of the deletion.
    has_answers = exists().where(Answer.question_id == Question.id).label("has_answers")
    query = select(Question, Event, has_answers).join(Question.event).where(ended).order_by(Event.id)
    due = [
        event.id
        for question, event, is_answered in db.session.execute(query)
        if is_answered or not has_been_emptied(question, event)
    ]
    return list(dict.fromkeys(due))


def forget(event_id: int, *, now: datetime) -> int:
    """Delete the event's answers that tell where somebody is; return how many were deleted.

    A clock that has jumped, or a worker that was away, has to go steadily for a day first (R18): what is deleted cannot
    be brought back. The audit trail records of which questions, but neither of whom nor how many, because few answers
    about access may reveal a person (P06). This only flushes; the job commits.
    """
    event = db.session.get(Event, event_id)
    if event is None:
        return 0
    places.lock(event)
    if now < delete_at(event) or not steady_clock.is_steady(now):
        return 0
    asked = select(Question).where(Question.event_id == event.id, Question.is_locating).order_by(Question.id)
    questions = db.session.scalars(asked).all()
    ids, keys = {one.id for one in questions}, {one.key for one in questions}
    db.session.execute(delete(AnswerFile).where(AnswerFile.question_id.in_(ids)))
    rows = delete(Answer).where(Answer.question_id.in_(ids)).returning(Answer.registration_id)
    deleted = len(db.session.scalars(rows).all()) + _delete_sealed(event, keys)
    _delete_carried(event, keys)
    kept_exports.forget_with_questions(event.id, ids)
    for question in (one for one in questions if not has_been_emptied(one, event)):
        question.answers_deleted_at = now
        audit.record("question.answers_deleted", question, actor="worker", at=now, key=question.key)
    return deleted


def _delete_sealed(event: Event, keys: set[str]) -> int:
    """Delete the answers to these questions among those about diet and access; return how many."""
    deleted, last = 0, 0
    of_event = select(CareAnswer).join(Registration).where(Registration.event_id == event.id)
    while rows := db.session.scalars(
        of_event.where(CareAnswer.registration_id > last)
        .order_by(CareAnswer.registration_id)
        .limit(ROWS_AT_ONCE)
    ).all():
        last = rows[-1].registration_id
        for row in rows:
            told = row.answer.get("given", {})
            if gone := keys & told.keys():
                row.answer = {**row.answer, "given": _without(told, gone)}
                deleted += len(gone)
        db.session.flush()
    return deleted


def _delete_carried(event: Event, keys: set[str]) -> None:
    """Delete the answers to these questions from forms that nobody has confirmed."""
    carried = select(Submission).join(Submission.registration).options(undefer(Submission.sealed_given))
    mine = carried.where(Registration.event_id == event.id, Submission.sealed_given.is_not(None))
    for form in db.session.scalars(mine):
        if form.given and keys & form.given.keys():
            form.given = _without(form.given, keys)


def _without(told: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in keys}
