"""Filters of the attendee list beside search, sector and status: which values a URL may have, and what they mean.

Values of one kind are alternatives; a registration must meet every kind. The filters read `registrations` and tables
that have the same rows for everybody, never the encrypted ones: people with protected identity are found like anybody
else (P21).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, exists, or_, select

from forum import clock
from forum.events.models import Event
from forum.people import notes
from forum.people.models import LONGEST_TAG, RegistrationTag
from forum.questions import queries as questions
from forum.questions.enums import DECIDING, NO, YES, QuestionKind, Sensitivity
from forum.questions.locating import has_been_emptied
from forum.questions.models import Answer, Question
from forum.registration import awaited, belonging, consents, imported, invited
from forum.registration.enums import AddressState, ConsentPurpose
from forum.registration.models import Registration
from forum.registration.organisation_models import LONGEST_NAME
from forum.tidying import tidy
from forum.web.countries import country_names
from forum.web.languages import NAMES

MOST_VALUES = 40
LONGEST_VALUE = LONGEST_NAME
# Separates a question's key, or the purpose of a consent, from the value that the filter asks for.
BETWEEN = ":"
ANSWER = "answer"  # the name of the filter by answers to an event's own questions
UNANSWERED = "-"  # the filter value for "no answer"; keys of choices begin with a letter or a digit

NUMBER = re.compile(r"[1-9][0-9]{0,8}")  # matches the id of an import that both databases can store

# A filter keeps the registrations of the last one, two, seven or thirty days, today included, so that a saved view
# shows other people each day.
DAYS = ("1", "2", "7", "30")

Values = tuple[str, ...]
Conditions = Iterator[ColumnElement[bool]]


class UnknownFilter(ValueError):
    """The URL asks for a sector, status or other filter that does not exist; showing everybody would mislead."""


@dataclass(frozen=True)
class Kind:
    """A kind of filter: `read` returns the URL's values in normal form, `conditions` the SQL conditions for them.

    `each`, if given, returns the conditions in another form, which asks about each registration on its own. That form
    is fast where many people match and only the first rows are read, and slow where few match.
    """

    read: Callable[[Event, Sequence[str]], Sequence[str]]
    conditions: Callable[[Event, Values], Conditions]
    each: Callable[[Event, Values], Conditions] | None = None


def read(event: Event, name: str, values: Sequence[str], asked: Sequence[Question] | None = None) -> Values:
    """Return the values that a URL gives for one kind of filter, sorted, each once. Raises UnknownFilter (S34).

    `asked` are the questions that `list_asked` has returned, if they are known already.
    """
    given = bounded(values)
    if not given:
        return ()
    if name == ANSWER and asked is not None:
        return tuple(sorted(set(_refuse_unknown(asked, given))))
    return tuple(sorted(set(KINDS[name].read(event, given))))


def bounded(values: Sequence[str]) -> list[str]:
    """Return the values that are not empty. Raises UnknownFilter for too many, and for one that is too long."""
    given = [value for value in values if value]
    if len(given) > MOST_VALUES or any(len(value) > LONGEST_VALUE or "\x00" in value for value in given):
        raise UnknownFilter
    return given


def conditions(event: Event, picked: Sequence[tuple[str, Values]]) -> Conditions:
    """Yield a condition for each kind of filter, all of which must be met."""
    for name, values in picked:
        yield from KINDS[name].conditions(event, values)


def each_conditions(event: Event, picked: Sequence[tuple[str, Values]]) -> Conditions:
    """Yield conditions that are fast where many people match, if only the first rows are read (`Kind.each`)."""
    for name, values in picked:
        yield from (KINDS[name].each or KINDS[name].conditions)(event, values)


def has_each(picked: Sequence[tuple[str, Values]]) -> bool:
    """Return whether any of these filters has a form that asks about each registration on its own."""
    return any(KINDS[name].each for name, _values in picked)


def select_alone(event: Event, picked: Sequence[tuple[str, Values]]) -> Select[int] | None:
    """Select the ids of people who match, each once, from tags alone or answers alone; None if that is not possible."""
    (name, values), *others = picked
    if others:
        return None
    if name == "tag" and len(values) == 1:
        return _select_tagged(event, values)
    if name == ANSWER:
        (key, wanted), *more = by_first(values).items()
        return None if more or UNANSWERED in wanted else _select_answered(event, key, wanted)
    return None


def by_first(values: Values) -> dict[str, list[str]]:
    """Return values such as "diet:vegan" grouped by what stands before the colon."""
    groups: dict[str, list[str]] = defaultdict(list)
    for value in values:
        first, _, second = value.partition(BETWEEN)
        groups[first].append(second)
    return groups


def list_asked(event: Event, version: int | None = None) -> list[Question]:
    """Return the questions by whose answers the list is filtered: with choices, and not about diet or access (S14).

    Questions whose answers were deleted after the event are left out (P27). If `version`, the content version that the
    request has read, is given, the process remembers the questions of that version (`questions.list_named`).
    """
    every = [one for one in questions.list_named(event.id, version) if not has_been_emptied(one, event)]
    return [one for one in every if one.sensitivity == Sensitivity.ORDINARY and one.kind in DECIDING]


def answers_to(question: Question) -> list[str]:
    """Return the values by which answers to the question are filtered: also withdrawn choices, and UNANSWERED."""
    is_yes_no = question.kind == QuestionKind.YES_NO
    return [*([YES, NO] if is_yes_no else [choice.key for choice in question.choices]), UNANSWERED]


def _one_of(known: Callable[[], Mapping[str, Any]]) -> Callable[[Event, Sequence[str]], Sequence[str]]:
    def read_values(_event: Event, values: Sequence[str]) -> Sequence[str]:
        if not set(values) <= set(known()):
            raise UnknownFilter
        return values

    return read_values


def _has(column: Any) -> Callable[[Event, Values], Conditions]:
    def conditions_of(_event: Event, values: Values) -> Conditions:
        yield or_(*(column == value for value in values))

    return conditions_of


def _read_organisations(event: Event, values: Sequence[str]) -> list[str]:
    """Return the key of each organisation that the URL names by its name, by an alias or by the key itself."""
    return [belonging.key_of(event, value, "") for value in values if tidy(value)]


def _read_tags(_event: Event, values: Sequence[str]) -> list[str]:
    names = [name for value in values for name in notes.read_tags(value)]
    if any(len(name) > LONGEST_TAG for name in names):
        raise UnknownFilter
    return names


def _select_tagged(event: Event, values: Values) -> Select[int]:
    mine = RegistrationTag.event_id == event.id, RegistrationTag.name.in_(values)
    return select(RegistrationTag.registration_id).where(*mine)


def _tagged(event: Event, values: Values) -> Conditions:
    yield Registration.id.in_(_select_tagged(event, values))


def _each_tagged(_event: Event, values: Values) -> Conditions:
    mine = RegistrationTag.registration_id == Registration.id, RegistrationTag.name.in_(values)
    yield exists().where(*mine)


def _consented(_event: Event, values: Values) -> Conditions:
    for purpose, wanted in by_first(values).items():
        given = consents.is_given(ConsentPurpose(purpose))
        yield or_(*(given if one == YES else ~given for one in wanted))


def _invited(event: Event, values: Values) -> Conditions:
    mine = invited.is_invited(event)
    yield or_(*(mine if one == YES else ~mine for one in values))


def _read_imports(event: Event, values: Sequence[str]) -> list[str]:
    """Return the ids of imports that the URL names. Raises UnknownFilter for an import that the event does not have."""
    numbers = [int(value) for value in values if NUMBER.fullmatch(value)]
    if len(imported.find_moments(event, numbers)) < len(set(values)):
        raise UnknownFilter
    return list(map(str, numbers))


def _imported(_event: Event, values: Values) -> Conditions:
    yield imported.came_from([*map(int, values)])


def _has_address(_event: Event, values: Values) -> Conditions:
    yield or_(*(awaited.is_in(AddressState(one), clock.now()) for one in values))


def _registered_within(event: Event, values: Values) -> Conditions:
    """Yield the condition that somebody registered within the longest of these spans, by days in the event's zone."""
    today = clock.now().astimezone(event.zone).date()
    first = today - timedelta(days=max(map(int, values)) - 1)
    yield Registration.requested_at >= datetime.combine(first, time(), event.zone).astimezone(UTC)


