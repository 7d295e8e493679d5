"""The rows of the page of an event's questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from forum.accounts import sign_ins
from forum.accounts.enums import Role
from forum.console.question_forms import condition_words, kind_name
from forum.events.models import Event
from forum.questions import locating, queries
from forum.questions.enums import Sensitivity
from forum.questions.models import Question
from forum.registration import question_changes as rules
from forum.registration import tallies
from forum.web.languages import in_language


@dataclass(frozen=True)
class Row:
    """A question in the list.

    `depth` is how many questions its condition depends on, directly or through others. `answered` and `hides_number`
    are as `about_answered` returns them. `is_silent` is True when the question is asked of nobody because it depends on
    a withdrawn question. `is_emptied` is True when its answers were deleted after the event.
    """

    question: Question
    depth: int
    label: str
    kind: str
    sectors: str
    condition: str
    answered: int | None
    hides_number: bool
    missing: Sequence[str]
    is_first: bool
    is_last: bool
    is_silent: bool
    is_emptied: bool

    @property
    def is_sensitive(self) -> bool:
        """Whether only the role care reads the answers."""
        return self.question.sensitivity == Sensitivity.CARE


def rows_of(event: Event) -> dict[str, Any]:
    """Return the context of the page: the questions that are asked, and those that are withdrawn."""
    listed, answered = queries.list_all(event.id), tallies.count_answered(event)
    asked = [question for question in listed if not question.withdrawn_at]
    return {
        "rows": [_row(event, question, asked, answered) for question in asked],
        "withdrawn": [
            _row(event, question, listed, answered) for question in listed if question.withdrawn_at
        ],
    }


def about_answered(event: Event, question: Question, answered: Mapping[str, int]) -> dict[str, Any]:
    """Return how many people have answered, given the numbers by key, as the signed-in person may see it.

    Only the role care sees the number of a sensitive question (else `hides_number`): comparing two numbers, or a number
    and the page of counts, could reveal what that page hides (P06). `answered` is None for a small number.
    """
    if question.sensitivity == Sensitivity.CARE and not sign_ins.holds(Role.CARE, event):
        return {"answered": 0, "hides_number": True}
    number = answered.get(question.key, 0)
    return {"answered": tallies.count_shown(question, number), "hides_number": False}


def count_missing(event: Event) -> int:
    """Return how many of the questions that the event asks lack a text in one of its languages."""
    asked = (question for question in queries.list_all(event.id) if not question.withdrawn_at)
    return sum(bool(missing_of(question, event.offered_languages)) for question in asked)


def missing_of(question: Question, codes: Sequence[str]) -> list[str]:
    """Return the languages in which a text of the question is missing: its words, its help or one of its answers."""
    texts = [question.label, *(choice.label for choice in question.choices if not choice.withdrawn_at)]
    if any(question.help.values()):
        texts.append(question.help)
    return [code for code in codes if not all(text.get(code) for text in texts)]


def _row(event: Event, question: Question, listed: Sequence[Question], answered: dict[str, int]) -> Row:
    names = {sector.key: in_language(sector.name) for sector in event.sectors}
    told = [names.get(key, _("%(key)s (removed)", key=key)) for key in question.sector_keys]
    beside, above = rules.siblings(question, listed), _above(question, listed)
    return Row(
        question,
        depth=len(above),
        label=in_language(question.label),
        kind=kind_name(question.kind),
        sectors=", ".join(told) or _("every sector"),
        condition=condition_words(question),
        **about_answered(event, question, answered),
        missing=missing_of(question, event.offered_languages),
        is_first=question is beside[0],
        is_last=question is beside[-1],
        is_silent=question.depends_on_id is not None and not above,
        is_emptied=locating.has_been_emptied(question, event),
    )


def _above(question: Question, listed: Sequence[Question]) -> list[Question]:
    """Return the listed questions on which this one depends, the nearest first."""
    known, above = {each.id: each for each in listed}, []
    while (parent := known.get(question.depends_on_id or 0)) is not None:
        above.append(parent)
        question = parent
    return above
