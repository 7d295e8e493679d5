"""Answers to the event's own questions in a table: finding their columns, and reading their cells.

Whether a question is asked of a person is decided for each row, by the person's sector and by the other answers of the
row. Required questions may stay unanswered, because organisers may not know the answer. Only people themselves send
files.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from forum.folding import fold_words
from forum.imports import values
from forum.questions import queries
from forum.questions.choices import Offered, read_several
from forum.questions.enums import NO, YES, QuestionKind, Sensitivity
from forum.questions.fields import AsksQuestions, name_of
from forum.questions.models import Question
from forum.web.languages import in_language
from forum.web.workbooks import ZERO

YES_WORDS = frozenset({"yes", "y", "ja", "j", "joo", "kylla", "x", "1", "true", "sant"})
NO_WORDS = frozenset({"no", "n", "nej", "nei", "ei", "0", "false", "falskt"})
# Matches the number by which a workbook's date cell stands for a day, counted from 30 December 1899.
DAYS = re.compile(r"[1-9][0-9]{4}")


@dataclass(frozen=True)
class Answers:
    """The answers to the event's own questions in a row: `given` by the question's key, faults as (question, message).

    `unasked` are the questions that the row answers although they are not asked of this person.
    """

    given: Mapping[str, Any]
    wrong: Sequence[tuple[str, str]] = ()
    unasked: Sequence[str] = ()


class RowAnswersForm(AsksQuestions):
    """The answers of one row, checked by the rules of the registration form; the outer form has the CSRF token."""

    class Meta(AsksQuestions.Meta):
        csrf = False


def list_asked(slug: str) -> list[Question]:
    """Return the event's questions that a table may answer, detached from the session; none of them is required."""
    asked = [one for one in queries.list_for_form(slug) if one.kind != QuestionKind.FILE]
    for question in asked:
        question.is_required = False
    return asked


def guess(
    headings: Sequence[str], questions: Sequence[Question], taken: Collection[int] = ()
) -> dict[str, int]:
    """Return, by the name of a question's field, the index of the column that probably has its answers.

    That column's heading is the question in any language, or its key. Columns in `taken` hold other values.
    """
    free = {place: fold_words(heading) for place, heading in enumerate(headings) if place not in taken}
    guessed: dict[str, int] = {}
    for question in questions:
        known = {fold_words(question.key), *map(fold_words, question.label.values())} - {""}
        place = next((place for place, heading in free.items() if heading in known), None)
        if place is not None:
            guessed[name_of(question)] = place
            del free[place]
    return guessed


def read(questions: Sequence[Question], sector: str, told: Mapping[str, str]) -> Answers:
    """Return a row's answers to the event's own questions; `told` has its cells by the name of the question's field."""
    cells = {one: told[name_of(one)] for one in questions if told.get(name_of(one))}
    if not cells:
        return Answers({})
    typed = [(name_of(one), value) for one, text in cells.items() for value in _understood(one, text)]
    form = RowAnswersForm(MultiDict(typed), questions=questions, sector=sector)
    is_valid = form.validate()
    asked = {question.key for question in form.asked_now}
    errors = {one: str(form[name_of(one)].errors[0]) for one in cells if form[name_of(one)].errors}
    return Answers(
        form.given() if is_valid else {},
        [(in_language(one.label), _wrong_words(one, refusal)) for one, refusal in errors.items()],
        [in_language(one.label) for one in cells if one.key not in asked],
    )


def hint(question: Question) -> str:
    """Return a sentence on what a question's column may contain; for diet and access also on who reads the answers."""
    told = _words_to_write(question)
    if question.sensitivity != Sensitivity.CARE:
        return told
    kept = _("The answers are stored encrypted, and only the role for food and access reads them.")
    return f"{told.removesuffix('.')}. {kept}" if told else kept


def sensitive_columns(headings: Sequence[str], questions: Sequence[Question]) -> set[int]:
    """Return the indexes of a table's columns that probably have answers about diet and access."""
    care = [one for one in questions if one.sensitivity == Sensitivity.CARE]
    return set(guess(headings, care).values())


def _understood(question: Question, text: str) -> list[str]:
    """Return a cell's answer as a form would send it; a text that fits no choice, country or date stays as it is."""
    match question.kind:
        case QuestionKind.YES_NO:
            said = fold_words(text)
            return [YES if said in YES_WORDS else NO if said in NO_WORDS else text]
        case QuestionKind.ONE_OF:
            return [_one(question, text) or text]
        case QuestionKind.SEVERAL_OF:
            return read_several(question, text) or [text]
        case QuestionKind.COUNTRY:
            return [values.country(text)]
        case QuestionKind.DATE:
            is_cell = DAYS.fullmatch(text)
            return [(ZERO + timedelta(days=int(text))).date().isoformat() if is_cell else text]
        case QuestionKind.NUMBER:
            return [text.removesuffix(".0")]
    return [text]


def _one(question: Question, text: str) -> str | None:
    return Offered(question).find(text)


def _wrong_words(question: Question, refusal: str) -> str:
    """Return a message about a wrong cell. The message does not quote the cell, whose text may be sensitive."""
    has_words = question.kind in {QuestionKind.YES_NO, QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF}
    return _words_to_write(question) if has_words else refusal


def _words_to_write(question: Question) -> str:
    labels = [in_language(one.label) for one in question.choices if not one.withdrawn_at]
    match question.kind:
        case QuestionKind.YES_NO:
            return _("Write yes or no.")
        case QuestionKind.ONE_OF:
            return _("Write one of these: %(labels)s", labels=" · ".join(labels))
        case QuestionKind.SEVERAL_OF:
            return _(
                "Write one or several of these, with semicolons between: %(labels)s",
                labels=" · ".join(labels),
            )
        case QuestionKind.DATE:
            return _("Write a day as year, month and day, such as 2027-05-03.")
        case QuestionKind.NUMBER:
            return _("Write a whole number.")
    return ""
