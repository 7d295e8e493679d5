"""How a form's page shows questions: each above the questions that depend on it; those not asked in hidden fields.

A question under a condition is on the page from the start, below the question on which it depends. The style sheet
hides it until the condition is met, without a script; a browser that cannot do this shows the condition in words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

from forum.questions import care_consent, locating, queries, uploads
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.fields import AsksQuestions, name_of
from forum.questions.models import Question
from forum.questions.wording import answer_text, file_words
from forum.web.languages import in_language

# For how many different conditions on the answer to one question the style sheet can hide the questions that depend on
# it; questions with further conditions are always visible.
MOST_CONDITIONS = 6


@dataclass
class Group:
    """Questions that appear for the same answers to the question above; the style sheet knows the group by `number`."""

    number: int
    condition: str
    nodes: list["Node"] = field(default_factory=list)


@dataclass
class Node:
    """A question on the page: its field, a hint, and the groups of questions that depend on it."""

    question: Question
    field: Any
    hint: str
    groups: list[Group] = field(default_factory=list)

    @property
    def marks(self) -> dict[str, str]:
        """For each answer, the numbers of the groups of questions that it makes appear, separated by spaces."""
        marks: dict[str, list[str]] = {}
        for group in self.groups:
            for value in group.nodes[0].question.depends_on_values:
                marks.setdefault(value, []).append(str(group.number))
        return {value: " ".join(numbers) for value, numbers in marks.items()}

    @property
    def file_words(self) -> str:
        """Name and size of the file that the field names; "" without a file."""
        return file_words(self.field.told)

    @property
    def look(self) -> str:
        """The name of the macro in templates/public/questions/_asked.html that renders the field."""
        return LOOKS.get(self.question.kind, "field")


LOOKS = {
    QuestionKind.YES_NO: "radios",
    QuestionKind.ONE_OF: "radios",
    QuestionKind.SEVERAL_OF: "checklist",
    QuestionKind.NUMBER: "number",
    QuestionKind.DATE: "date",
    QuestionKind.FILE: "file",
}


def nodes(form: AsksQuestions) -> list[Node]:
    """Return the questions of the form's sector, each with all questions that depend on its answer."""
    made: dict[int, Node] = {}
    top: list[Node] = []
    for question in form.questions:
        parent = made.get(question.depends_on_id or 0)
        if not queries.of_sector(question, form.sector) or (question.depends_on_id and parent is None):
            continue
        node = Node(question, form[name_of(question)], _hint(question))
        made[question.id] = node
        (_group(parent, question).nodes if parent else top).append(node)
    return top


def has_care(listed: Sequence[Node]) -> bool:
    """Return whether any of these questions, or of those that depend on them, is about diet and access."""
    return any(node.question.sensitivity == Sensitivity.CARE for node in _flat(listed))


def care_text() -> str:
    """Return the text to which a person agrees by answering questions about diet and access."""
    return in_language(care_consent.words())


def carried(form: AsksQuestions) -> Iterator[Any]:
    """Yield the fields of questions that do not apply to this sector, which the page keeps in hidden fields."""
    # Find the questions that `nodes` leaves out, without making the nodes a second time.
    shown: set[int] = set()
    for question in form.questions:
        has_parent = not question.depends_on_id or question.depends_on_id in shown
        if has_parent and queries.of_sector(question, form.sector):
            shown.add(question.id)
        else:
            yield form[name_of(question)]


def _hint(question: Question) -> str:
    """Return the help text below a question, with how long the answer is kept if it tells where the person is.

    If the question asks for a file, the text also gives the allowed types and size, and who may read the file.
    """
    told = in_language(question.help)
    if question.is_locating:
        told = f"{told} {locating.kept_words()}".strip()
    if question.kind != QuestionKind.FILE:
        return told
    limits = _(
        "Choose %(types)s of at most %(number)s MB. The organisers can read the file and its name. A PDF may also say"
        " who wrote it.",
        types=uploads.types_of(question),
        number=question.most_megabytes,
    )
    return f"{told} {limits}".strip()


def _flat(some: Sequence[Node]) -> Iterator[Node]:
    for node in some:
        yield node
        for group in node.groups:
            yield from _flat(group.nodes)


def _group(parent: Node, question: Question) -> Group:
    """Return the group of questions below `parent` that have this question's condition; add it if there is none yet."""
    for group in parent.groups:
        if set(group.nodes[0].question.depends_on_values) == set(question.depends_on_values):
            return group
    told = " / ".join(answer_text(parent.question, value) for value in question.depends_on_values)
    number = len(parent.groups) + 1
    group = Group(
        number if number <= MOST_CONDITIONS else 0, _("Only if you answered: %(answer)s", answer=told)
    )
    parent.groups.append(group)
    return group
