"""Reading an event's questions, and the answers that are not sensitive."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload, load_only

from forum.events import kept_values
from forum.events import queries as events
from forum.events.models import Event
from forum.extensions import db
from forum.questions.models import Answer, Question
from forum.web import cache

# The most events whose questions are cached: without a limit, forged forms could fill the cache.
KEPT_AT_MOST = 50
Kept = dict[str | None, tuple[int, list["Question"]]]
BY_POSITION = Question.position, Question.id
# The statement that reads the questions of a registration form. It is built once, because each form runs it.
OPEN = (
    select(Question)
    .join(Question.event)
    .where(Question.withdrawn_at.is_(None))
    .options(joinedload(Question.choices))
    .order_by(*BY_POSITION)
)
OPEN_OF_SLUG = OPEN.where(Event.slug == bindparam("slug"))
OPEN_OF_CURRENT = OPEN.where(Event.is_current)
ALL = (
    select(Question)
    .where(Question.event_id == bindparam("event_id"))
    .options(joinedload(Question.choices))
    .order_by(*BY_POSITION)
)
# Reads only the columns of a question that lists and filters need. The statement has a row for each choice, and reading
# the other columns in each row would take longer than all else.
NAMED = ALL.options(
    load_only(
        Question.event_id,
        Question.key,
        Question.position,
        Question.kind,
        Question.sensitivity,
        Question.label,
        Question.depends_on_id,
        Question.withdrawn_at,
        Question.answers_deleted_at,
    )
)


def list_open(slug: str | None) -> list[Question]:
    """Return the questions that the event with this slug asks now, of all its sectors, in the order of the form.

    Without a slug the current event's questions are returned. A question follows the one on which it depends.
    """
    statement = OPEN_OF_SLUG if slug else OPEN_OF_CURRENT
    return list(in_order(db.session.scalars(statement, {"slug": slug} if slug else {}).unique().all()))


def list_for_form(slug: str | None) -> list[Question]:
    """Return the event's open questions detached from the session: a form uses them in more than one transaction."""
    questions = list_open(slug)
    for question in questions:
        db.session.expunge(question)
    return questions


def list_kept(slug: str | None) -> list[Question]:
    """Return the open questions of the event from a cache, which a change of public content empties; never change them.

    The steps of a registration need the same questions three times. A change of a question raises the content version
    in its own transaction, and the version is read before the questions: a cached list is never older than its version.
    """
    kept: Kept = current_app.extensions.setdefault("kept_questions", {})
    # If a transaction has begun, read the content version in it: the questions that the transaction reads may be older
    # than the newest content version.
    begun = db.session().in_transaction()
    version = (None if begun else cache.exact_version()) or events.content_version()
    versioned = kept.get(slug)
    if versioned is None or versioned[0] != version:
        if len(kept) >= KEPT_AT_MOST:
            kept.clear()
        versioned = kept[slug] = version, list_for_form(slug)
    return list(versioned[1])


def list_all(event_id: int) -> list[Question]:
    """Return all questions of an event in the order of the form, withdrawn ones included."""
    return list(in_order(db.session.scalars(ALL, {"event_id": event_id}).unique().all()))


def list_named(event_id: int, version: int | None = None) -> list[Question]:
    """Return the questions that `list_all` returns, with the columns that lists and filters need.

    With `version`, the content version, the process remembers the questions, which then belong to no session: never
    change them.
    """

    def read() -> list[Question]:
        questions = list(in_order(db.session.scalars(NAMED, {"event_id": event_id}).unique().all()))
        for question in questions if version is not None else ():
            db.session.expunge(question)
        return questions

    return list(kept_values.of_version(("questions", event_id), version, read))


def list_answers(registration_id: int) -> dict[int, Any]:
    """Return the stored answers of one registration by the question's id."""
    query = select(Answer.question_id, Answer.value).where(Answer.registration_id == registration_id)
    return dict(db.session.execute(query).all())


def list_answers_of(registration_ids: Collection[int]) -> dict[int, dict[int, Any]]:
    """Return the stored answers of these registrations by registration id, then by the question's id."""
    told: dict[int, dict[int, Any]] = {number: {} for number in registration_ids}
    columns = Answer.registration_id, Answer.question_id, Answer.value
    for number, question_id, value in db.session.execute(select(*columns).where(columns[0].in_(told))):
        told[number][question_id] = value
    return told


def in_order(questions: Sequence[Question]) -> Iterator[Question]:
    """Yield questions, given by position, in an order in which each is followed by those that depend on it.

    A question that depends on a withdrawn question, which is not in the list, counts as independent.
    """
    listed = {question.id for question in questions}
    below: dict[int | None, list[Question]] = {}
    for question in questions:
        below.setdefault(question.depends_on_id if question.depends_on_id in listed else None, []).append(
            question
        )

    def from_(parent: int | None) -> Iterator[Question]:
        for question in below.get(parent, ()):
            yield question
            yield from from_(question.id)

    yield from from_(None)


def asked(questions: Iterable[Question], sector: str, given: Mapping[str, Any]) -> list[Question]:
    """Return those of `questions` that apply to a person of this sector with these answers by key, in order.

    If a question does not apply, no question that depends on it applies either.
    """
    shown: dict[int, Question] = {}
    for question in questions:
        if of_sector(question, sector) and _holds(question, shown, given):
            shown[question.id] = question
    return list(shown.values())


def of_sector(question: Question, sector: str) -> bool:
    """Return whether the question is for this sector, whatever its condition."""
    return not question.sector_keys or sector in question.sector_keys


def _holds(question: Question, asked_before: Mapping[int, Question], given: Mapping[str, Any]) -> bool:
    """Return whether the question has no condition, or its condition is fulfilled by these answers."""
    if question.depends_on_id is None:
        return True
    parent = asked_before.get(question.depends_on_id)
    told = given.get(parent.key) if parent else None
    values = told if isinstance(told, list) else [told]
    return any(value in question.depends_on_values for value in values if value)
