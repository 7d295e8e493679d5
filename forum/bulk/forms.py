"""The forms that ask before an act on many people."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, ValidationError

from forum.people import notes
from forum.people.models import LONGEST_NOTE
from forum.registration import moving_words
from forum.registration.offer_models import LONGEST_REASON
from forum.review.forms import WHOM, OwnWordsForm
from forum.tasks.enums import TaskKind
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, SentOnce, TidyForm, required
from forum.web.identity_numbers import no_identity_number

# An organiser who cancels more registrations than this has to type their number.
HANDFUL = 5


class ManyForm(SentOnce, ShowsStored, TidyForm):
    """The base of all forms for an act on many people.

    It has a digest of what the page showed, and a key by which a form that is sent twice counts once.
    """

    @property
    def lacks(self) -> str:
        """Return a sentence saying why the form offers nothing to choose, or "" if there is something."""
        return ""

    @property
    def payload(self) -> dict[str, Any]:
        """Return what the organiser has chosen in the form, such as the tags, as the task stores it (JSON)."""
        raise NotImplementedError


class TagManyForm(ManyForm):
    """Tags that are added to those of each person."""

    tags = StringField(_l("Tags"), [required(_l("Enter at least one tag")), no_identity_number])

    def validate_tags(self, field: StringField) -> None:
        """Refuse a text without a tag, and tags that are too many or too long."""
        names = notes.read_tags(field.data or "")
        if not names:
            raise ValidationError(_("Enter at least one tag"))
        if notes.is_too_long(names):
            raise ValidationError(_("Use at most 20 tags of at most 40 characters"))

    @property
    def payload(self) -> dict[str, Any]:
        """Return the tags that are added."""
        return {"tags": notes.read_tags(self.tags.data or "")}


class UntagManyForm(ManyForm):
    """A tag that is taken away from each person."""

    tag = SelectField(_l("Tag"), [required(_l("Choose a tag"))])

    def offer(self, names: Sequence[str]) -> None:
        """Set the tags that can be chosen."""
        self.tag.choices = [
            SelectChoice("", _("Choose a tag")),
            *(SelectChoice(name, f"#{name}") for name in names),
        ]

    @property
    def lacks(self) -> str:
        """Return a sentence when there is no tag that could be removed, else ""."""
        return "" if self.tag.choices[1:] else _("None of these people has a tag.")

    @property
    def payload(self) -> dict[str, Any]:
        """Return the tag that is taken away."""
        return {"tags": [self.tag.data]}


class MoveManyForm(ManyForm, moving_words.MoveForm):
    """The sector to which people move, and what happens to people for whom it has no free place."""

    @property
    def payload(self) -> dict[str, Any]:
        """Return the new sector's key, and whether a person without a free place there joins its line."""
        return {"sector": self.sector.data, "may_wait": self.if_full.data == moving_words.WAIT}


class OfferManyForm(ManyForm):
    """The form for the reason why people are offered places before others who wait."""

    reason = StringField(
        _l("Reason"),
        [
            required(_l("Enter why these people are offered a place out of turn")),
            Length(max=LONGEST_REASON, message=_l("Use at most 500 characters")),
            no_identity_number,
        ],
    )

    @property
    def payload(self) -> dict[str, Any]:
        """Return the reason of the offers."""
        return {"reason": self.reason.data}


class ResendToManyForm(ManyForm):
    """The form for sending people their links again; there is nothing to choose."""

    @property
    def payload(self) -> dict[str, Any]:
        """Return nothing: the task needs no more than its people."""
        return {}


class ManyApprovalForm(ManyForm, OwnWordsForm):
    """Words to the people who are approved, and what happens to those for whom no place is free."""

    whom = RadioField(
        _l("If there are fewer places than people"),
        [required(_l("Choose what happens if there are fewer places than people"))],
        choices=[*WHOM],
    )

    @property
    def payload(self) -> dict[str, Any]:
        """Return whether people without a free place are approved, too, and the organiser's words by language."""
        return {"whom": self.whom.data, "words": self.words_by_language}


class CancelManyForm(ManyForm, OwnWordsForm):
    """The reason of cancellations, words to the people, and the number of people, typed if it is large (R28)."""

    reason = LinesField(
        _l("Why you cancel"),
        [Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")), no_identity_number],
    )
    number = StringField(_l("How many registrations you cancel"))

    def __init__(self, *args: Any, will: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.will = will

    @property
    def asks_number(self) -> bool:
        """Return whether the number of registrations has to be typed (R28)."""
        return self.will > HANDFUL

    def validate_number(self, field: StringField) -> None:
        """Refuse any number but that of the registrations that would be cancelled."""
        if self.asks_number and "".join((field.data or "").split()) != str(self.will):
            raise ValidationError(_("Type how many registrations you cancel, in digits"))

    @property
    def payload(self) -> dict[str, Any]:
        """Return the reason of the cancellations, and the organiser's words by language."""
        return {"reason": self.reason.data or "", "words": self.words_by_language}


class ReinstateManyForm(ManyForm, OwnWordsForm):
    """Words to the people whose cancellations are undone; `undoes` is the id of the task that cancelled them."""

    def __init__(self, *args: Any, undoes: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.undoes = undoes

    @property
    def payload(self) -> dict[str, Any]:
        """Return the id of the task that is undone, and the organiser's words by language."""
        return {"undoes": self.undoes, "words": self.words_by_language}


# The form for each act on people who are chosen in the list. Undoing cancellations is not among them: it starts from
# the page of the task that cancelled.
FORMS: Mapping[TaskKind, type[ManyForm]] = {
    TaskKind.TAG: TagManyForm,
    TaskKind.UNTAG: UntagManyForm,
    TaskKind.MOVE: MoveManyForm,
    TaskKind.APPROVE: ManyApprovalForm,
    TaskKind.OFFER: OfferManyForm,
    TaskKind.RESEND: ResendToManyForm,
    TaskKind.CANCEL: CancelManyForm,
}
