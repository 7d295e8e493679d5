"""Questions for tests.

make_question(event, "dinner", QuestionKind.YES_NO)                       asks everybody
make_question(event, "diet", choices=("vegetarian", "none"), care=True)   one with choices
make_question(event, "guests", QuestionKind.NUMBER, after=dinner, values=["yes"], sectors=["ngo"])
make_question(event, "cv", QuestionKind.FILE, **FILE_RULES)               asks for a file
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

from forum.columns import Text
from forum.events.models import Event
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Choice, Question
from tests.factories.saving import save

FILE_RULES = {"file_types": ["pdf", "picture"], "most_megabytes": 1}  # which files a question accepts
_positions = count(1)


def make_question(
    event: Event,
    key: str = "arrival",
    kind: QuestionKind | None = None,
    *,
    choices: Sequence[str] = (),
    care: bool = False,
    after: Question | None = None,
    values: Sequence[str] = (),
    sectors: Sequence[str] = (),
    **differing: Any,
) -> Question:
    """Save a question of an event: of the kind SEVERAL_OF if it has choices, else TEXT, unless `kind` is given."""
    question = Question(
        event_id=event.id,
        key=key,
        kind=kind or (QuestionKind.SEVERAL_OF if choices else QuestionKind.TEXT),
        position=next(_positions),
        sensitivity=Sensitivity.CARE if care else Sensitivity.ORDINARY,
        label=Text(sv=f"Fråga {key}", en=f"Question {key}"),
        help=Text(sv=f"Hjälp {key}", en=f"Help {key}"),
        sector_keys=list(sectors),
        depends_on_id=after.id if after else None,
        depends_on_values=list(values),
    )
    for name, value in differing.items():
        setattr(question, name, value)
    question.choices = [
        Choice(key=choice, position=place, label=Text(sv=f"Svar {choice}", en=f"Choice {choice}"))
        for place, choice in enumerate(choices)
    ]
    return save(question)
