"""Faults of a question: no choices, a circle of conditions, or a condition that reveals a sensitive answer.

A question that depends on a sensitive one has to be sensitive itself: an answer to it reveals the other answer. For the
same reason a question that depends on a question marked as telling where somebody is has to be marked, too.
"""

from collections.abc import Iterator, Sequence

from forum.events.models import Event
from forum.questions import queries
from forum.questions.drafts import QuestionDraft
from forum.questions.enums import (
    MEGABYTES,
    MOST_MEGABYTES,
    NO,
    WITH_CHOICES,
    YES,
    FileType,
    QuestionKind,
    Sensitivity,
)
from forum.questions.errors import Fault
from forum.questions.models import Question

FEWEST = {QuestionKind.ONE_OF: 2, QuestionKind.SEVERAL_OF: 1}
Faults = Iterator[tuple[Fault, str]]


def find_faults(event: Event, question: Question, draft: QuestionDraft, others: Sequence[Question]) -> Faults:
    """Yield each rule that the draft breaks, with the key of the choice or question; `others`: the other questions."""
    yield from _faults_of_choices(draft)
    yield from _faults_of_files(draft)
    yield from faults_of_size(event, draft, others)
    yield from _faults_of_sectors(event, question, draft)
    yield from _faults_of_condition(question, draft, others)
    yield from _faults_of_dependants(question, draft, others)


def _faults_of_choices(draft: QuestionDraft) -> Faults:
    keys = [choice.key for choice in draft.choices if choice.key]
    for key in keys:
        if keys.count(key) > 1:
            yield Fault.KEY_IS_TAKEN, key
    offered = [choice for choice in draft.choices if not choice.is_withdrawn]
    if len(offered) < FEWEST.get(draft.kind, 0):
        yield Fault.TOO_FEW_CHOICES, ""


def _faults_of_files(draft: QuestionDraft) -> Faults:
    if draft.kind != QuestionKind.FILE:
        if draft.file_types or draft.most_megabytes:
            yield Fault.NO_FILE_TYPE, ""
        return
    is_known = bool(draft.file_types) and set(draft.file_types) <= set(FileType)
    if not is_known or draft.most_megabytes not in MEGABYTES:
        yield Fault.NO_FILE_TYPE, ""
    if draft.sensitivity == Sensitivity.CARE:
        yield Fault.FILE_IS_SENSITIVE, ""


def faults_of_size(event: Event, draft: QuestionDraft, others: Sequence[Question]) -> Faults:
    """Yield a fault if the form of a sector would ask for more bytes of files than one request may have."""
    if draft.kind != QuestionKind.FILE:
        return
    asked = [one for one in others if one.kind == QuestionKind.FILE and not one.withdrawn_at]
    for sector in event.sectors:
        beside = sum(one.most_megabytes for one in asked if queries.of_sector(one, sector.key))
        is_asked = not draft.sector_keys or sector.key in draft.sector_keys
        if is_asked and draft.most_megabytes + beside > MOST_MEGABYTES:
            yield Fault.FILES_TOO_LARGE, sector.key


def _faults_of_sectors(event: Event, question: Question, draft: QuestionDraft) -> Faults:
    """Yield a fault for each chosen sector that is neither one of the event's nor one of the stored question's."""
    known = {sector.key for sector in event.sectors} | set(question.sector_keys or ())
    for key in draft.sector_keys:
        if key not in known:
            yield Fault.NO_SUCH_SECTOR, key


def _faults_of_condition(question: Question, draft: QuestionDraft, others: Sequence[Question]) -> Faults:
    if not draft.depends_on:
        return
    parent = next((other for other in others if other.key == draft.depends_on), None)
    if parent is None or not set(draft.depends_on_values) <= _decisive(parent) or not draft.depends_on_values:
        yield Fault.NO_SUCH_CONDITION, draft.depends_on
    elif _depends(parent, question, others):
        yield Fault.CIRCLE, parent.key
    elif parent.sensitivity == Sensitivity.CARE != draft.sensitivity:
        yield Fault.SHOWS_SENSITIVE, parent.key
    elif parent.is_locating and not draft.is_locating:
        yield Fault.SHOWS_PLACE, parent.key


def _faults_of_dependants(question: Question, draft: QuestionDraft, others: Sequence[Question]) -> Faults:
    """Yield a fault for each question that depends on an answer that would be removed, sealed or deleted."""
    kept = {choice.key for choice in draft.choices if not choice.is_withdrawn}
    kept = {YES, NO} if draft.kind == QuestionKind.YES_NO else kept
    for other in others:
        if question.id is None or other.depends_on_id != question.id:
            continue
        # Check a dependent question even if it was withdrawn: its answers are kept, and they may tell where somebody
        # is.
        if draft.is_locating and not other.is_locating:
            yield Fault.SHOWS_PLACE, other.key
        if other.withdrawn_at:
            continue
        if not kept.issuperset(other.depends_on_values):
            yield Fault.OTHERS_DEPEND, other.key
        if draft.sensitivity == Sensitivity.CARE != other.sensitivity:
            yield Fault.SHOWS_SENSITIVE, other.key


def _decisive(question: Question) -> set[str]:
    """Return all answers to which another question's condition may refer, those of withdrawn choices included."""
    if question.kind == QuestionKind.YES_NO:
        return {YES, NO}
    return {choice.key for choice in question.choices} if question.kind in WITH_CHOICES else set()


def _depends(question: Question, on: Question, others: Sequence[Question]) -> bool:
    """Return whether the question depends on the other one, directly or over further questions."""
    known = {other.id: other for other in others}
    above: Question | None = question
    for _step in range(len(others) + 1):
        if above is None or on.id is None:
            return False
        if above.depends_on_id == on.id:
            return True
        above = known.get(above.depends_on_id or 0)
    return True
