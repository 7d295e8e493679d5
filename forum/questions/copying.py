"""Copying the questions of an event into an event that was copied from it."""

from forum.events.models import Event
from forum.extensions import db
from forum.questions.models import Choice, Question
from forum.questions.queries import list_all


def copy_questions(event: Event, made: Event) -> None:
    """Add the event's open questions to another event that has none; no answers and no withdrawn questions."""
    db.session.flush()
    copies: dict[int, Question] = {}
    for position, question in enumerate(list_all(event.id)):
        parent = copies.get(question.depends_on_id or 0)
        asks_nobody = question.depends_on_id is not None and parent is None
        if question.withdrawn_at is None and not asks_nobody:
            copies[question.id] = _copy(question, made, position, parent)
    db.session.add_all(copies.values())
    db.session.flush()


def _copy(question: Question, made: Event, position: int, parent: Question | None) -> Question:
    return Question(
        event_id=made.id,
        key=question.key,
        position=position,
        kind=question.kind,
        sensitivity=question.sensitivity,
        label=question.label,
        help=question.help,
        is_required=question.is_required,
        sector_keys=list(question.sector_keys),
        depends_on=parent,
        depends_on_values=list(question.depends_on_values) if parent else [],
        file_types=list(question.file_types),
        most_megabytes=question.most_megabytes,
        is_locating=question.is_locating,
        choices=[
            Choice(key=choice.key, position=place, label=choice.label)
            for place, choice in enumerate(question.choices)
            if choice.withdrawn_at is None
        ],
    )
