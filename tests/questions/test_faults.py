"""The faults for which a question is refused: choices, files, conditions, and what would reveal a sensitive answer."""

import pytest

from forum.columns import Text
from forum.extensions import db
from forum.questions import queries
from forum.questions.drafts import ChoiceDraft, QuestionDraft
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.errors import Fault, QuestionRefused
from forum.questions.models import Answer
from forum.registration import question_changes
from tests.factories.events import NOW, make_event
from tests.factories.questions import make_question
from tests.factories.registrations import confirmed, write
from tests.factories.saving import save

YES_OR_NO = QuestionKind.YES_NO


@pytest.fixture
def event(database):
    return make_event()


def draft(kind=QuestionKind.TEXT, *, choices=(), **differing) -> QuestionDraft:
    offered = tuple(ChoiceDraft(Text(en=key), key) for key in choices)
    return QuestionDraft(kind, Text(en="What?"), choices=offered, **differing)


WRONG = [  # drafts of new questions, each with its fault and the key that the fault names
    (draft(QuestionKind.SEVERAL_OF, choices=("red", "red")), Fault.KEY_IS_TAKEN, "red"),
    (draft(QuestionKind.ONE_OF, choices=("red",)), Fault.TOO_FEW_CHOICES, ""),
    (draft(file_types=("pdf",)), Fault.NO_FILE_TYPE, ""),
    (draft(most_megabytes=2), Fault.NO_FILE_TYPE, ""),
    (draft(QuestionKind.FILE), Fault.NO_FILE_TYPE, ""),
    (draft(QuestionKind.FILE, file_types=("exe",), most_megabytes=2), Fault.NO_FILE_TYPE, ""),
    (
        draft(QuestionKind.FILE, file_types=("pdf",), most_megabytes=2, sensitivity=Sensitivity.CARE),
        *(Fault.FILE_IS_SENSITIVE, ""),
    ),
    (draft(sector_keys=("nobody",)), Fault.NO_SUCH_SECTOR, "nobody"),
    (draft(depends_on="nothing", depends_on_values=("yes",)), Fault.NO_SUCH_CONDITION, "nothing"),
    (draft(key="dinner"), Fault.KEY_IS_TAKEN, "dinner"),
    (draft(depends_on="dinner", depends_on_values=("perhaps",)), Fault.NO_SUCH_CONDITION, "dinner"),
    (draft(depends_on="name", depends_on_values=("yes",)), Fault.NO_SUCH_CONDITION, "name"),
    (draft(depends_on="illness", depends_on_values=("yes",)), Fault.SHOWS_SENSITIVE, "illness"),
]


def refusal(rule, *arguments) -> tuple[Fault, str]:
    """Return the fault for which a question is refused, and the key that the fault names."""
    with pytest.raises(QuestionRefused) as refused:
        write(rule, *arguments, actor="command", now=NOW)
    db.session.rollback()
    return refused.value.fault, refused.value.where


def test_a_new_question_that_breaks_a_rule_is_refused(event):
    make_question(event, "dinner", YES_OR_NO)
    make_question(event, "name")
    make_question(event, "illness", YES_OR_NO, care=True)
    expected = [(fault, where) for _wrong, fault, where in WRONG]
    assert [refusal(question_changes.add, event, wrong) for wrong, *_told in WRONG] == expected
    assert {question.key for question in queries.list_all(event.id)} == {"dinner", "name", "illness"}


def test_questions_that_would_depend_on_each_other_in_a_circle_are_refused(event):
    first = make_question(event, "first", YES_OR_NO)
    second = make_question(event, "second", YES_OR_NO, after=first, values=["yes"])
    make_question(event, "third", YES_OR_NO, after=second, values=["yes"])
    circle = draft(YES_OR_NO, key="first", depends_on="third", depends_on_values=("no",))
    assert refusal(question_changes.change, event, first, circle) == (Fault.CIRCLE, "third")


def test_a_question_on_which_others_depend_keeps_the_answers_that_their_conditions_name(event):
    dinner = make_question(event, "dinner", QuestionKind.ONE_OF, choices=("meat", "fish"))
    make_question(event, "wine", YES_OR_NO, after=dinner, values=["fish"])
    without_fish = draft(QuestionKind.ONE_OF, key="dinner", choices=("meat", "soup"))
    assert refusal(question_changes.change, event, dinner, without_fish) == (Fault.OTHERS_DEPEND, "wine")
    sensitive = draft(
        QuestionKind.ONE_OF, key="dinner", choices=("meat", "fish"), sensitivity=Sensitivity.CARE
    )
    assert refusal(question_changes.change, event, dinner, sensitive) == (Fault.SHOWS_SENSITIVE, "wine")


def test_an_answered_question_keeps_its_kind_and_its_sensitivity(event):
    question = make_question(event, "name")
    save(Answer(registration_id=confirmed(event).id, question_id=question.id, value="Kim"))
    other_kind = draft(QuestionKind.NUMBER, key="name")
    assert refusal(question_changes.change, event, question, other_kind) == (Fault.KIND_IS_FIXED, "")
    sensitive = draft(key="name", sensitivity=Sensitivity.CARE)
    assert refusal(question_changes.change, event, question, sensitive) == (Fault.SENSITIVITY_IS_FIXED, "")


def test_an_answered_question_keeps_the_mark_that_its_answers_are_deleted_after_the_event(event):
    question = make_question(event, "hotel", is_locating=True)
    unmarked = draft(key="hotel")
    save(answer := Answer(registration_id=confirmed(event).id, question_id=question.id, value="Grand"))
    assert refusal(question_changes.change, event, question, unmarked) == (Fault.DELETION_IS_PROMISED, "")
    write(db.session.delete, answer)
    changed = write(question_changes.change, event, question, unmarked, actor="command", now=NOW)
    assert "is_locating" in changed


def test_a_withdrawn_question_keeps_no_answers_that_the_one_above_it_would_lose(event):
    hotel = make_question(event, "hotel", YES_OR_NO)
    make_question(event, "which", after=hotel, values=["yes"], withdrawn_at=NOW)
    marked = draft(YES_OR_NO, key="hotel", is_locating=True)
    assert refusal(question_changes.change, event, hotel, marked) == (Fault.SHOWS_PLACE, "which")


def test_the_first_question_is_not_moved_further_up_and_a_withdrawn_one_stays_withdrawn(event):
    first, second = make_question(event, "first"), make_question(event, "second", withdrawn_at=NOW)
    write(question_changes.move, event, first, -1, actor="command", now=NOW)
    write(question_changes.withdraw, second, actor="command", now=NOW.replace(year=2030))
    assert [question.key for question in queries.list_all(event.id)] == ["first", "second"]
    assert second.withdrawn_at == NOW


def test_questions_of_a_merged_sector_are_asked_of_the_other_sector_once(event):
    both = make_question(event, "both", sectors=["ngo", "tech"])
    one = make_question(event, "one", sectors=["ngo"])
    write(question_changes.follow_merged, event, "ngo", "tech")
    assert (both.sector_keys, one.sector_keys) == (["tech"], ["tech"])
