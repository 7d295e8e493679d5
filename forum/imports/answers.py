"""Answers to the event's own questions in a table: finding their columns, and reading their cells.

Whether a question is asked of a person is decided for each row, by the person's sector and by the other answers of the
row. Required questions may stay unanswered, because organisers may not know the answer. Only people themselves send
files.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from forum.imports import values
from forum.imports.headings import folded
from forum.questions import queries
from forum.questions.enums import NO, YES, QuestionKind, Sensitivity
from forum.questions.fields import AsksQuestions, name_of
from forum.questions.models import Question
from forum.web.languages import in_language
from forum.web.workbooks import ZERO

YES_WORDS = frozenset({"yes", "y", "ja", "j", "joo", "kylla", "x", "1", "true", "sant"})
NO_WORDS = frozenset({"no", "n", "nej", "nei", "ei", "0", "false", "falskt"})
BETWEEN = re.compile(r"[,;]")
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
    free = {place: folded(heading) for place, heading in enumerate(headings) if place not in taken}
    guessed: dict[str, int] = {}
    for question in questions:
        known = {folded(question.key), *map(folded, question.label.values())} - {""}
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
            said = folded(text)
            return [YES if said in YES_WORDS else NO if said in NO_WORDS else text]
        case QuestionKind.ONE_OF:
            return [_one(question, text) or text]
        case QuestionKind.SEVERAL_OF:
            return _several(question, text) or [text]
        case QuestionKind.COUNTRY:
            return [values.country(text)]
        case QuestionKind.DATE:
            is_cell = DAYS.fullmatch(text)
            return [(ZERO + timedelta(days=int(text))).date().isoformat() if is_cell else text]
        case QuestionKind.NUMBER:
            return [text.removesuffix(".0")]
    return [text]


class Offered:
    """The choices that a question offers, to be looked up by their key or their label in any language."""

    def __init__(self, question: Question) -> None:
        self.keys = [one.key for one in question.choices if not one.withdrawn_at]
        self.exact: dict[str, set[str]] = {}
        self.folded: dict[str, set[str]] = {}
        # The number of parts of the label with the most commas: each comma or semicolon ends a part.
        self.most_parts = 1
        for choice in question.choices:
            if choice.withdrawn_at:
                continue
            for text in (choice.key, *choice.label.values()):
                self.exact.setdefault(text, set()).add(choice.key)
                self.folded.setdefault(_folded_label(text), set()).add(choice.key)
                self.most_parts = max(self.most_parts, 1 + len(BETWEEN.findall(text)))

    def find(self, text: str, said: str) -> str | None:
        """Return the key of the choice that a text names, None if none or several fit; `said` is the text folded."""
        keys = self.exact.get(text) or self.folded.get(said) or set()
        return next(iter(keys)) if len(keys) == 1 else None


def _one(question: Question, text: str) -> str | None:
    return Offered(question).find(text, folded(text))


def _several(question: Question, text: str) -> list[str]:
    """Return the keys of the choices that a text lists with commas; an empty list if the text has two readings.

    A label may have commas itself, so each run of parts between commas is tried as a label.
    """
    choices = Offered(question)
    parts = [(part.strip(), folded(part)) for part in BETWEEN.split(text) if part.strip()]
    if len(parts) > choices.most_parts * len(choices.keys):
        return []
    # ways[n] has the sets of choices that the first n parts can mean. Two sets show that the text is ambiguous.
    ways: list[list[frozenset[str]]] = [[frozenset()], *([] for _part in parts)]
    for end in range(1, len(parts) + 1):
        for start in range(max(0, end - choices.most_parts), end):
            texts, said = zip(*parts[start:end], strict=True)
            key = choices.find(", ".join(texts), " ".join(said)) if ways[start] else None
            ways[end] += [way | {key} for way in ways[start] if key and way | {key} not in ways[end]]
        del ways[end][2:]
    keys = ways[-1][0] if len(ways[-1]) == 1 else frozenset()
    return [key for key in choices.keys if key in keys]


@lru_cache(maxsize=2048)
def _folded_label(text: str) -> str:
    return folded(text)


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
                "Write one or several of these, with commas between: %(labels)s", labels=" · ".join(labels)
            )
        case QuestionKind.DATE:
            return _("Write a day as year, month and day, such as 2027-05-03.")
        case QuestionKind.NUMBER:
            return _("Write a whole number.")
    return ""
