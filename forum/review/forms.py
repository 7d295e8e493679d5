"""The forms of reviews: approving and declining one person or many."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from forum.registration.enums import DeclineReason
from forum.registration.models import Registration
from forum.registration.review_words import CHOICES
from forum.registration.reviewing import Refusal
from forum.review import recipients
from forum.review.actions import shown_of_each
from forum.review.recipients import Recipient, Who
from forum.web.edits import ShowsStored, digest
from forum.web.forms import LinesField, TidyForm
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES, language_name

LONGEST_WORDS = 2000
LENGTH = Length(max=LONGEST_WORDS, message=_l("Use at most %(longest)s characters", longest=LONGEST_WORDS))
ALL, WITH_PLACE = "all", "with_place"
WHOM = (
    SelectChoice(ALL, _l("Approve all: whoever finds no place joins the waiting list")),
    SelectChoice(WITH_PLACE, _l("Approve as many as find a place: the others stay in review")),
)


class OwnWordsForm(TidyForm):
    """The organisers' own words, in each language of those who read them."""

    sv = LinesField(NAMES["sv"], [LENGTH, no_identity_number])
    en = LinesField(NAMES["en"], [LENGTH, no_identity_number])

    def __init__(self, *args, languages: Iterable[str] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        # The languages in which the form asks for words: those of the recipients, none without one, or all of them.
        asked = set(NAMES) if languages is None else set(languages)
        self.languages = [code for code in NAMES if code in asked]
        for code in NAMES:
            if code in self.languages:
                self[code].label.text = self._label(code)

    @staticmethod
    def languages_of(read_by: Iterable[Recipient]) -> set[str]:
        """Return in which languages the form asks for words to these recipients; words about an approval go by mail."""
        return {recipient.language for recipient in read_by if recipient.who == Who.PERSON}

    @property
    def word_fields(self) -> list[Any]:
        """The fields for words in the languages of the people concerned."""
        return [self[code] for code in self.languages]

    @property
    def words_by_language(self) -> dict[str, str]:
        """The words typed in each language of the people concerned."""
        return {field.short_name: field.data or "" for field in self.word_fields}

    def words_for(self, registration: Registration) -> str:
        """Return the words typed in the language of whoever reads the decision about a registration."""
        language = recipients.of(registration).language
        return self[language].data or "" if language in self.languages else ""

    def _label(self, code: str) -> str:
        if len(self.languages) == 1:
            return _("Your own words")
        return _("Your own words in %(language)s", language=language_name(code))

    def _is_whole(self) -> bool:
        """Return whether words were typed in every language or in none: otherwise some people would get no words."""
        given = [bool(field.data) for field in self.word_fields]
        return all(given) or not any(given)

    def validate(self, extra_validators=None) -> bool:
        """Check the fields, then that no language is left out."""
        if not super().validate(extra_validators):
            return False
        for missing in [] if self._is_whole() else [field for field in self.word_fields if not field.data]:
            missing.errors = [_("Write in this language too, or leave every language empty")]
        return not any(field.errors for field in self.word_fields)


class ApproveForm(ShowsStored, OwnWordsForm):
    """The form that approves one person."""


class ReasonForm(OwnWordsForm):
    """The form with the reason for declining people."""

    reason = SelectField(_l("Reason"), validate_choice=True)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        named = [SelectChoice(reason.value, str(words)) for reason, words in CHOICES.items()]
        self.reason.choices = [SelectChoice("", _("Choose a reason")), *named]
        # Give the fields other ids: a page may show this form beside ApproveForm, and ids must be unique.
        for field in self.word_fields:
            field.id = f"refusal-{field.id}"

    @staticmethod
    def languages_of(read_by: Iterable[Recipient]) -> set[str]:
        """Return in which languages the form asks for words: those about a refusal stay with each registration."""
        return {recipient.language for recipient in read_by}

    def validate(self, extra_validators=None) -> bool:
        """Check the fields; the reason "other" needs words that explain it."""
        is_valid = super().validate(extra_validators)
        if not self.reason.data:
            self.reason.errors = [_("Choose a reason")]
        elif self.reason.data == DeclineReason.OTHER and not all(field.data for field in self.word_fields):
            for field in self.word_fields:
                field.errors = [_("Say the reason in your own words")]
        return is_valid and not self.errors

    def refusal_of(self, registration: Registration) -> Refusal:
        """Return reason and words of a valid form for one person."""
        return Refusal(DeclineReason(self.reason.data), self.words_for(registration))


class DeclineForm(ShowsStored, ReasonForm):
    """The form that declines one person, or proposes that to a second organiser."""


class Selection:
    """The people chosen in a form, each as reference and digest of what the page showed: "ABCD-EFGH.digest"."""

    who = SelectMultipleField(_l("Who"), validate_choice=False)

    def show_people(self, registrations: Sequence[Registration]) -> None:
        """Put these people into the form, each with a digest of the values that the page shows."""
        shown = shown_of_each(registrations)
        self.show_as({one.reference: shown[one.id] for one in registrations})

    def show_as(self, people: Mapping[str, Mapping[str, object]]) -> None:
        """Put people into the form; `people` has, by reference, the values that the page shows, which are digested."""
        self.who.data = [f"{reference}.{digest(shown)}" for reference, shown in people.items()]

    def digests(self) -> dict[str, str]:
        """Return by reference the digests of the values that the page showed."""
        pairs = (str(value).partition(".") for value in self.who.data or ())
        return {reference: shown for reference, _dot, shown in pairs}


class ApproveManyForm(Selection, OwnWordsForm):
    """The form that approves many people: all of them, or only as many as get a place."""

    whom = RadioField(
        _l("If there are fewer places than people"),
        choices=[*WHOM],
        default=ALL,
    )


class DeclineManyForm(Selection, ReasonForm):
    """The form that declines many people for the same reason."""


class ProposedManyForm(Selection, TidyForm):
    """The form with which a second organiser confirms or drops many proposed refusals."""
