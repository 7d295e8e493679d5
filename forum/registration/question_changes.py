"""Changing the questions of an event: adding, changing, ordering, withdrawing them and bringing them back.

No change loses an answer: an answered question keeps its kind and its sensitivity, and a chosen choice can be withdrawn
but not deleted. The caller has locked the event.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.columns import Text
from forum.events.models import Event
from forum.extensions import db
from forum.folding import slug_of
from forum.questions import queries
from forum.questions.drafts import ChoiceDraft, QuestionDraft
from forum.questions.enums import DECIDING, NO, WITH_CHOICES, YES, QuestionKind
from forum.questions.errors import Fault, QuestionRefused
from forum.questions.models import Choice, Question
from forum.questions.ready_made import ReadySet, with_free_keys
from forum.registration import question_faults, tallies

LONGEST_KEY = 40
ADDED = "question.added"


def add(event: Event, draft: QuestionDraft, *, actor: str, now: datetime, **known: str) -> Question:
    """Add a question, the last in order, and record that in the audit trail; `known` are further details of the entry.

    Raises QuestionRefused.
    """
    question = insert(event, draft, now=now)
    told = {"key": question.key, "kind": question.kind, **known}
    audit.record(ADDED, question, actor=actor, at=now, **told)
    return question


def take_over(event: Event, ready: ReadySet, *, form_key: str, actor: str, now: datetime) -> None:
    """Add the questions of a ready-made set, the last in order; the same form sent again adds none (R03)."""
    asked = queries.list_all(event.id)
    if audit_queries.has_form(ADDED, asked, form_key):
        return
    for draft in with_free_keys(ready, [question.key for question in asked]):
        add(event, draft, actor=actor, now=now, form=form_key)


def insert(event: Event, draft: QuestionDraft, *, now: datetime) -> Question:
    """Add a question, the last in order, without an entry in the audit trail. Raises QuestionRefused."""
    others = queries.list_all(event.id)
    key = draft.key or new_key(draft.label, {other.key for other in others}, "question")
    question = Question(event_id=event.id, key=key, position=_next_position(others))
    _refuse_taken(question, others)
    _refuse_wrong(event, question, draft, others)
    _put(question, draft, others, is_answered=False, now=now)
    db.session.add(question)
    db.session.flush()
    return question


def change(event: Event, question: Question, draft: QuestionDraft, *, actor: str, now: datetime) -> list[str]:
    """Store the draft in the question, except for its key, and record it; return the names of the changed values.

    Raises QuestionRefused.
    """
    if changed := apply(event, question, draft, now=now):
        audit.record("question.changed", question, actor=actor, at=now, key=question.key, fields=changed)
    return changed


def apply(event: Event, question: Question, draft: QuestionDraft, *, now: datetime) -> list[str]:
    """Store the draft in the question, without an entry in the audit trail; return the names of the changed values.

    Raises QuestionRefused.
    """
    others = [other for other in queries.list_all(event.id) if other is not question]
    is_answered = tallies.is_answered(question)
    if is_answered and draft.kind != question.kind:
        raise QuestionRefused(Fault.KIND_IS_FIXED)
    if is_answered and draft.sensitivity != question.sensitivity:
        raise QuestionRefused(Fault.SENSITIVITY_IS_FIXED)
    if is_answered and question.is_locating and not draft.is_locating:
        raise QuestionRefused(Fault.DELETION_IS_PROMISED)
    _refuse_wrong(event, question, draft, others)
    before = QuestionDraft.of(question).values()
    _put(question, draft, others, is_answered=is_answered, now=now)
    db.session.flush()
    after = QuestionDraft.of(question).values()
    return [name for name in after if after[name] != before[name]]


def move(event: Event, question: Question, step: int, *, actor: str, now: datetime) -> None:
    """Swap the question with the one before it (step −1) or after it (1) that depends on the same question."""
    listed = queries.list_all(event.id)
    beside = _beside(question, [each for each in listed if not each.withdrawn_at], step)
    if beside is None:
        return
    for position, each in enumerate(listed):
        each.position = position
    question.position, beside.position = beside.position, question.position
    db.session.flush()
    audit.record("question.moved", question, actor=actor, at=now, key=question.key, step=step)


def withdraw(question: Question, *, actor: str, now: datetime) -> None:
    """Stop asking the question; its answers stay. Does nothing when it is withdrawn already."""
    if question.withdrawn_at is None:
        question.withdrawn_at = now
        audit.record("question.withdrawn", question, actor=actor, at=now, key=question.key)


def bring_back(event: Event, question: Question, *, actor: str, now: datetime) -> None:
    """Ask a withdrawn question again. Raises QuestionRefused if the form cannot take its file any more."""
    if question.withdrawn_at is not None:
        others = [other for other in queries.list_all(event.id) if other is not question]
        for fault, where in question_faults.faults_of_size(event, QuestionDraft.of(question), others):
            raise QuestionRefused(fault, where)
        question.withdrawn_at = None
        audit.record("question.brought_back", question, actor=actor, at=now, key=question.key)


def follow_merged(event: Event, gone: str, into: str) -> None:
    """Let questions for a merged sector be asked in the sector into which it was merged."""
    for question in queries.list_all(event.id):
        if gone in question.sector_keys:
            keys = [into if key == gone else key for key in question.sector_keys]
            question.sector_keys = list(dict.fromkeys(keys))


def siblings(question: Question, listed: Sequence[Question]) -> list[Question]:
    """Return the questions with which this one can swap positions: those that depend on the same question."""
    ids = {each.id for each in listed}

    def above(each: Question) -> int | None:
        return each.depends_on_id if each.depends_on_id in ids else None

    return [each for each in listed if above(each) == above(question)]


def may_decide(question: Question, others: Sequence[Question]) -> list[Question]:
    """Return the questions on which this one may depend: those that offer choices and do not depend on it."""
    below = {question.id} if question.id else set()
    for other in queries.in_order(others):
        if other.depends_on_id in below:
            below.add(other.id)
    return [
        other
        for other in others
        if other.id not in below and other.kind in DECIDING and not other.withdrawn_at
    ]


def answers_of(question: Question) -> dict[str, Text | None]:
    """Return the choices on which another question may depend, with their labels; yes and no have no label."""
    if question.kind == QuestionKind.YES_NO:
        return {YES: None, NO: None}
    return {choice.key: choice.label for choice in question.choices if choice.withdrawn_at is None}


def new_key(label: Text, taken: set[str], nameless: str) -> str:
    """Return a key that is not taken: the label's English words, with a number if the words are taken."""
    stem = slug_of(label.in_language("en"), LONGEST_KEY - 4) or nameless
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(key for key in numbered if key not in taken)


