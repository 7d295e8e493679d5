"""A question as a value that is independent of the database, for forms and content files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from forum.columns import Text
from forum.questions.enums import QuestionKind, Sensitivity
from forum.questions.models import Question


@dataclass(frozen=True)
class ChoiceDraft:
    """A choice of a question. A new choice may have the key "": then a key is made from its label."""

    label: Text
    key: str = ""
    is_withdrawn: bool = False


@dataclass(frozen=True)
class QuestionDraft:
    """What a question asks, of whom and under which condition; the question that it depends on is named by its key.

    The draft of a new question may have the key "": then a key is made from its label.
    """

    kind: QuestionKind
    label: Text
    key: str = ""
    help: Text = field(default_factory=Text)
    is_required: bool = False
    sensitivity: Sensitivity = Sensitivity.ORDINARY
    sector_keys: tuple[str, ...] = ()
    choices: tuple[ChoiceDraft, ...] = ()
    depends_on: str = ""
    depends_on_values: tuple[str, ...] = ()
    file_types: tuple[str, ...] = ()
    most_megabytes: int = 0
    is_locating: bool = False

    @classmethod
    def of(cls, question: Question) -> "QuestionDraft":
        """Return the draft of a stored question, with its withdrawn choices."""
        return cls(
            kind=question.kind,
            label=question.label,
            key=question.key,
            help=question.help,
            is_required=question.is_required,
            sensitivity=question.sensitivity,
            sector_keys=tuple(question.sector_keys),
            choices=tuple(
                ChoiceDraft(choice.label, choice.key, choice.withdrawn_at is not None)
                for choice in question.choices
            ),
            depends_on=question.depends_on.key if question.depends_on else "",
            depends_on_values=tuple(question.depends_on_values) if question.depends_on else (),
            # The following columns are None for a question that is not stored yet.
            file_types=tuple(question.file_types or ()),
            most_megabytes=question.most_megabytes or 0,
            is_locating=bool(question.is_locating),
        )

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "QuestionDraft":
        """Return the draft of a question from its entry in a file of content (forum/content/questions.py)."""
        condition, files = told.get("shown_if", {}), told.get("files", {})
        return cls(
            kind=QuestionKind(told["kind"]),
            label=_text(told["label"]),
            key=told["key"],
            help=_text(told.get("help", {})),
            is_required=told.get("required", False),
            sensitivity=Sensitivity(told["sensitivity"]),
            sector_keys=tuple(told.get("sectors", ())),
            choices=tuple(
                ChoiceDraft(_text(choice["label"]), choice["key"], choice.get("withdrawn", False))
                for choice in told.get("choices", ())
            ),
            depends_on=condition.get("question", ""),
            depends_on_values=tuple(condition.get("answers", ())),
            file_types=tuple(files.get("types", ())),
            most_megabytes=files.get("megabytes", 0),
            is_locating=told.get("locating", False),
        )

    def values(self) -> dict[str, Any]:
        """Return the draft's fields as a dictionary of plain values."""
        return asdict(self)


def _text(told: Mapping[str, str]) -> Text:
    return Text({language: words for language, words in told.items() if words})
