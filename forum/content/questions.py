"""An event's questions as a part of its event.toml."""

from collections.abc import Iterator, Sequence
from typing import Any

from forum.content.shapes import (
    LANGUAGES,
    Document,
    Where,
    flag,
    key,
    line,
    listing,
    member,
    number,
    prose,
    table,
    texts,
    unique,
    unix,
)
from forum.questions.enums import MEGABYTES, FileType, QuestionKind, Sensitivity
from forum.questions.models import Choice, Question

QUESTIONS = "questions"
LABEL, LONGEST_HELP = texts(line(200, empty=True), said=True), 400
CHOICE = table({"key": key(40), "label": texts(line(150, empty=True), said=True)}, {"withdrawn": flag})
QUESTION = table(
    {
        "key": key(40),
        "kind": member(QuestionKind),
        "sensitivity": member(Sensitivity),
        "label": LABEL,
    },
    {
        "required": flag,
        "locating": flag,
        "withdrawn": flag,
        "sectors": listing(key(40), 40),
        "help": texts(prose(LONGEST_HELP)),
        "shown_if": table({"question": key(40), "answers": listing(key(40), 40)}),
        "choices": listing(CHOICE, 100),
        "files": table(
            {"types": listing(member(FileType), 2), "megabytes": number(min(MEGABYTES), max(MEGABYTES))}
        ),
    },
)
SHAPE = listing(QUESTION, 100)


def tell(questions: Sequence[Question]) -> list[Document]:
    """Return the questions as the part of event.toml about them, in order and without empty values."""
    return [_tell(question) for question in questions]


def read(told: Sequence[Document], where: Where) -> list[Document]:
    """Return the checked questions of a file in the order of the form, without empty values. Raises BadFile.

    No two questions may have the same key, and no two choices of one question.
    """
    unique([*told], "key", where)
    for question in told:
        unique(question.get("choices", []), "key", where.at(question["key"]).at("choices"))
    return list(_in_order([_without_empty(question) for question in told]))


def _without_empty(question: Document) -> Document:
    """Return the question without empty values, such as a help text that is empty in every language."""
    choices = [
        {name: value for name, value in choice.items() if value is not False}
        for choice in question.get("choices", [])
    ]
    told = {**question, "choices": choices}
    return {name: value for name, value in told.items() if name == "label" or _says(value)}


def _says(value: Any) -> bool:
    return any(value.values()) if isinstance(value, dict) else bool(value)


def _in_order(told: Sequence[Document]) -> Iterator[Document]:
    """Yield each question before those that depend on it, as in the form; circular dependencies come last."""
    keys, placed = {question["key"] for question in told}, set()

    def above(question: Document) -> str | None:
        key = question.get("shown_if", {}).get("question")
        return key if key in keys else None

    def from_(parent: str | None) -> Iterator[Document]:
        for question in told:
            if above(question) == parent:
                placed.add(question["key"])
                yield question
                yield from from_(question["key"])

    yield from from_(None)
    yield from (question for question in told if question["key"] not in placed)


def _tell(question: Question) -> Document:
    condition = (
        {"question": question.depends_on.key, "answers": list(question.depends_on_values)}
        if question.depends_on
        else {}
    )
    told: Document = {
        "key": question.key,
        "kind": question.kind.value,
        "sensitivity": question.sensitivity.value,
        "label": _text(question.label),
        "required": question.is_required,
        "locating": question.is_locating,
        "withdrawn": question.withdrawn_at is not None,
        "sectors": list(question.sector_keys),
        "help": _text(question.help),
        "shown_if": condition,
        "choices": [_tell_choice(choice) for choice in question.choices],
        "files": {"types": list(question.file_types), "megabytes": question.most_megabytes}
        if question.file_types
        else {},
    }
    return _without_empty(told)


def _tell_choice(choice: Choice) -> Document:
    told = {"key": choice.key, "label": _text(choice.label)}
    return {**told, "withdrawn": True} if choice.withdrawn_at else told


def _text(text: dict[str, str]) -> Document:
    return {language: unix(text.get(language) or "") for language in LANGUAGES}
