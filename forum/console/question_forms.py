"""The forms for an event's questions."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from forum.console.settings_fields import (
    AreaTexts,
    LineTexts,
    NumberField,
    Row,
    RowsField,
    SettingsForm,
    TextsField,
)
from forum.events.models import Event
from forum.questions.drafts import ChoiceDraft, QuestionDraft
from forum.questions.enums import MEGABYTES, NO, WITH_CHOICES, YES, FileType, QuestionKind, Sensitivity
from forum.questions.models import Question
from forum.registration import question_changes as rules
from forum.web.edits import ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import in_language

MOST_CHOICES, BLANK_CHOICES, LONGEST_SHOWN = 40, 4, 60
# The kinds of questions in the order in which they are offered: name and explanation of each.
KINDS: Mapping[QuestionKind, tuple[Any, Any]] = {
    QuestionKind.ONE_OF: (_l("One of several answers"), _l("People choose one of your answers.")),
    QuestionKind.SEVERAL_OF: (_l("Several answers"), _l("People tick as many of your answers as fit.")),
    QuestionKind.YES_NO: (_l("Yes or no"), _l("People choose yes or no; neither is chosen beforehand.")),
    QuestionKind.TEXT: (
        _l("A line of text"),
        _l("At most 200 characters. Nobody can count what people write."),
    ),
    QuestionKind.LONG_TEXT: (_l("Several lines of text"), _l("For an answer that needs sentences.")),
    QuestionKind.NUMBER: (_l("A number"), _l("A whole number, such as how many guests come along.")),
    QuestionKind.DATE: (_l("A date"), _l("A day, such as the day of arrival.")),
    QuestionKind.COUNTRY: (_l("A country"), _l("Chosen from the list of all countries.")),
    QuestionKind.FILE: (
        _l("A file"),
        _l(
            "A PDF or a picture, such as a certificate. Organisers download it. Not all of a PDF is searched for"
            " programs: open it with care."
        ),
    ),
}
SENSITIVITIES: Mapping[Sensitivity, Any] = {
    Sensitivity.ORDINARY: _l("Ordinary"),
    Sensitivity.CARE: _l("Sensitive"),
}
FILE_TYPES: Mapping[FileType, Any] = {
    FileType.PDF: _l("PDF"),
    FileType.PICTURE: _l("Picture (JPEG, PNG or WebP)"),
}
ALWAYS = ""


class ChoiceRow(Row):
    """An answer that a question offers, and the answer's number in the order of answers."""

    key = HiddenField()
    position = NumberField(_l("Order"), [Optional()], most=999)
    label = TextsField(LineTexts, _l("Answer"), longest=150)

    @property
    def is_blank(self) -> bool:
        """Whether the row has no words, which means that this answer is removed from the question."""
        return not self.label.text


class OrderForm(ShowsStored, TidyForm):
    """The buttons that move questions; `seen` is a digest of the order that the page shows."""