def _read_answers(event: Event, values: Sequence[str]) -> Sequence[str]:
    return _refuse_unknown(list_asked(event), values)


def _refuse_unknown(asked: Sequence[Question], values: Sequence[str]) -> Sequence[str]:
    """Return the values if each is an answer to one of the questions in `asked`. Raises UnknownFilter otherwise."""
    known = {f"{one.key}{BETWEEN}{value}" for one in asked for value in answers_to(one)}
    if not set(values) <= known:
        raise UnknownFilter
    return values


def _answered(event: Event, values: Values) -> Conditions:
    for key, wanted in by_first(values).items():
        chosen = [one for one in wanted if one != UNANSWERED]
        ways = [Registration.id.in_(_select_answered(event, key, chosen))] if chosen else []
        answered = select(Answer.registration_id).where(_is_to(event, key))
        yield or_(*ways, *([Registration.id.not_in(answered)] if UNANSWERED in wanted else []))


def _each_answered(event: Event, values: Values) -> Conditions:
    for key, wanted in by_first(values).items():
        mine = Answer.registration_id == Registration.id, _is_to(event, key)
        # Compare a subquery that returns the stored answer; PostgreSQL would turn EXISTS into a join with all answers.
        stored = select(cast(Answer.value, String)).where(*mine).scalar_subquery()
        yield or_(*(stored.is_(None) if one == UNANSWERED else _names(stored, one) for one in wanted))


