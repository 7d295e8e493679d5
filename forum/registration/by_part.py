"""How many people come to each part of an event, and what they need there, for kitchen and venue (P06).

The parts are the answers to a question of the event's that asks to which days, meals or sessions somebody comes. These
numbers are small and exact, so only the role care may see them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries
from forum.questions.enums import DECIDING, WITH_CHOICES, YES, Sensitivity
from forum.questions.models import Answer, Question
from forum.registration import tallies
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE

# The key of the column with people who have a place and have not said to which parts of the event they come.
UNSAID = ""


@dataclass(frozen=True)
class Sheet:
    """Numbers of people by part of the event: of all who come, and for each need, as (question, answer, numbers).

    The numbers are in the order of `parts`, the keys of the parts; the last number counts those who have not said.
    """

    parts: Sequence[str]
    people: Sequence[int]
    needs: Sequence[tuple[Question, str, Sequence[int]]]


def list_questions(event: Event) -> list[Question]:
    """Return the questions whose answers can be parts of the event: those with choices, not about diet and access."""
    return [
        one
        for one in queries.list_all(event.id)
        if one.kind in WITH_CHOICES and one.sensitivity == Sensitivity.ORDINARY and not one.withdrawn_at
    ]


def count(event: Event, asked: Question) -> Sheet:
    """Return the numbers of people with a confirmed place; the parts are the choices of this question."""
    chosen = _read_parts(event, asked)
    needed: Counter[tuple[str, str, str]] = Counter()
    for registration_id, given in tallies.read_needs(event):
        for key, value in given.items():
            for need in value if isinstance(value, list) else [value]:
                needed.update((key, str(need), part) for part in chosen.get(registration_id, ()))
    everybody = Counter(part for some in chosen.values() for part in some)
    # Show a choice that is no longer offered as long as there are people who have made it.
    offered = [one.key for one in asked.choices if not one.withdrawn_at or one.key in everybody]
    parts = [*offered, UNSAID]
    return Sheet(
        parts,
        [everybody[part] for part in parts],
        [
            (question, need, numbers)
            for question, need in _list_needs(event)
            if any(numbers := [needed[question.key, need, part] for part in parts])
        ],
    )


def _read_parts(event: Event, asked: Question) -> dict[int, Sequence[str]]:
    """Return, by registration id, to which parts of the event each person with a confirmed place comes."""
    query = (
        select(Registration.id, Answer.value)
        .outerjoin(Answer, (Answer.registration_id == Registration.id) & (Answer.question_id == asked.id))
        .where(Registration.event_id == event.id, Registration.status == Status.CONFIRMED, IS_FREE)
    )
    rows = db.session.execute(query.execution_options(yield_per=tallies.BATCH))
    return {number: _as_list(value) for number, value in rows}


def _as_list(value: Any) -> Sequence[str]:
    if not value:
        return [UNSAID]
    return value if isinstance(value, list) else [value]


def _list_needs(event: Event) -> list[tuple[Question, str]]:
    """Return the answers that mean a need: choices, and "yes" to a question that asks for yes or no."""
    return [
        (one, need)
        for one in queries.list_all(event.id)
        if one.kind in DECIDING and one.sensitivity == Sensitivity.CARE
        for need in ([choice.key for choice in one.choices] if one.kind in WITH_CHOICES else [YES])
    ]
