"""Counting the answers to an event's own questions, and hiding small numbers (P06, P10).

Kitchen and venue need numbers, not names. A number below LEAST may identify a person: of sensitive questions only the
role care sees it, and of others only whoever may open the page, not whoever is handed its file.
Nor may a hidden number be worked out from the others and the number of people who answered (`small_numbers`).
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import LargeBinary, String, case, cast, exists, func, null, select, type_coerce
from sqlalchemy.orm import undefer

from forum.events.models import Event
from forum.extensions import db
from forum.questions import care_consent, queries
from forum.questions.enums import NO, WITH_CHOICES, YES, QuestionKind, Sensitivity
from forum.questions.models import Answer, Question
from forum.registration import small_numbers
from forum.registration.enums import Status
from forum.registration.models import CareAnswer, Registration, Submission
from forum.registration.restrictions import IS_FREE
from forum.registration.small_numbers import LEAST
from forum.sealing import open_in_rows

BATCH = 500
# Kinds of questions for which only the total number of answers is counted.
TEXTS = frozenset({QuestionKind.TEXT, QuestionKind.LONG_TEXT, QuestionKind.FILE})


@dataclass(frozen=True)
class Tally:
    """How many people have answered a question, and how many gave each answer; None stands for a hidden number.

    The counts are in the order of the choices, else of the answers; there are none for questions for text or a file.
    With `has_others` there are, or may be, answers that are not even named, because their numbers are hidden.
    """

    question: Question
    answered: int | None
    counts: Mapping[Any, int | None]
    has_others: bool = False

    @property
    def hides(self) -> bool:
        """Whether any number is hidden."""
        return self.answered is None or self.has_others or None in self.counts.values()

    @property
    def total(self) -> int | None:
        """Return the sum of the numbers given, such as of guests; None for other kinds, or if a count is hidden.

        With every count shown the sum tells nothing that a reader could not add up.
        """
        if self.question.kind != QuestionKind.NUMBER or self.hides:
            return None
        return sum(part * (number or 0) for part, number in self.counts.items())

    def is_hidden(self, part: Any) -> bool:
        """Return whether it is hidden how many gave this answer."""
        return self.counts.get(part, None if self.has_others else 0) is None


def is_answered(question: Question) -> bool:
    """Return whether anybody has answered the question, also in an unconfirmed form or an ended registration."""
    if any(question.key in (form.given or {}) for form in _list_forms(question.event_id)):
        return True
    if question.sensitivity == Sensitivity.ORDINARY:
        return bool(db.session.scalar(select(exists().where(Answer.question_id == question.id))))
    return any(question.key in given for _registration_id, given in _read_care(question.event_id))


def count_answered(event: Event) -> dict[str, int]:
    """Return by the question's key how many people have answered it, those included whose registration has ended."""
    query = (
        select(Question.key, func.count())
        .join(Answer, Answer.question_id == Question.id)
        .where(Question.event_id == event.id)
        .group_by(Question.key)
    )
    counts = Counter(dict(db.session.execute(query).all()))
    if any(one.sensitivity == Sensitivity.CARE for one in queries.list_all(event.id)):
        for _registration_id, given in _read_care(event.id):
            counts.update(given.keys())
    return dict(counts)


def count_confirmed(event: Event) -> int:
    """Return the number of people with a confirmed place, on whom the counts are based."""
    mine = Registration.event_id == event.id, Registration.status == Status.CONFIRMED
    return db.session.scalar(select(func.count()).select_from(Registration).where(*mine)) or 0


def list_tallies(event: Event, *, is_exact: bool, is_file: bool = False) -> list[Tally]:
    """Return a tally for each question, from the answers of people with a confirmed place.

    A withdrawn question is left out unless somebody has answered it. With `is_exact` small numbers of sensitive
    questions are shown, too; without it a file, which is handed on, hides those of all questions.
    """
    given: defaultdict[str, list[Any]] = defaultdict(list)
    for key, value, number in _count_ordinary(event.id):
        given[key].extend([value] * number)
    for key, value in _of_care(event.id):
        given[key].append(value)
    exact = [tally_of(one, given.get(one.key, ())) for one in queries.list_all(event.id)]
    told = exact if is_exact else _hidden(exact, [*Sensitivity] if is_file else [Sensitivity.CARE])
    return [one for one in told if not one.question.withdrawn_at or one.question.key in given]


def tally_of(question: Question, values: Sequence[Any]) -> Tally:
    """Return the exact tally of these answers to the question."""
    if question.kind in TEXTS:
        return Tally(question, len(values), {})
    told = Counter(part for value in values for part in (value if isinstance(value, list) else [value]))
    order: Sequence[Any] = sorted(told, key=lambda part: (isinstance(part, str), part))
    if question.kind in WITH_CHOICES:
        order = [one.key for one in question.choices if not one.withdrawn_at or one.key in told]
    if question.kind == QuestionKind.YES_NO:
        order = (YES, NO)
    return Tally(question, len(values), {part: told[part] for part in order})


def without_small(tally: Tally) -> Tally:
    """Return the tally with numbers hidden that could identify people.

    A number of 0 identifies nobody and is shown: kitchens must know that nobody gave the answer. But where no other
    number is shown, 0 is hidden, too, or a reader would know that each of five hidden answers has one of five people.
    The rule is the same where people give several answers: then a reader knows of the sum of the numbers only that it
    is at least the number of people.
    """
    given, answered = {part: number for part, number in tally.counts.items() if number}, tally.answered or 0
    hidden = {*small_numbers.list_together([*given], given)}
    everything = {*tally.counts} if hidden and hidden == given.keys() else hidden
    return _hide(tally, everything, answered=shown_number(answered))


