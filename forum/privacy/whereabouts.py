"""Deletes what tells where people were, a week after the event: answers, and lists of people found by them (P27).

Each package that stores filters of the attendee list, or people whom such filters match, has a function that is called
here. The package `tasks` needs none: a task has its people, but never the filter. Neither the log nor a cookie that
lasts more than a day has a filter. tests/privacy/test_whereabouts.py looks for an answer in each column of each table.
"""

from datetime import datetime

from sqlalchemy import select

from forum.extensions import db
from forum.imports import kept_tables
from forum.imports.table_models import ImportTable
from forum.mailings import whereabouts as mailings
from forum.registration import locating_answers, locating_traces


def forget(event_id: int, *, now: datetime) -> int:
    """Delete answers that tell where somebody is, and what was filtered by them; return how many answers were deleted.

    This only flushes; the job commits.
    """
    event = locating_answers.find_due(event_id, now=now)
    if event is None:
        return 0
    questions = locating_answers.list_questions(event)
    deleted = locating_answers.forget(event, questions, now=now)
    keys = {one.key for one in questions}
    locating_traces.forget(event, keys, now=now)
    mailings.forget(event, keys, now=now)
    # Delete tables of people that are stored for an import: they may answer questions that tell where somebody is.
    kept_tables.forget(db.session.scalars(select(ImportTable).where(ImportTable.event_id == event.id)).all())
    for question in questions:
        question.traces_deleted_at = now
    return deleted
