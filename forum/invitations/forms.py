"""The forms of invitations: inviting somebody, answering with yes or no, and letting a colleague come instead."""

from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, IntegerField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from forum.events.models import Event
from forum.invitations.actions import Invitee, Terms
from forum.invitations.forwarding import Colleague
from forum.invitations.models import LONGEST_WORDS, Invitation
from forum.registration.applicant import Applicant
from forum.registration.forms import DetailsForm, only_if_protected
from forum.web.edits import ShowsStored
from forum.web.forms import DayField, LinesField, TidyForm, WithinLimits, is_email, no_web_address, required
from forum.web.languages import NAMES, in_language, language

# The end of the day until which an invitation holds.
LAST_MINUTE = time(23, 59)
MOST_DAYS = 60  # before its end, an invitation is reminded of
USUALLY = timedelta(days=14)  # how long an invitation holds unless the organiser chooses another day
WORDS_TOO_LONG = _l("Use at most 2,000 characters")


class PersonForm(TidyForm):
    """One person who is invited."""

    given_name = StringField(
        _l("Given name"),
        [
            required(_l("Enter the given name")),
            Length(max=100, message=_l("Use at most 100 characters")),
            no_web_address,
        ],
    )
    family_name = StringField(
        _l("Family name"), [Length(max=100, message=_l("Use at most 100 characters")), no_web_address]
    )
    email = EmailField(_l("E-mail address"), [required(_l("Enter the e-mail address")), is_email])
    organisation = StringField(
        _l("Organisation"), [Length(max=200, message=_l("Use at most 200 characters"))]
    )


class DaysField(IntegerField):
    """A number of days, or nothing."""

    def process_formdata(self, valuelist: Any) -> None:
        """Read the number. Raises ValueError with a message for people."""
        try:
            super().process_formdata([text for text in valuelist if text.strip()])
        except ValueError:
            raise ValueError(_("Enter a whole number, in digits")) from None


class TermsForm(TidyForm):
    """In which language, until when, with which words and on which terms people are invited."""

    language = RadioField(_l("Language of the invitation"), [required(_l("Choose a language"))])
    until = DayField(_l("Can be answered until and including"), [InputRequired(_l("Enter the last day"))])
    holds_place = BooleanField(_l("Hold a place until the invitation is answered or ends"))
    may_forward = BooleanField(_l("May let a colleague come instead"))
    remind_days = DaysField(
        _l("Days before the end on which whoever has not answered is reminded"),
        [Optional(), WithinLimits(1, MOST_DAYS, _l("Enter a number from 1 to 60"))],
    )
    words = LinesField(_l("Personal words"), [Length(max=LONGEST_WORDS, message=WORDS_TOO_LONG)])

    def offer(self, event: Event, now: datetime) -> None:
        """Offer the event's languages, and the days on which an invitation can end."""
        self.language.choices = [SelectChoice(code, NAMES[code]) for code in event.offered_languages]
        self._now, self._event = now, event
        self._first = now.astimezone(event.zone).date()
        self._last = event.ends_at.astimezone(event.zone).date()

    def validate_until(self, field: Any) -> None:
        """Refuse a day that has passed, and one after the event."""
        if isinstance(field.data, date) and not self._first <= field.data <= self._last:
            raise ValidationError(_("Choose a day from today until the end of the event"))

    def validate_remind_days(self, field: Any) -> None:
        """Refuse a reminder that would have been due already."""
        if field.errors or not isinstance(self.until.data, date):
            return
        remind_at = self.terms(self._event).remind_at
        if remind_at is not None and remind_at <= self._now:
            raise ValidationError(_("The reminder would have been due already. Choose fewer days, or none"))

    def terms(self, event: Event) -> Terms:
        """Return until when it can be answered, the end of the event at the latest, and what else holds until then."""
        last = datetime.combine(self.until.data or self._last, LAST_MINUTE, event.zone)
        ends = min(
            last, event.ends_at.astimezone(event.zone)
        )  # days before it are days of the event's own clocks
        days = self.remind_days.data
        remind_at = ends - timedelta(days=days) if days else None
        return Terms(ends, self.holds_place.data, remind_at, may_forward=self.may_forward.data)


