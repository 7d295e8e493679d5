"""Several choices of one answer stand in one line, and the line gives the same choices back."""

from itertools import combinations

import pytest
from flask_babel import force_locale

from forum.columns import Text
from forum.questions.choices import read_several, write_several
from forum.questions.enums import QuestionKind
from forum.questions.models import Choice, Question
from forum.questions.wording import answer_text

SETS = {
    "plain": ("Fish", "Meat", "Soup"),
    "commas": ("Bread, butter", "Fish", "Soup, hot, with bread"),
    "a label of two others": ("Bread", "butter", "Bread, butter"),
    "semicolons": ("Tea; coffee", "Tea", "coffee", "Tea, coffee"),
    "marks": ('"Fika"', 'A "warm; soft" roll', 'Fika; "late"', '5" sandwich, toast'),
}


def asked(labels):
    choices = [Choice(key=f"k-{place}", label=Text(en=label)) for place, label in enumerate(labels)]
    return Question(key="dish", kind=QuestionKind.SEVERAL_OF, label=Text(en="Dish"), choices=choices)


@pytest.mark.parametrize("name", SETS)
def test_a_line_of_choices_gives_the_same_choices_back(app, name):
    question = asked(SETS[name])
    keys = [one.key for one in question.choices]
    chosen = [list(some) for number in range(1, len(keys) + 1) for some in combinations(keys, number)]
    with app.test_request_context(), force_locale("en"):
        assert [read_several(question, write_several(question, some)) for some in chosen] == chosen


def test_choices_stand_with_semicolons_and_in_marks_only_where_needed(app):
    with app.test_request_context(), force_locale("en"):
        commas, others = asked(SETS["commas"]), asked(SETS["a label of two others"])
        assert answer_text(commas, ["k-0", "k-1"]) == "Bread, butter; Fish"
        assert answer_text(others, ["k-0", "k-1"]) == "Bread; butter"
        assert answer_text(others, ["k-2"]) == '"Bread, butter"'
        assert answer_text(others, ["k-0", "gone"]) == '"Bread"; "gone"'


def test_a_line_of_an_earlier_export_is_read(app):
    with app.test_request_context(), force_locale("en"):
        assert read_several(asked(SETS["commas"]), "Bread, butter, Fish") == ["k-0", "k-1"]
        assert read_several(asked(SETS["a label of two others"]), "Bread, butter") == []
