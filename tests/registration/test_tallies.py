"""Which small numbers are hidden, so that no hidden one can be worked out from the others (P06)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.columns import Text
from forum.events.models import Event
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Choice, Question
from forum.registration.small_numbers import LEAST
from forum.registration.tallies import Tally, list_tallies, tally_of, without_small
from tests.console.test_questions import answer
from tests.factories.events import NOW, make_event, make_sector
from tests.factories.questions import make_question
from tests.factories.registrations import write


@pytest.fixture
def app(make_app, database_url):
    """Give an app on each kind of database: answers are JSON, which the databases give back differently."""
    return make_app(database_url)


def ask(kind: QuestionKind, size: int) -> Question:
    """Return a sensitive question with this number of choices."""
    choices = [Choice(key=str(number), label=Text(en=str(number))) for number in range(size)]
    return Question(kind=kind, sensitivity=Sensitivity.CARE, label=Text(en="?"), choices=choices)


def make(kind: QuestionKind, counts: list[int]):
    """Return the exact tally of a sensitive question whose choices have these counts."""
    values = [str(number) for number, times in enumerate(counts) for _time in range(times)]
    return tally_of(ask(kind, len(counts)), values)


@pytest.mark.parametrize("kind", [QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF])
def test_a_single_small_number_takes_the_next_one_with_it(kind):
    shown = without_small(make(kind, [2, 9, 0, 20]))
    assert (shown.answered, list(shown.counts.values())) == (31, [None, None, 0, 20])


@given(st.lists(st.integers(0, 12), min_size=2, max_size=6))
def test_no_small_number_of_one_choice_each_can_be_worked_out(counts):
    exact = make(QuestionKind.ONE_OF, counts)
    shown = without_small(exact)
    hidden = [exact.counts[part] for part, number in shown.counts.items() if number is None]
    assert not [number for number in shown.counts.values() if number is not None and 0 < number < LEAST]
    assert shown.answered is None or shown.answered == sum(counts)
    if hidden and shown.answered is not None:
        # Whoever subtracts the shown numbers from the total, here the number of people who answered, gets the sum of
        # the hidden numbers. So two numbers or more must be hidden, with a sum of at least five people (LEAST).
        assert sum(hidden) >= LEAST
        assert len(hidden) > 1


def test_equal_small_numbers_take_a_larger_one_with_them():
    """If only 4, 4 and 4 were hidden, readers who know the rule could divide the sum of 12 by three."""
    shown = without_small(make(QuestionKind.ONE_OF, [4, 9, 4, 4, 20]))
    assert list(shown.counts.values()) == [None, None, None, None, 20]


def test_where_every_answer_is_hidden_so_is_that_nobody_gave_one():
    """The answer that nobody gave is hidden, too: else five people and five hidden answers would mean one each."""
    shown = without_small(make(QuestionKind.ONE_OF, [1, 1, 0, 1, 1, 1]))
    assert (shown.answered, {*shown.counts.values()}) == (5, {None})


def test_a_small_number_is_not_told_by_how_many_people_gave_several_answers():
    """If 6 of ten people were shown for one answer, the hidden number, below five, could only be the other four."""
    question = ask(QuestionKind.SEVERAL_OF, 2)
    shown = without_small(Tally(question, 10, {"0": 4, "1": 6}))
    assert [*shown.counts.values()] == [None, None]


def test_an_answer_that_is_listed_because_somebody_gave_it_is_not_named_with_a_hidden_number():
    """A number or withdrawn choice is listed only if somebody gave it as an answer, so a hidden one is not named."""
    question = Question(kind=QuestionKind.NUMBER, sensitivity=Sensitivity.CARE, label=Text(en="?"))
    shown = without_small(tally_of(question, [1] * 7 + [2] * 6 + [3] * 3))
    assert (shown.counts, shown.has_others, shown.hides) == ({1: 7}, True, True)
    assert [shown.is_hidden(part) for part in (1, 2, 4)] == [False, True, True]
    shown = without_small(tally_of(question, [1] * 7))
    assert (shown.counts, shown.hides, shown.is_hidden(2)) == ({1: 7}, False, False)


ONE_EACH, SEVERAL, ANY = QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF, QuestionKind.NUMBER


@pytest.mark.parametrize(("kind", "largest"), [(ONE_EACH, 8), (SEVERAL, 6), (ANY, 8)])
def test_whoever_knows_the_rule_finds_two_values_for_each_hidden_number(kind, largest):
    """For all counts of up to four answers, at least two values of each hidden number fit what is shown."""
    for size in range(1, 5):
        alike = defaultdict(list)
        for question, counts, answered in every_case(kind, size, largest):
            shown = without_small(Tally(question, answered, counts))
            seen = tuple("hidden" if shown.is_hidden(key) else shown.counts.get(key, 0) for key in keys(size))
            alike[seen, shown.answered, shown.has_others].append([counts.get(key, 0) for key in keys(size)])
        for (seen, _answered, _has_others), possible in alike.items():
            for number, values in zip(seen, map(set, zip(*possible, strict=True)), strict=True):
                assert len(values) > 1 if number == "hidden" else values == {number}


def keys(size: int) -> list[str]:
    return [str(number) for number in range(size)]


def every_case(
    kind: QuestionKind, size: int, largest: int
) -> Iterator[tuple[Question, Mapping[str, int], int]]:
    """Yield a question, counts of `size` answers up to `largest`, and each number of people who may have given them."""
    question = ask(kind, 0 if kind == ANY else size)
    for numbers in product(range(largest + 1), repeat=size):
        counts = {
            key: number for key, number in zip(keys(size), numbers, strict=True) if number or kind != ANY
        }
        people = range(max(numbers), sum(numbers) + 1) if kind == SEVERAL else [sum(numbers)]
        for answered in people:
            yield question, counts, answered


def shown_below(event: Event) -> list[tuple[str, int | None, Mapping[str, int | None], bool]]:
    """Return what organisers without the role care read of each question but the first."""
    told = list_tallies(event, is_exact=False)
    return [(one.question.key, one.answered, one.counts, one.has_others) for one in told[1:]]


@pytest.mark.parametrize(
    ("kind", "value", "has_others"),
    [
        (QuestionKind.NUMBER, 3, True),
        (QuestionKind.COUNTRY, "FI", True),
        (QuestionKind.DATE, "2027-11-16", True),
        (QuestionKind.ONE_OF, "gone", True),
        (QuestionKind.YES_NO, "no", False),
        (QuestionKind.TEXT, "A ramp", False),
    ],
)
def test_nobody_is_told_from_one_person_below_a_hidden_answer(database, kind, value, has_others):
    """Three people answer a sensitive question, so every number of it is hidden, and so is whether anybody said yes."""
    event = make_event(sectors=[make_sector("ngo")])
    need = make_question(event, "need", QuestionKind.YES_NO, care=True)
    choices = ("kept", "gone") if kind == QuestionKind.ONE_OF else ()
    below = make_question(event, "below", kind, care=True, after=need, values=["yes"], choices=choices)
    for choice in below.choices[1:]:
        write(setattr, choice, "withdrawn_at", NOW)
    for said in ("no", "no", "yes"):
        answer(event, need, said)
    nobody = shown_below(event)
    answer(event, below, value)
    assert shown_below(event) == nobody
    counts = {"yes_no": {"yes": None, "no": None}, "one_of": {"kept": None}}.get(kind, {})
    assert nobody == [("below", None, counts, has_others)]


def test_a_withdrawn_question_below_a_hidden_answer_is_not_listed(database):
    """If it was listed once it has an answer, it would tell that somebody has answered the sensitive question."""
    event = make_event(sectors=[make_sector("ngo")])
    need = make_question(event, "need", QuestionKind.YES_NO, care=True)
    gone = make_question(
        event, "gone", QuestionKind.YES_NO, care=True, after=need, values=["yes"], withdrawn_at=NOW
    )
    make_question(event, "deeper", care=True, after=gone, values=["yes"])
    answer(event, need, "yes")
    nobody = shown_below(event)
    answer(event, gone, "yes")
    assert shown_below(event) == nobody == [("deeper", None, {}, False)]
    assert [one.question.key for one in list_tallies(event, is_exact=True)] == ["need", "gone", "deeper"]