def _next_position(others: Sequence[Question]) -> int:
    return max((other.position for other in others), default=-1) + 1


def _beside(question: Question, listed: Sequence[Question], step: int) -> Question | None:
    row = siblings(question, listed)
    place = row.index(question) + step if question in row else -1
    return row[place] if 0 <= place < len(row) else None


def _refuse_taken(question: Question, others: Sequence[Question]) -> None:
    if question.key in {other.key for other in others}:
        raise QuestionRefused(Fault.KEY_IS_TAKEN, question.key)


def _refuse_wrong(event: Event, question: Question, draft: QuestionDraft, others: Sequence[Question]) -> None:
    """Refuse a draft that contradicts the event's sectors, its other questions, or the question itself."""
    for fault, where in question_faults.find_faults(event, question, draft, others):
        raise QuestionRefused(fault, where)


def _put(
    question: Question, draft: QuestionDraft, others: Sequence[Question], *, is_answered: bool, now: datetime
) -> None:
    parent = next((other for other in others if other.key == draft.depends_on), None)
    values: dict[str, Any] = {
        **{name: getattr(draft, name) for name in ("kind", "sensitivity", "label", "help", "is_required")},
        "sector_keys": list(draft.sector_keys),
        "depends_on_values": list(draft.depends_on_values) if parent else [],
        "file_types": list(draft.file_types),
        "most_megabytes": draft.most_megabytes,
        "is_locating": draft.is_locating,
        # If the question no longer counts as telling where somebody is, forget when its answers were deleted: should an
        # organiser mark it so again, the answers given since have to be deleted, too.
        "answers_deleted_at": question.answers_deleted_at if draft.is_locating else None,
        "traces_deleted_at": question.traces_deleted_at if draft.is_locating else None,
    }
    for name, value in values.items():
        # Set only columns that differ, so that an unchanged column does not count as changed.
        if getattr(question, name) != value:
            setattr(question, name, value)
    if question.depends_on is not parent:
        question.depends_on = parent
    _put_choices(question, draft.choices, is_answered=is_answered, now=now)


def _put_choices(
    question: Question, drafts: Sequence[ChoiceDraft], *, is_answered: bool, now: datetime
) -> None:
    """Store these choices in this order; with `is_answered` a missing one is withdrawn, else deleted.

    A new choice with the same label as a withdrawn one restores that one.
    """
    known = {choice.key: choice for choice in question.choices}
    kept: list[Choice] = []
    for draft in drafts if question.kind in WITH_CHOICES else ():
        choice = known.get(draft.key) or _withdrawn_twin(question, draft)
        if choice is None:
            taken = {*known, *(each.key for each in kept), *(each.key for each in drafts)}
            choice = Choice(key=draft.key or new_key(draft.label, taken, "choice"))
        choice.label, choice.position = draft.label, len(kept)
        choice.withdrawn_at = (choice.withdrawn_at or now) if draft.is_withdrawn else None
        kept.append(choice)
    gone = [choice for choice in question.choices if choice not in kept]
    for choice in gone if is_answered else ():
        choice.withdrawn_at, choice.position = choice.withdrawn_at or now, len(kept)
        kept.append(choice)
    question.choices = kept


def _withdrawn_twin(question: Question, draft: ChoiceDraft) -> Choice | None:
    if draft.key or draft.is_withdrawn:
        return None
    return next((each for each in question.choices if each.withdrawn_at and each.label == draft.label), None)
