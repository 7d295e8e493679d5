"""The columns of an exported list for the event's own questions, without those about diet and access (S14)."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any

from sqlalchemy import select

from forum.questions import queries
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Answer, Question
from forum.questions.values import read_day
from forum.questions.wording import answer_text
from forum.registration.enums import ExportPurpose
from forum.registration.models import Registration
from forum.web.languages import in_language

PREFIX = "question-"
# The purposes for which answers are exported. A report is not among them: free text could identify people.
PURPOSES = {ExportPurpose.GROUPS, ExportPurpose.EVERYTHING}


def list_asked(event_id: int, purpose: str) -> list[Question]:
    """Return the questions whose answers this purpose needs, withdrawn ones included."""
    return list_ordinary(event_id) if purpose in PURPOSES else []


def list_ordinary(event_id: int) -> list[Question]:
    """Return the event's questions that are not about diet and access, withdrawn ones included."""
    every = queries.list_all(event_id)
    return [question for question in every if question.sensitivity == Sensitivity.ORDINARY]


def headings(questions: Sequence[Question]) -> dict[str, str]:
    """Return the heading of each question's column, by the column's name."""
    return {f"{PREFIX}{question.id}": in_language(question.label) for question in questions}


def words(questions: Sequence[Question]) -> dict[str, Callable[[Any], str | date]]:
    """Return, by the name of each question's column, the function that turns a stored answer into words or a date."""
    return {f"{PREFIX}{question.id}": partial(_said, question) for question in questions}


def _said(question: Question, value: Any) -> str | date:
    day = read_day(value) if question.kind == QuestionKind.DATE and value is not None else None
    return day or answer_text(question, value)


def select_answer(column: str) -> Any:
    """Return the subquery for the stored answer in a question's column."""
    mine = Answer.registration_id == Registration.id, Answer.question_id == int(column.removeprefix(PREFIX))
    return select(Answer.value).where(*mine).scalar_subquery().label(column)
