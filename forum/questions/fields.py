"""The fields of an event's questions in a form, and the checks of what was typed there.

Each question has a field, also one that does not apply to this sector or to the other answers: such a field keeps its
value, but is not shown, checked or stored. So nothing is lost when the person changes the sector.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import StopValidation, ValidationError
from wtforms.widgets import FileInput

from forum.questions import files, queries, values
from forum.questions.enums import NO, YES, QuestionKind, Sensitivity
from forum.questions.models import Question
from forum.questions.wording import file_words
from forum.web.countries import CountryField, country_names
from forum.web.forms import LinesField, TidyForm
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import language

PREFIX = "q-"
# The most characters of a line of text, of several lines, and of several lines about diet or access. Text about diet
# or access is kept short (P05): all these answers of a person share one sealed record.
LONGEST_LINE, LONGEST_LINES, LONGEST_CARE = 200, 2000, 300
# The most bytes, as JSON, of a person's answers about diet and access, and of all others: what a sealed record holds.
MOST_BYTES = {Sensitivity.CARE: 800, Sensitivity.ORDINARY: 10_000}
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


def name_of(question: Question) -> str:
    """Return the name of the question's field."""
    return PREFIX + question.key


class CountryAnswer(CountryField):
    """The field for a country, which may stay empty; a check of the question refuses an unknown code."""

    def pre_validate(self, form) -> None:
        """Skip WTForms' check of the choice: the question may not apply. A check of the question follows."""


class FileAnswer(Field):
    """A file as an answer: the field's value is a signed text that names a file sent before (`uploads`)."""

    widget = FileInput()
    refusal = ""  # why the file that was sent with the form was refused; "" if it was accepted
    is_taken = False  # whether the file that was sent with the form is stored, and the field names it

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """Take over the text that was sent only if this site has signed it, else "" (no file)."""
        if valuelist:
            self.data = valuelist[0] if files.read(valuelist[0]) else ""

    @property
    def told(self) -> dict[str, Any] | None:
        """Key, name and size of the file that the field names; None if it names no file."""
        return files.read(self.data)

    @staticmethod
    def words_of(signed: Any) -> str:
        """Return in words the file that a value of the field names, for a page that compares two versions (R30)."""
        return file_words(files.read(signed))


