"""People who have not answered a question, as the audience of a message: a choice that narrows the list's filters.

Only people who are asked the question count. Answers about diet and access are sealed, so they are read person by
person, never by a condition of a statement (P21). Only the role care may know who has not answered such a question
(S14): `is_of_care` tells the pages to name nobody.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.mailings.models import Mailing
from forum.questions import queries as questions
from forum.questions.enums import Sensitivity
from forum.questions.locating import has_been_emptied
from forum.questions.models import Answer, Question
from forum.registration.models import CareAnswer, Registration
from forum.registration.narrowing import UnknownFilter

# The parameter of a stored audience whose value is the key of the question that people have not answered.
PARAMETER = "unanswered"
# The name in `Mailing.kept_counts` that says that the message's question was about diet or access.
OF_CARE = "of_care"
# How many people's answers one statement reads.
AT_ONCE = 500


def list_askable(event: Event) -> list[Question]:
    """Return the questions for which organisers can write to the people who have not answered."""
    return [one for one in questions.list_open(event.slug) if not has_been_emptied(one, event)]


def find_question(mailing: Mailing) -> Question | None:
    """Return the question that the mailing's people have not answered, or None. Raises UnknownFilter if it is gone."""
    key = (mailing.audience or {}).get(PARAMETER)
    if not key:
        return None
    for question in list_askable(mailing.event):
        if question.key == key:
            return question
    raise UnknownFilter


def is_of_care(mailing: Mailing) -> bool:
    """Return whether the message is about an unanswered question on diet or access, also a withdrawn question."""
    if mailing.kept_counts:
        return OF_CARE in mailing.kept_counts
    key = (mailing.audience or {}).get(PARAMETER)
    every = questions.list_all(mailing.event_id) if key else []
    return bool(key) and all(one.sensitivity == Sensitivity.CARE for one in every if one.key == key)


def narrow(mailing: Mailing, people: Sequence[int]) -> Collection[int]:
    """Return the registrations whose people have not answered the mailing's question; all of them without a question.

    Raises UnknownFilter.
    """
    question = find_question(mailing)
    if question is None:
        return people
    every = list_askable(mailing.event)
    chain = _with_parents(question, every)
    silent: set[int] = set()
    for start in range(0, len(people), AT_ONCE):
        for number, sector, given in _read(people[start : start + AT_ONCE], chain):
            if question in questions.asked(chain, sector, given) and question.key not in given:
                silent.add(number)
    return silent


def has_answered(mailing: Mailing, registration: Registration) -> bool:
    """Return whether the person has answered the mailing's question by now, or is not asked it any more."""
    try:
        return registration.id not in narrow(mailing, [registration.id])
    except UnknownFilter:
        return True


def _with_parents(question: Question, every: Sequence[Question]) -> list[Question]:
    """Return the questions on which this question depends, the topmost first, and then this question."""
    by_id, chain = {each.id: each for each in every}, [question]
    while (parent := by_id.get(chain[0].depends_on_id or 0)) and parent not in chain:
        chain.insert(0, parent)
    return chain


def _read(people: Sequence[int], chain: Sequence[Question]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield each person's registration id, sector key, and answers to the questions in `chain` by question key."""
    given: dict[int, dict[str, Any]] = defaultdict(dict)
    keys = {question.id: question.key for question in chain}
    ordinary = select(Answer.registration_id, Answer.question_id, Answer.value).where(
        Answer.registration_id.in_(people), Answer.question_id.in_(keys)
    )
    for number, question_id, value in db.session.execute(ordinary):
        given[number][keys[question_id]] = value
    if any(question.sensitivity == Sensitivity.CARE for question in chain):
        for row in db.session.scalars(select(CareAnswer).where(CareAnswer.registration_id.in_(people))):
            given[row.registration_id].update(row.answer.get("given", {}))
    sectors = select(Registration.id, Sector.key).join(Sector, Sector.id == Registration.sector_id)
    for number, sector in db.session.execute(sectors.where(Registration.id.in_(people))):
        yield number, sector, given[number]
