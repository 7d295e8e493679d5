"""Converting answers between the values in a form and the stored ones."""

from datetime import date
from typing import Any

from forum.questions import files
from forum.questions.enums import QuestionKind
from forum.questions.models import Question


def read(question: Question, typed: Any) -> Any:
    """Return the value to store for a valid value of a form's field; None for an empty field."""
    if typed in (None, "", []):
        return None
    if question.kind == QuestionKind.FILE:
        return files.read(typed)
    if isinstance(typed, list):
        return list(dict.fromkeys(typed))
    return int(typed) if question.kind == QuestionKind.NUMBER else typed


def shown(question: Question, value: Any) -> Any:
    """Return a stored answer as the value that fills in the question's field in a form."""
    if question.kind == QuestionKind.SEVERAL_OF:
        return value if isinstance(value, list) else [] if value is None else [value]
    if question.kind == QuestionKind.FILE:
        return files.sign(value)
    return "" if value is None else str(value)


def read_day(text: Any) -> date | None:
    """Return the day that an ISO 8601 date names, or None for any other text."""
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError):
        return None