def shown_number(number: int) -> int | None:
    """Return the number, or None for one that is hidden because it is small."""
    return None if 0 < number < LEAST else number


def count_shown(question: Question, number: int) -> int | None:
    """Return a number of answers as the pages of questions show it: None for a small one of a sensitive question.

    To whom they show numbers of sensitive questions at all is decided in `console.question_rows`.
    """
    return shown_number(number) if question.sensitivity == Sensitivity.CARE else number


def list_care(event: Event) -> list[tuple[Registration, dict[str, Any]]]:
    """Return the people with a confirmed place who have given sensitive answers, or have had them deleted, by name.

    With each person comes the decrypted record: the answers (`given`), and the note of the consent to them
    (`care_consent.find_note`).
    """
    records = _read_records(event.id, is_confirmed=True)
    told = {person: record for person, record in records if care_consent.find_note(record)}
    query = select(Registration).where(
        Registration.event_id == event.id, Registration.status == Status.CONFIRMED, IS_FREE
    )
    people = db.session.scalars(query.order_by(Registration.sort_key, Registration.id))
    return [(person, told[person.id]) for person in people if person.id in told]


def read_needs(event: Event) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the id of each registration with a confirmed place, and its sensitive answers by the question's key."""
    return _read_care(event.id, is_confirmed=True)


def _hidden(exact: Sequence[Tally], kinds: Collection[Sensitivity]) -> Iterator[Tally]:
    """Yield the tallies with small numbers hidden of the questions of these kinds.

    The number of answers to a conditional question may reveal how many gave the answer that it depends on. A withdrawn
    question below a hidden number is left out: it would be listed only if somebody had answered it.
    """
    shown: dict[int, Tally] = {}
    for tally in exact:
        question = tally.question
        above = shown.get(question.depends_on_id or 0)
        is_below_hidden = above is not None and any(
            above.is_hidden(value) for value in question.depends_on_values
        )
        if question.sensitivity in kinds:
            tally = _hide_all(tally) if is_below_hidden else without_small(tally)
        shown[question.id] = tally
        if not (is_below_hidden and question.withdrawn_at):
            yield tally


def _hide_all(tally: Tally) -> Tally:
    """Return the tally without any number; it is the same whether anybody has answered or not."""
    question, offered = tally.question, _list_offered(tally.question)
    if question.kind in WITH_CHOICES:
        has_others = any(one.withdrawn_at for one in question.choices)
    else:
        has_others = not offered and question.kind not in TEXTS
    return Tally(question, None, {part: None for part in tally.counts if part in offered}, has_others)


def _hide(tally: Tally, hidden: Collection[Any], *, answered: int | None) -> Tally:
    """Return the tally without the numbers of these answers.

    Answers that are listed only because somebody gave them are left out: their names alone would tell that.
    """
    listed = _list_offered(tally.question)
    shown = {
        part: None if part in hidden else number
        for part, number in tally.counts.items()
        if part not in hidden or part in listed
    }
    has_others = tally.has_others or len(shown) < len(tally.counts)
    return replace(tally, answered=answered, counts=shown, has_others=has_others)


def _list_offered(question: Question) -> Collection[Any]:
    """Return the answers among which everybody chooses; none for a question to which any number or day is an answer."""
    if question.kind == QuestionKind.YES_NO:
        return {YES, NO}
    choices = question.choices if question.kind in WITH_CHOICES else ()
    return {one.key for one in choices if not one.withdrawn_at}


def _count_ordinary(event_id: int) -> Iterator[tuple[str, Any, int]]:
    """Yield each question's key, an answer (None for texts and files), and the number of people who gave it."""
    value = case((Question.kind.in_(TEXTS), null()), else_=cast(Answer.value, String))
    query = (
        select(Question.key, value.label("told"), func.count())
        .join(Question, Question.id == Answer.question_id)
        .join(Registration, Registration.id == Answer.registration_id)
        .where(Registration.event_id == event_id, Registration.status == Status.CONFIRMED, IS_FREE)
        .group_by(Question.key, "told")
    )
    for key, text, number in db.session.execute(query):
        yield key, json.loads(text) if text else None, number


def _of_care(event_id: int) -> Iterator[tuple[str, Any]]:
    for _registration_id, given in _read_care(event_id, is_confirmed=True):
        yield from given.items()


def _read_care(event_id: int, *, is_confirmed: bool = False) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the id of each registration, and its sealed answers by the question's key."""
    for registration_id, record in _read_records(event_id, is_confirmed=is_confirmed):
        # Records that earlier versions stored have no answers to the event's own questions.
        yield registration_id, record.get("given", {})


def _read_records(event_id: int, *, is_confirmed: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the id of each registration, and its decrypted record of answers about diet and access."""
    column: Any = CareAnswer.__table__.c["answer"]
    # Read the bytes alone: to make an object of each row takes as long as to decrypt it.
    closed = type_coerce(column, LargeBinary).label(column.name)
    query = (
        select(CareAnswer.registration_id, closed)
        .join(Registration, Registration.id == CareAnswer.registration_id)
        .where(Registration.event_id == event_id)
    )
    if is_confirmed:
        query = query.where(Registration.status == Status.CONFIRMED, IS_FREE)
    rows = db.session.execute(query.execution_options(yield_per=BATCH)).mappings()
    for row, record in open_in_rows(column, rows):
        yield row["registration_id"], record


def _list_forms(event_id: int) -> Iterator[Submission]:
    """Yield the forms whose answers wait for the address to be confirmed."""
    carried = select(Submission).join(Submission.registration).options(undefer(Submission.sealed_given))
    mine = Registration.event_id == event_id, Submission.sealed_given.is_not(None)
    yield from db.session.scalars(carried.where(*mine).execution_options(yield_per=BATCH))
