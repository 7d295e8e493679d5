"""Questions whose answers tell where somebody is, such as hotel, day of arrival, table or seat (P27).

Such answers are deleted some days after the event, everybody's alike: were those of people with protected identity
missing alone, the gap would tell who is protected (P21).
"""

from datetime import datetime, timedelta

from flask_babel import ngettext
from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.questions.models import Question

KEPT_AFTER_EVENT = timedelta(days=7)


def delete_at(event: Event) -> datetime:
    """Return the moment from which the event keeps no answer that tells where somebody is."""
    return event.ends_at + KEPT_AFTER_EVENT


def kept_words() -> str:
    """Return the sentence, shown below a question that tells where somebody is, on how long an answer is kept."""
    return ngettext(
        "We delete your answer %(num)s day after the forum.",
        "We delete your answer %(num)s days after the forum.",
        KEPT_AFTER_EVENT.days,
    )


def has_been_emptied(question: Question, event: Event) -> bool:
    """Return whether the question's answers were deleted after the event, so that nobody is asked it again.

    If the event was since moved to later days, it asks the question again.
    """
    return question.answers_deleted_at is not None and question.answers_deleted_at >= delete_at(event)


def has_lost_traces(question: Question, event: Event) -> bool:
    """Return whether filters by the question's answers, and lists made by them, were deleted after the event."""
    return question.traces_deleted_at is not None and question.traces_deleted_at >= delete_at(event)


def list_emptied(event: Event) -> set[str]:
    """Return the keys of the questions whose answers were deleted after the event, as the database has them now."""
    emptied = Question.event_id == event.id, Question.answers_deleted_at >= delete_at(event)
    return set(db.session.scalars(select(Question.key).where(*emptied)))
