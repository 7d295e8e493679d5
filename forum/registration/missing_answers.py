"""Which required questions many people have not answered, or would not have answered in another sector.

The number of statements does not depend on the number of people. Questions about diet and access are left out: whether
they are answered must not show (S23).
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Text, cast, exists, func, literal, or_, select
from sqlalchemy.orm import undefer

from forum.events import freezing
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries as questions
from forum.questions.models import Answer, Question
from forum.registration import given
from forum.registration.enums import Status
from forum.registration.models import Registration, Submission

# The kinds of mails that say that nothing more is to be done, unless required answers are missing.
LAST_STEPS = {"confirmed", "approved"}


@dataclass
class Missing:
    """How many people have not answered required questions of a sector, and which questions these are, in order."""

    people: int = 0
    questions: Sequence[Question] = field(default_factory=list)


class Alike(NamedTuple):
    """People of one sector with the same answers, as far as required questions and their conditions tell them apart.

    `number` is the id of one of them.
    """

    number: int
    sector_id: int
    people: int
    told: Mapping[str, Any]


def count_in_others(event: Event, people: Select[Any]) -> dict[str, Missing]:
    """Return, by sector key, how many of the people lack answers that the sector requires, and to which questions.

    `people` selects registrations of the event. Nobody counts for their own sector, and a sector in which nothing is
    unanswered is left out.
    """
    relevant = _list_relevant(event)
    missing: dict[str, Missing] = {}
    for group in _read(relevant, people, grouped=True):
        for sector in event.sectors:
            lacks = _lacking(relevant, sector.key, group.told) if sector.id != group.sector_id else []
            if lacks:
                of_sector = missing.setdefault(sector.key, Missing())
                of_sector.people += group.people
                of_sector.questions = [one for one in relevant if one in lacks or one in of_sector.questions]
    return missing


def list_in_own(event: Event, people: Select[Any]) -> dict[int, list[Question]]:
    """Return, by registration id, the required questions of each person's sector that the person has not answered.

    People who have answered all of them are left out.
    """
    relevant, keys = _list_relevant(event), {sector.id: sector.key for sector in event.sectors}
    each = {one.number: _lacking(relevant, keys[one.sector_id], one.told) for one in _read(relevant, people)}
    return {number: each[number] for number in sorted(each) if each[number]}


def can_be_given(registration: Registration, now: datetime) -> bool:
    """Return whether the person has not answered a question that their sector requires, and still can.

    Somebody whom a contact has registered, or who was moved to another sector, was not asked it on a form.
    """
    if freezing.is_frozen(registration.event, now):
        return False
    return bool(given.list_missing(registration, questions.list_open(registration.event.slug)))


def _list_relevant(event: Event) -> list[Question]:
    """Return the required questions and those on which they depend, in the order of the form."""
    ordinary = given.list_askable(questions.list_open(event.slug), event)
    by_id, relevant = {one.id: one for one in ordinary}, set()
    for required in (one for one in ordinary if one.is_required):
        each: Question | None = required
        while each and each.id not in relevant:
            relevant.add(each.id)
            each = by_id.get(each.depends_on_id or 0)
    return [one for one in ordinary if one.id in relevant]


def _lacking(relevant: Sequence[Question], sector: str, told: Mapping[str, Any]) -> list[Question]:
    asked = questions.asked(relevant, sector, told)
    return [one for one in asked if one.is_required and one.key not in told]


def _read(relevant: Sequence[Question], people: Select[Any], *, grouped: bool = False) -> Iterator[Alike]:
    """Yield the people with their answers to the relevant questions, each alone, or `grouped` by equal answers."""
    if relevant:
        yield from _read_stored(relevant, people, grouped=grouped)
        yield from _read_forms(relevant, people)


def _read_stored(relevant: Sequence[Question], people: Select[Any], *, grouped: bool) -> Iterator[Alike]:
    """Yield the people whose answers are rows: all but the unconfirmed ones whose sent form has the answers.

    The database groups equal people, because an event may have a hundred thousand; of people who are not `grouped`, it
    gives only those who have left a required question unanswered, asked of them or not.
    """
    conditions = {one.depends_on_id for one in relevant}
    told = [_column(one, has_value=one.id in conditions).label(f"told_{one.id}") for one in relevant]
    in_form = (
        exists()
        .where(Submission.registration_id == Registration.id, Submission.sealed_given.is_not(None))
        .correlate(Registration)
    )
    stored = people.where(or_(Registration.status != Status.PENDING, ~in_form)).order_by(None)
    each = stored.with_only_columns(Registration.id, Registration.sector_id, *told).subquery()
    answers = [each.c[column.name] for column in told]
    if grouped:
        rows = select(func.min(each.c.id), each.c.sector_id, func.count(), *answers)
        rows = rows.group_by(each.c.sector_id, *answers)
    else:
        # Let the database leave out people who have answered everything: they may be a hundred thousand.
        lacks = [each.c[f"told_{one.id}"].is_(None) for one in relevant if one.is_required]
        rows = select(each.c.id, each.c.sector_id, literal(1), *answers).where(or_(*lacks))
    for number, sector_id, alike, *values in db.session.execute(rows):
        texts = zip(relevant, values, strict=True)
        yield Alike(number, sector_id, alike, {one.key: json.loads(text) for one, text in texts if text})


def _column(question: Question, *, has_value: bool) -> ColumnElement[Any]:
    """Return a column with a person's answer as JSON, or "true" in place of an answer on which nothing depends.

    It is NULL for a person who has not answered.
    """
    mine = Answer.registration_id == Registration.id, Answer.question_id == question.id
    text = cast(Answer.value, Text) if has_value else literal("true")
    return select(text).where(*mine).correlate(Registration).scalar_subquery()


def _read_forms(relevant: Sequence[Question], people: Select[Any]) -> Iterator[Alike]:
    """Yield the unconfirmed people whose sent form has the answers; with several forms nobody knows which counts."""
    keys = {one.key for one in relevant}
    unconfirmed = people.where(Registration.status == Status.PENDING).order_by(None)
    pending = unconfirmed.with_only_columns(Registration.id, Registration.sector_id).subquery()
    forms = select(pending.c.id, pending.c.sector_id, Submission).where(
        Submission.registration_id == pending.c.id, Submission.sealed_given.is_not(None)
    )
    rows = db.session.execute(forms.options(undefer(Submission.sealed_given))).all()
    sent = {number: form.given or {} for number, _sector_id, form in rows}
    forms_of = Counter(number for number, *_more in rows)
    for number, sector_id, _form in rows:
        if forms_of[number] == 1:
            told = {key: value for key, value in sent[number].items() if key in keys}
            yield Alike(number, sector_id, 1, told)