def _select_answered(event: Event, key: str, wanted: Sequence[str]) -> Select[int]:
    """Select the ids of those who have chosen one of these answers to the question with this key."""
    stored = cast(Answer.value, String)
    ways = or_(*(_names(stored, one) for one in wanted))
    return select(Answer.registration_id).where(_is_to(event, key), ways)


def _is_to(event: Event, key: str) -> ColumnElement[bool]:
    asked = select(Question.id).where(Question.event_id == event.id, Question.key == key)
    return Answer.question_id == asked.scalar_subquery()


def _names(stored: ColumnElement[str], choice: str) -> ColumnElement[bool]:
    """Return the condition that an answer is this choice, which is stored as "key" or as one of ["key", …]."""
    # The pattern needs no escaping: keys have only letters, digits and hyphens.
    return stored.contains(f'"{choice}"', autoescape=True)


CONSENTED = {f"{purpose}{BETWEEN}{word}": word for purpose in ConsentPurpose for word in (YES, NO)}
# The filters by kind, in the order in which the URL names them.
KINDS: Mapping[str, Kind] = {
    "country": Kind(_one_of(lambda: country_names("en")), _has(Registration.country)),
    "organisation": Kind(_read_organisations, _has(Registration.organisation_key)),
    "language": Kind(_one_of(lambda: NAMES), _has(Registration.language)),
    "tag": Kind(_read_tags, _tagged, _each_tagged),
    "consent": Kind(_one_of(lambda: CONSENTED), _consented),
    "invited": Kind(_one_of(lambda: {YES: True, NO: False}), _invited),
    ANSWER: Kind(_read_answers, _answered, _each_answered),
    "import": Kind(_read_imports, _imported),
    "address": Kind(_one_of(lambda: dict.fromkeys(AddressState)), _has_address),
    "within": Kind(_one_of(lambda: dict.fromkeys(DAYS)), _registered_within),
}
