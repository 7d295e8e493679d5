"""Deletes what tells where people were, a week after the event: answers, and what was chosen by them (P27).

Every place that keeps a filter of the attendee list, or people whom it has found, is listed here by its room. Tasks are
in none of them: a task has its people, but never what they were found by. Neither has the log, nor a cookie that
outlives a day. tests/privacy/test_whereabouts.py looks for an answer in every column of every table.
"""

from datetime import datetime

from sqlalchemy import select

from forum.extensions import db
from forum.imports import kept_tables
from forum.imports.table_models import ImportTable
from forum.mailings import whereabouts as mailings
from forum.registration import locating_answers, locating_traces


def forget(event_id: int, *, now: datetime) -> int:
    """Delete the event's answers that tell where somebody is, and all that they chose; return how many answers.

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
    # A table of people that has not been imported yet may have their answers.
    kept_tables.forget(db.session.scalars(select(ImportTable).where(ImportTable.event_id == event.id)).all())
    for question in questions:
        question.traces_deleted_at = now
    return deleted
