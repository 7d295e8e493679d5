"""The questions of an event in an import, written by the rules of the console; no answer is ever lost."""

from collections.abc import Sequence
from datetime import datetime

from forum.content.questions import QUESTIONS
from forum.content.shapes import Document, Where
from forum.events.models import Event
from forum.extensions import db
from forum.questions import queries
from forum.questions.drafts import QuestionDraft
from forum.questions.errors import QuestionRefused
from forum.questions.models import Question
from forum.registration import question_changes as rules
from forum.registration import tallies


def write(event: Event, documents: Sequence[Document], where: Where, *, now: datetime) -> None:
    """Store the questions of a locked event as the documents describe them, each before those that depend on it.

    Raises BadFile.
    """
    at, known = where.at(QUESTIONS), {each.key: each for each in queries.list_all(event.id)}
    _remove_missing(event, known, {document["key"] for document in documents}, at)
    _free_conditions(known, documents)
    for document in documents:
        draft, place = QuestionDraft.read(document), at.at(document["key"])
        stored = known.get(draft.key)
        try:
            if stored is None:
                stored = rules.insert(event, draft, now=now)
            else:
                _refuse_lost_choices(stored, draft, place)
                rules.apply(event, stored, draft, now=now)
        except QuestionRefused as refusal:
            place.refuse(": ".join(filter(None, (refusal.fault.value, refusal.where))))
        if document.get("withdrawn", False) != (stored.withdrawn_at is not None):
            stored.withdrawn_at = now if document.get("withdrawn") else None
    _put_in_order(event, [document["key"] for document in documents])


def _remove_missing(event: Event, known: dict[str, Question], wanted: set[str], at: Where) -> None:
    """Delete the questions that the file lacks. Raises BadFile for a question that people have answered."""
    answered = tallies.count_answered(event)
    for key in known.keys() - wanted:
        # How many people have answered is not said: numbers about food and access are for the role care alone.
        if key in answered:
            at.at(key).refuse("is missing, and people have answered it; withdrawn = true asks nobody more")
        for other in known.values():
            if other.depends_on is known[key]:
                other.depends_on, other.depends_on_values = None, []
        db.session.delete(known[key])
    db.session.flush()


def _free_conditions(known: dict[str, Question], documents: Sequence[Document]) -> None:
    """Remove conditions of questions before the new conditions are set, so that the order of setting does not matter.

    A condition is removed if the file changes the condition or the question's mark `locating`. A changed mark and the
    condition may fit together only once another question, above or below in the chain of conditions, has its new mark,
    too.
    """
    for document in documents:
        stored = known.get(document["key"])
        if stored is None or stored.depends_on is None:
            continue
        condition = {"question": stored.depends_on.key, "answers": list(stored.depends_on_values)}
        is_marked_alike = document.get("locating", False) == stored.is_locating
        if document.get("shown_if") != condition or not is_marked_alike:
            stored.depends_on, stored.depends_on_values = None, []
    db.session.flush()


def _refuse_lost_choices(stored: Question, draft: QuestionDraft, at: Where) -> None:
    gone = {choice.key for choice in stored.choices} - {choice.key for choice in draft.choices}
    if gone and tallies.is_answered(stored):
        at.at("choices").at(min(gone)).refuse(
            "is missing, and people have answered the question; withdrawn = true offers it no more"
        )


def _put_in_order(event: Event, keys: Sequence[str]) -> None:
    places = {key: position for position, key in enumerate(keys)}
    for question in queries.list_all(event.id):
        if question.position != places[question.key]:
            question.position = places[question.key]
    db.session.flush()
