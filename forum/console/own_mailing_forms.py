"""The forms of a message that organisers write: its words, its recipients, and when it is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice

from forum.accounts.access import may_open
from forum.console.mail_text_forms import refusal_of_placeholders, refusal_of_subject
from forum.console.settings_fields import LineTexts, LongTexts, MomentField, TextsField, exists, in_our_time
from forum.events.models import Event
from forum.mailings import unanswered
from forum.mailings.chosen_audience import ChosenAudience
from forum.mailings.enums import Category
from forum.mailings.models import Mailing
from forum.mailings.own_words import Written
from forum.mailings.wording import CATEGORIES
from forum.questions.enums import Sensitivity
from forum.registration.enums import APPROVED, Status
from forum.registration.wording import status_name
from forum.web.edits import ShowsStored
from forum.web.forms import SentOnce, TidyForm, required
from forum.web.languages import NAMES, in_language, language_name

LONGEST_SUBJECT, LONGEST_WORDS = 120, 8000
NOW, LATER = "now", "later"
# The statuses of people to whom a message may be sent: nobody whose address is unconfirmed, or whose registration has
# ended, gets a message.
STATUSES = (*APPROVED, Status.IN_REVIEW)


class MessageForm(ShowsStored, TidyForm):
    """The form for a message's category, its subject and text in each language, and its fallback language.

    People whose own language has no text get the message in the fallback language.
    """

    category = RadioField(
        _l("Kind of message"),
        [required(_l("Choose the kind of message"))],
        choices=[SelectChoice(code.value, name) for code, name in CATEGORIES.items()],
    )
    subjects = TextsField(LineTexts, _l("Subject"), longest=LONGEST_SUBJECT, missing=_l("Enter a subject"))
    words = TextsField(LongTexts, _l("Text"), longest=LONGEST_WORDS, missing=_l("Enter the text"))
    fallback = SelectField(_l("If a language is missing"), default="")

    def __init__(self, *args: Any, event: Event, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.event = event
        self.fallback.choices = [
            SelectChoice("", _("Do not send before every language is written")),
            *(
                SelectChoice(code, _("Send the text in %(language)s", language=language_name(code)))
                for code in NAMES
            ),
        ]

    @staticmethod
    def stored(mailing: Mailing) -> dict[str, Any]:
        """Return the values of the form's fields for a stored draft."""
        return {
            "subjects": dict(mailing.subjects),
            "words": dict(mailing.words),
            "fallback": mailing.fallback or "",
            "category": mailing.category.value,
        }

    def written(self) -> Written:
        """Return what was typed, without the languages that were left empty."""
        category = Category(self.category.data)
        return Written(self.subjects.text, self.words.text, self.fallback.data or None, category)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Refuse unfit subjects, a language with a subject and no text or the reverse, and unknown placeholders."""
        is_valid = super().validate(extra_validators)
        for subject, words in zip(self.subjects.form, self.words.form, strict=True):
            problems = (
                (subject, refusal_of_subject(self.event, subject.data or "")),
                (words, refusal_of_placeholders(words.data or "")),
            )
            for field, problem in (*problems, *_half_written(subject, words)):
                if problem and not field.errors:
                    field.errors = [problem]
                    is_valid = False
        if self.fallback.data and not self.words.data.get(self.fallback.data):
            self.fallback.errors = [_("Write the text in this language, or choose another one")]
            is_valid = False
        return is_valid


class NewMessageForm(SentOnce, MessageForm):
    """The form that begins a message; sent twice, as from the busy page, it makes one draft (R03)."""


class PeopleForm(TidyForm):
    """The form for a message's recipients: sectors and statuses (no tick means all), or people without an answer.

    People without an answer are those who have not answered a chosen question. Questions about diet and access are
    offered to the role care alone (S14).
    """

    sector = SelectMultipleField(_l("Sector"))
    status = SelectMultipleField(_l("Status"))
    unanswered = SelectField(_l("Only those who have not answered"), default="")

    def __init__(self, *args: Any, event: Event, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.sector.choices = [SelectChoice(sector.key, in_language(sector.name)) for sector in event.sectors]
        self.status.choices = [SelectChoice(status.value, status_name(status)) for status in STATUSES]
        may_read_care = may_open("counts.people", event)
        asked = [
            SelectChoice(one.key, in_language(one.label))
            for one in unanswered.list_askable(event)
            if may_read_care or one.sensitivity == Sensitivity.ORDINARY
        ]
        self.unanswered.choices = [SelectChoice("", _("All of them, whatever they have answered")), *asked]

    def query(self) -> dict[str, Any]:
        """Return the URL parameters with which the attendee list shows these people."""
        typed: dict[str, Any] = {"sector": self.sector.data or [], "status": self.status.data or []}
        typed[unanswered.PARAMETER] = self.unanswered.data or ""
        return {name: values for name, values in typed.items() if values}


class SendOwnForm(ShowsStored, TidyForm):
    """Asks when a message is sent, and notices if it or its recipients have changed since the page was shown."""

    when = RadioField(
        _l("When"),
        choices=[SelectChoice(NOW, _l("When I press Send")), SelectChoice(LATER, _l("At a time"))],
        default=NOW,
    )
    moment = MomentField(_l("Date and time at the venue"), [in_our_time])

    @staticmethod
    def stored(mailing: Mailing, audience: ChosenAudience) -> dict[str, Any]:
        """Return the message's words, its recipients, and the reasons for which people are left out."""
        people = [person.registration_id for person in audience.people]
        return {**MessageForm.stored(mailing), "people": people, "left": audience.reasons}

    def begins_at(self, event: Event) -> datetime | None:
        """Return the typed moment of sending, or None when the message is sent as soon as Send is pressed."""
        if self.when.data != LATER or self.moment.data is None:
            return None
        return self.moment.data.replace(tzinfo=event.zone)

    def is_complete(self, event: Event) -> bool:
        """Return whether a time that exists at the venue is typed if the message is sent later, and none otherwise."""
        if self.when.data != LATER:
            if self.moment.data is None:
                return True
            self.moment.errors = [_("Choose “At a time”, or leave date and time empty")]
            return False
        if self.moment.data is None:
            self.moment.errors = [_("Enter the date and the time")]
            return False
        if not exists(self.moment.data, event.zone):
            self.moment.errors = [_("The clock at the venue skips this time. Enter another one")]
            return False
        return True


def _half_written(subject: Field, words: Field) -> list[tuple[Field, str]]:
    if bool(subject.data) == bool(words.data):
        return []
    if words.data:
        return [(subject, _("Enter a subject in this language, too"))]
    return [(words, _("Enter the text in this language, too"))]
