"""Answers to an event's own questions in words, and the names and sizes of files that are answers."""

from collections.abc import Mapping
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _

from forum.questions import files
from forum.questions.choices import SEPARATOR, write_several
from forum.questions.enums import NO, WITH_CHOICES, YES, QuestionKind
from forum.questions.models import Question
from forum.questions.values import read_day
from forum.web.countries import country_names
from forum.web.languages import in_language, language


def answer_text(question: Question, value: Any) -> str:
    """Return a stored answer in words; an answer that needs none, such as a number, is returned as a text."""
    if value is None:
        return ""
    if question.kind == QuestionKind.FILE:
        return file_words(value if isinstance(value, Mapping) else files.read(value))
    if question.kind in WITH_CHOICES:
        if isinstance(value, list):
            return write_several(question, value)
        return next((in_language(one.label) for one in question.choices if one.key == value), str(value))
    if isinstance(value, list):
        return SEPARATOR.join(map(str, value))
    if question.kind == QuestionKind.YES_NO:
        return {YES: _("Yes"), NO: _("No")}.get(value, str(value))
    if question.kind == QuestionKind.COUNTRY:
        return country_names(language()).get(value, str(value))
    day = read_day(value) if question.kind == QuestionKind.DATE else None
    return format_date(day, "long") if day else str(value)


def file_words(told: Mapping[str, Any] | None) -> str:
    """Return a file's name and size in words; "" without a file."""
    if not told:
        return ""
    kilobytes = max(1, round(told["size"] / 1000))
    return _("%(name)s (%(size)s kB)", name=told["name"], size=format_decimal(kilobytes))
