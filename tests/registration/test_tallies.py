"""Which small numbers are hidden, so that no hidden one can be computed from the others."""

from hypothesis import given
from hypothesis import strategies as st

from forum.columns import Text
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Choice, Question
from forum.registration.tallies import FEWEST, tally_of, without_small


def make(kind: QuestionKind, counts: list[int]):
    """Return the exact tally of a sensitive question whose choices have these counts."""
    choices = [Choice(key=str(number), label=Text(en=str(number))) for number in range(len(counts))]
    question = Question(kind=kind, sensitivity=Sensitivity.CARE, label=Text(en="?"), choices=choices)
    values = [str(number) for number, times in enumerate(counts) for _time in range(times)]
    return tally_of(question, values)


def test_a_single_small_number_takes_the_next_one_with_it_where_answers_add_up():
    shown = without_small(make(QuestionKind.ONE_OF, [2, 9, 0, 20]))
    assert (shown.answered, list(shown.counts.values())) == (31, [None, None, 0, 20])
    shown = without_small(make(QuestionKind.SEVERAL_OF, [2, 9, 0, 20]))
    assert list(shown.counts.values()) == [None, 9, 0, 20]


@given(st.lists(st.integers(0, 12), min_size=2, max_size=6))
def test_no_small_number_of_one_choice_each_can_be_worked_out(counts):
    exact = make(QuestionKind.ONE_OF, counts)
    shown = without_small(exact)
    hidden = [exact.counts[part] for part, number in shown.counts.items() if number is None]
    assert not [number for number in shown.counts.values() if number is not None and 0 < number < FEWEST]
    assert shown.answered is None or shown.answered == sum(counts)
    if hidden and shown.answered is not None:
        # Whoever subtracts the shown numbers from the total, here the number of people who answered, gets the sum of
        # the hidden numbers. These must be at least two, and their sum at least FEWEST people.
        assert sum(hidden) >= FEWEST
        assert len(hidden) > 1