class InvitesForm(TermsForm):
    """To which sector people are invited, besides what holds for each of them."""

    sector = RadioField(_l("Sector"), [required(_l("Choose a sector"))])

    def offer(self, event: Event, now: datetime) -> None:
        """Offer the event's sectors, too, and what is usual."""
        super().offer(event, now)
        self.sector.choices = [SelectChoice(one.key, in_language(one.name)) for one in event.sectors]
        if not self.is_submitted():
            usual = min(self._first + USUALLY, event.starts_at.astimezone(event.zone).date())
            self.until.data = self.until.data or max(self._first, usual)
            here = language() if language() in event.offered_languages else event.offered_languages[0]
            self.language.data = self.language.data or here


class ChangeForm(ShowsStored, TermsForm):
    """What organisers change of an invitation that has not been answered."""

    @staticmethod
    def stored(invitation: Invitation) -> dict[str, Any]:
        """Return the values that the form's fields show."""
        zone = invitation.event.zone
        until, asked = invitation.expires_at.astimezone(zone).date(), invitation.remind_at
        days = (until - asked.astimezone(zone).date()).days if asked else None
        return {
            "language": invitation.language,
            "until": until,
            "holds_place": invitation.holds_place,
            "may_forward": invitation.may_forward,
            "remind_days": None if invitation.reminded_at else days or None,
            "words": invitation.words,
        }

    def values(self, invitation: Invitation) -> dict[str, Any]:
        """Return by column what the invitation shall have; who was reminded is not reminded again."""
        values = {
            "language": self.language.data,
            "words": self.words.data or "",
            **vars(self.terms(invitation.event)),
        }
        days, is_moved = self.remind_days.data, values["expires_at"] != invitation.expires_at
        is_kept = days == self.stored(invitation)["remind_days"] and not (days and is_moved)
        if invitation.reminded_at or is_kept:
            values["remind_at"] = invitation.remind_at
        return values


class InviteForm(PersonForm, InvitesForm):
    """Whom an organiser invites, to which sector and until when."""

    def invitee(self) -> Invitee:
        """Return whom the form names, and the words."""
        names = ("given_name", "family_name", "email", "organisation", "language", "words")
        return Invitee(**{name: self[name].data or "" for name in names})


class AcceptForm(DetailsForm):
    """What the person who says yes registers; the address is the one that was invited."""

    is_protected = BooleanField(_l("I have a protected identity"))
    real_name = StringField(
        _l("Real name"), [Length(max=200, message=_l("Use at most 200 characters")), only_if_protected]
    )

    def applicant(self, invitation: Invitation) -> Applicant:
        """Return what the form registers, at the address that was invited."""
        return Applicant(
            **self._details(),
            email=invitation.email,
            submission_key="",
            is_protected=self.is_protected.data,
            real_name=self.real_name.data or None,
            given=self.given() if self.questions else None,
        )


class ForwardForm(PersonForm):
    """The colleague who shall come instead."""

    language = RadioField(_l("Language of the message"), [required(_l("Choose a language"))])

    def offer(self, invitation: Invitation) -> None:
        """Offer the event's languages."""
        self.language.choices = [
            SelectChoice(code, NAMES[code]) for code in invitation.event.offered_languages
        ]

    def colleague(self) -> Colleague:
        """Return whom the form names."""
        return Colleague(**{one.name: self[one.name].data or "" for one in fields(Colleague)})


class RefuseForm(TidyForm):
    """Why the person says no, if they want to tell."""

    reason = LinesField(_l("Why you cannot come"), [Length(max=LONGEST_WORDS, message=WORDS_TOO_LONG)])