class QuestionForm(SettingsForm):
    """The form for a question of one kind, which the page's URL names."""

    label = TextsField(LineTexts, _l("Question"), longest=200, missing=_l("Enter what you ask"))
    help = TextsField(AreaTexts, _l("Help below the question"), longest=400)
    choices = RowsField(ChoiceRow, _l("Answers to choose from"), most=MOST_CHOICES)
    file_types = SelectMultipleField(
        _l("Files that people may send"),
        choices=[SelectChoice(one.value, name) for one, name in FILE_TYPES.items()],
        default=[one.value for one in FileType],
    )
    most_megabytes = RadioField(_l("How large a file may be"), choices=[], default=str(MEGABYTES[1]))
    is_required = BooleanField(_l("People have to answer"))
    is_locating = BooleanField(_l("The answers tell where somebody is"))
    sectors = SelectMultipleField(_l("Asked of"), choices=[])
    condition = SelectField(_l("When it is asked"), choices=[])
    sensitivity = RadioField(
        _l("Who reads the answers"),
        choices=[SelectChoice(one.value, name) for one, name in SENSITIVITIES.items()],
        default=Sensitivity.ORDINARY.value,
    )

    def __init__(
        self,
        *args: Any,
        event: Event,
        kind: QuestionKind,
        question: Question,
        others: Sequence[Question],
        is_answered: bool = False,
        **kwargs: Any,
    ):
        """Make the form for a stored question or a new one; `others` are the event's other questions in order."""
        super().__init__(*args, **kwargs)
        self._question, self._kind = question, kind
        self.sectors.choices = _sector_choices(event, question)
        self.condition.choices = _conditions(question, others)
        if kind not in WITH_CHOICES:
            del self.choices
        elif not self.is_submitted():
            for _number in range(1 if question.choices else BLANK_CHOICES):
                self.choices.offer_blank()
        if kind == QuestionKind.FILE:
            self.most_megabytes.choices = [
                SelectChoice(str(number), _("%(number)s MB", number=number)) for number in MEGABYTES
            ]
            # Organisers read the files that people send as answers, so a question for files cannot be a sensitive one.
            self.sensitivity.choices = self.sensitivity.choices[:1]
        else:
            del self.file_types, self.most_megabytes
        if is_answered:
            del self.sensitivity

    @staticmethod
    def stored(question: Question, kind: QuestionKind) -> dict[str, Any]:
        """Return the values that the form's fields show for the question, as a question of this kind."""
        draft = QuestionDraft.of(question)
        offered = [choice for choice in draft.choices if not choice.is_withdrawn]
        rows = [
            {"key": choice.key, "position": number, "label": dict(choice.label)}
            for number, choice in enumerate(offered, start=1)
        ]
        return {
            "label": dict(draft.label),
            "help": dict(draft.help),
            "is_required": draft.is_required,
            "is_locating": draft.is_locating,
            "sectors": list(draft.sector_keys),
            "condition": _code(draft.depends_on, draft.depends_on_values),
            "sensitivity": draft.sensitivity.value,
            **({"choices": rows} if kind in WITH_CHOICES else {}),
            **(_files(draft) if kind == QuestionKind.FILE else {}),
        }

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and leave out answers whose words were all emptied."""
        if "choices" not in self:
            return super().validate(extra_validators)
        blank = [row for row in self.choices.entries if row.form.is_blank]
        self.choices.entries = [row for row in self.choices.entries if not row.form.is_blank]
        is_valid = super().validate(extra_validators)
        self.choices.entries += blank
        return is_valid

    def draft(self) -> QuestionDraft:
        """Return the question as typed in the form."""
        parent, _sign, values = (self.condition.data or ALWAYS).partition("=")
        sensitivity = self.sensitivity.data if "sensitivity" in self else self._question.sensitivity
        return QuestionDraft(
            kind=self._kind,
            label=self.label.text,
            help=self.help.text,
            is_required=self.is_required.data,
            is_locating=self.is_locating.data,
            sensitivity=Sensitivity(sensitivity),
            sector_keys=tuple(self.sectors.data or ()),
            choices=tuple(self._choices()) if "choices" in self else (),
            depends_on=parent,
            depends_on_values=tuple(values.split(",")) if values else (),
            file_types=tuple(self.file_types.data or ()) if "file_types" in self else (),
            most_megabytes=int(self.most_megabytes.data or 0) if "most_megabytes" in self else 0,
        )

    def _choices(self) -> list[ChoiceDraft]:
        """Return the answers in the order of their numbers; those without a number come last."""
        rows = sorted(
            self.choices.filled, key=lambda row: (row.position.data is None, row.position.data or 0)
        )
        known = {choice.key for choice in self._question.choices}
        return [ChoiceDraft(row.label.text, row.key.data if row.key.data in known else "") for row in rows]


def kind_name(kind: QuestionKind) -> str:
    """Return the name of a kind of question."""
    return str(KINDS[kind][0])


def condition_words(question: Question) -> str:
    """Return the condition of a question in words, or "" for a question that is always asked."""
    parent = question.depends_on
    return _condition(parent, question.depends_on_values, 2 * LONGEST_SHOWN) if parent else ""


def _files(draft: QuestionDraft) -> dict[str, Any]:
    """Return the values of the fields about files: the stored question's, else all file types and the default size."""
    return {
        "file_types": list(draft.file_types or FileType),
        "most_megabytes": str(draft.most_megabytes or MEGABYTES[1]),
    }


def _sector_choices(event: Event, question: Question) -> list[SelectChoice]:
    """Return the event's sectors, and those that were removed while the question was for them."""
    names = {sector.key: in_language(sector.name) for sector in event.sectors}
    gone = [key for key in question.sector_keys or () if key not in names]
    return [
        *(SelectChoice(key, name) for key, name in names.items()),
        *(SelectChoice(key, _("%(key)s (removed)", key=key)) for key in gone),
    ]


def _conditions(question: Question, others: Sequence[Question]) -> list[SelectChoice]:
    """Return what can be chosen as a question's condition: "always", answers to others, and its present condition."""
    conditions = {ALWAYS: _("Always")}
    for other in rules.may_decide(question, others):
        conditions |= {
            _code(other.key, [value]): _condition(other, [value]) for value in rules.answers_of(other)
        }
    if question.depends_on:
        code = _code(question.depends_on.key, question.depends_on_values)
        conditions.setdefault(code, condition_words(question))
    return [SelectChoice(code, words) for code, words in conditions.items()]


def _code(parent: str, values: Sequence[str]) -> str:
    return f"{parent}={','.join(values)}" if parent else ALWAYS


def _condition(parent: Question, values: Sequence[str], longest: int = LONGEST_SHOWN) -> str:
    labels = {choice.key: in_language(choice.label) for choice in parent.choices}
    labels |= {YES: _("Yes"), NO: _("No")} if parent.kind == QuestionKind.YES_NO else {}
    return _(
        "If “%(question)s” is answered with %(answers)s",
        question=_short(in_language(parent.label), longest),
        answers=_quoted([labels.get(value, value) for value in values], longest),
    )


def _quoted(answers: Sequence[str], longest: int) -> str:
    """Return the answers in quotation marks, joined, as many as fit the length; the first is always included."""
    told = [_("“%(answer)s”", answer=_short(answer, longest)) for answer in answers]
    ends = list(accumulate(map(len, told)))
    shown = [words for words, end in zip(told, ends, strict=True) if end <= longest] or told[:1]
    return _(" or ").join(shown if len(shown) == len(told) else [*shown, "…"])


def _short(words: str, longest: int) -> str:
    return words if len(words) <= longest else f"{words[: longest - 1].rstrip()}…"