class AsksQuestions(TidyForm):
    """A form that also asks an event's questions. `asks` tells the server that the page had questions."""

    asks = HiddenField()
    asked_now: Sequence[Question] = ()
    # WTForms keeps the fields in a list for the whole class; here each form object has a list of its own.
    _unbound_fields: Any

    def __init__(
        self,
        *args: Any,
        questions: Sequence[Question] = (),
        sector: str = "",
        stored: Mapping[str, Any] | None = None,
        asks: str = "1",
        data: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        """Make the form with a field for each question.

        `stored` are the answers by key that fill in the form. `asks` is sent back with the form: the slug of the event
        whose questions it has, or "1" where another field names the event.
        """
        self.questions, self.sector, told = questions, sector, stored or {}
        declared = self._unbound_fields or ()
        code = language()
        made = [(name_of(q), make_field(q, told.get(q.key), language_code=code)) for q in questions]
        self._unbound_fields = [*declared, *made]
        filled = {name_of(q): values.shown(q, told[q.key]) for q in questions if q.key in told}
        super().__init__(*args, data={**filled, **(data or {})}, **kwargs)
        self.asks.data = asks if questions else ""
        for question in questions:
            field = self[name_of(question)]
            field.question = question
            field.validators = (_only_if_asked, *field.validators)

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """Return whether the form is valid. If all answers together are too long, the longest one gets the error."""
        # Work out only once which questions apply, because checking the fields changes no answer.
        self.asked_now = self.asked()
        valid = super().validate(*args, **kwargs)
        return all([valid, *(self._fits(sensitivity) for sensitivity in Sensitivity)])

    def asked(self) -> list[Question]:
        """Return the questions that apply to this sector and to the answers in the form."""
        typed = {question.key: self[name_of(question)].data for question in self.questions}
        return queries.asked(self.questions, self.sector, typed)

    def given(self) -> dict[str, Any]:
        """Return the valid answers by the question's key, without questions that do not apply or are not answered."""
        told = {
            question.key: values.read(question, self[name_of(question)].data) for question in self.asked()
        }
        return {key: value for key, value in told.items() if value is not None}

    def _fits(self, sensitivity: Sensitivity) -> bool:
        fields = [self[name_of(q)] for q in self.asked_now if q.sensitivity == sensitivity]
        told = {field.name: field.data for field in fields if field.data}
        if len(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")) <= MOST_BYTES[sensitivity]:
            return True
        longest = max((field for field in fields if field.data), key=lambda field: len(str(field.data)))
        longest.errors = [_("Your answers are too long together. Shorten this one.")]
        return False


def shown_answers(questions: Sequence[Question], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return by field name what the fields of these questions show for the `stored` answers, which are by key."""
    return {name_of(one): values.shown(one, stored.get(one.key)) for one in questions}


def make_field(question: Question, stored: Any = None, *, language_code: str) -> Any:
    """Return the unbound WTForms field of a question, labelled in this language; it also offers a `stored` choice."""
    label = question.label.in_language(language_code)
    if question.kind == QuestionKind.FILE:
        return FileAnswer(label, [_is_taken, _required])
    checks = [_required, CHECKS[question.kind]]
    if chosen := CHOSEN.get(question.kind):
        choices = choices_of(question, stored, language_code)
        return chosen(label, checks, choices=choices, validate_choice=False)
    return KINDS.get(question.kind, StringField)(label, checks)


def choices_of(question: Question, stored: Any, language_code: str) -> list[SelectChoice]:
    """Return the choices of a question: yes and no, or its choices that are not withdrawn or were given before."""
    if question.kind == QuestionKind.YES_NO:
        return [SelectChoice(YES, _("Yes")), SelectChoice(NO, _("No"))]
    given = stored if isinstance(stored, list) else [stored]
    offered = [one for one in question.choices if not one.withdrawn_at or one.key in given]
    return [SelectChoice(one.key, one.label.in_language(language_code)) for one in offered]


def _only_if_asked(form: AsksQuestions, field: Any) -> None:
    """Skip the checks of a field whose question does not apply."""
    if field.question not in form.asked_now:
        field.errors = []
        raise StopValidation


def _is_taken(_form: AsksQuestions, field: FileAnswer) -> None:
    """Refuse the form if the file that was sent for this field was refused."""
    if field.refusal:
        raise StopValidation(field.refusal)


def _required(_form: AsksQuestions, field: Any) -> None:
    """Refuse an empty answer to a required question; skip the other checks for any other empty answer."""
    if field.data:
        return
    field.errors = []
    raise StopValidation(
        MISSING.get(field.question.kind, _l("Answer this question")) if field.question.is_required else None
    )


def _is_text(form: AsksQuestions, field: Any) -> None:
    longest = _longest(field.question)
    if len(field.data) > longest:
        raise ValidationError(_("Use at most %(number)s characters", number=longest))
    no_identity_number(form, field)


def _longest(question: Question) -> int:
    if question.kind == QuestionKind.TEXT:
        return LONGEST_LINE
    return LONGEST_CARE if question.sensitivity == Sensitivity.CARE else LONGEST_LINES


def _is_number(_form: AsksQuestions, field: Any) -> None:
    if not WHOLE_NUMBER.fullmatch(field.data):
        raise ValidationError(_l("Enter a whole number in digits, such as 2"))


def _is_day(_form: AsksQuestions, field: Any) -> None:
    if values.read_day(field.data) is None:
        raise ValidationError(_l("Enter a day as year, month and day, such as 2027-05-03"))


def _is_country(_form: AsksQuestions, field: Any) -> None:
    if field.data not in country_names(language()):
        raise ValidationError(_l("Choose a country"))


def _is_offered(_form: AsksQuestions, field: Field) -> None:
    offered = {choice.value for choice in field.choices}
    chosen = field.data if isinstance(field.data, list) else [field.data]
    if not offered.issuperset(chosen):
        raise ValidationError(_l("Choose among the answers that are offered now"))


CHOSEN: dict[QuestionKind, type[Field]] = {
    QuestionKind.YES_NO: RadioField,
    QuestionKind.ONE_OF: RadioField,
    QuestionKind.SEVERAL_OF: SelectMultipleField,
}
KINDS: dict[QuestionKind, type[Field]] = {
    QuestionKind.LONG_TEXT: LinesField,
    QuestionKind.COUNTRY: CountryAnswer,
}
CHECKS: dict[QuestionKind, Callable[[Any, Any], None]] = {
    QuestionKind.TEXT: _is_text,
    QuestionKind.LONG_TEXT: _is_text,
    QuestionKind.NUMBER: _is_number,
    QuestionKind.DATE: _is_day,
    QuestionKind.COUNTRY: _is_country,
    **dict.fromkeys((QuestionKind.YES_NO, QuestionKind.ONE_OF, QuestionKind.SEVERAL_OF), _is_offered),
}
MISSING: dict[QuestionKind, Any] = {
    QuestionKind.TEXT: _l("Write an answer"),
    QuestionKind.LONG_TEXT: _l("Write an answer"),
    QuestionKind.NUMBER: _l("Enter a number"),
    QuestionKind.DATE: _l("Enter a day"),
    QuestionKind.COUNTRY: _l("Choose a country"),
    QuestionKind.YES_NO: _l("Choose yes or no"),
    QuestionKind.ONE_OF: _l("Choose an answer"),
    QuestionKind.SEVERAL_OF: _l("Choose at least one answer"),
    QuestionKind.FILE: _l("Choose a file"),
}
