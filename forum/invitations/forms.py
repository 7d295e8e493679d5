"""The forms of invitations: inviting a person, accepting or declining, and forwarding it to a colleague."""

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
from forum.web.forms import DayField, LinesField, TidyForm, WithinLimits, is_email, is_plain_name, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import NAMES, in_language, language

# The time of day at which an invitation ends on its last day.
LAST_MINUTE = time(23, 59)
MOST_DAYS = 60  # a reminder may be sent at most this many days before the invitation ends
USUALLY = timedelta(days=14)  # how long an invitation is valid unless the organiser chooses another day
WORDS_TOO_LONG = _l("Use at most 2,000 characters")


class PersonForm(TidyForm):
    """One person who is invited."""

    given_name = StringField(
        _l("Given name"),
        [
            required(_l("Enter the given name")),
            Length(max=100, message=_l("Use at most 100 characters")),
            is_plain_name,
            no_identity_number,
        ],
    )
    family_name = StringField(
        _l("Family name"),
        [Length(max=100, message=_l("Use at most 100 characters")), is_plain_name, no_identity_number],
    )
    email = EmailField(_l("E-mail address"), [required(_l("Enter the e-mail address")), is_email])
    organisation = StringField(
        _l("Organisation"), [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number]
    )


class DaysField(IntegerField):
    """A number of days, or nothing."""

    def process_formdata(self, valuelist: Any) -> None:
        """Read the typed number. Raises ValueError with the message that the form shows."""
        try:
            super().process_formdata([text for text in valuelist if text.strip()])
        except ValueError:
            raise ValueError(_("Enter a whole number, in digits")) from None


class TermsForm(TidyForm):
    """The terms of invitations: language, deadline, personal words, reminder and so on."""

    language = RadioField(_l("Language of the invitation"), [required(_l("Choose a language"))])
    until = DayField(_l("Can be answered until and including"), [InputRequired(_l("Enter the last day"))])
    holds_place = BooleanField(_l("Hold a place until the invitation is answered or ends"))
    may_forward = BooleanField(_l("May let a colleague come instead"))
    remind_days = DaysField(
        _l("Days before the end on which whoever has not answered is reminded"),
        [Optional(), WithinLimits(1, MOST_DAYS, _l("Enter a number from 1 to 60"))],
    )
    exempt_from_rule = BooleanField(_l("Do not remind by the event’s rule"))
    words = LinesField(
        _l("Personal words"), [Length(max=LONGEST_WORDS, message=WORDS_TOO_LONG), no_identity_number]
    )

    def offer(self, event: Event, now: datetime) -> None:
        """Set the choices of language to the event's, and the days on which an invitation can end."""
        self.language.choices = [SelectChoice(code, NAMES[code]) for code in event.offered_languages]
        self._now, self._event = now, event
        self._first = now.astimezone(event.zone).date()
        self._last = event.ends_at.astimezone(event.zone).date()

    def validate_until(self, field: Any) -> None:
        """Refuse a day that has passed, and one after the event."""
        if isinstance(field.data, date) and not self._first <= field.data <= self._last:
            raise ValidationError(_("Choose a day from today until the end of the event"))

    def validate_remind_days(self, field: Any) -> None:
        """Refuse a number of days before the deadline on which the reminder would have been due already."""
        if field.errors or not isinstance(self.until.data, date):
            return
        remind_at = self.terms(self._event).remind_at
        if remind_at is not None and remind_at <= self._now:
            raise ValidationError(_("The reminder would have been due already. Choose fewer days, or none"))

    def terms(self, event: Event) -> Terms:
        """Return the terms of the form; the deadline is at most the end of the event."""
        last = datetime.combine(self.until.data or self._last, LAST_MINUTE, event.zone)
        # Count the days in the event's time zone: the reminder leaves at the deadline's time of day, even if the clocks
        # change in between.
        ends = min(last, event.ends_at.astimezone(event.zone))
        days = self.remind_days.data
        remind_at = ends - timedelta(days=days) if days else None
        return Terms(
            ends,
            self.holds_place.data,
            remind_at,
            may_forward=self.may_forward.data,
            exempt_from_rule=self.exempt_from_rule.data,
        )


class InvitesForm(TermsForm):
    """The terms of invitations and the sector to which people are invited."""

    sector = RadioField(_l("Sector"), [required(_l("Choose a sector"))])

    def offer(self, event: Event, now: datetime) -> None:
        """Set the choices of sector to the event's, and suggest a deadline and a language."""
        super().offer(event, now)
        self.sector.choices = [SelectChoice(one.key, in_language(one.name)) for one in event.sectors]
        if not self.is_submitted():
            usual = min(self._first + USUALLY, event.starts_at.astimezone(event.zone).date())
            self.until.data = self.until.data or max(self._first, usual)
            here = language() if language() in event.offered_languages else event.offered_languages[0]
            self.language.data = self.language.data or here


class ChangeForm(ShowsStored, TermsForm):
    """The values that organisers may change of an invitation that has not been answered."""

    @staticmethod
    def stored(invitation: Invitation) -> dict[str, Any]:
        """Return the stored values of an invitation, as the form's fields show them."""
        zone = invitation.event.zone
        until, asked = invitation.expires_at.astimezone(zone).date(), invitation.own_reminder_at
        days = (until - asked.astimezone(zone).date()).days if asked else None
        return {
            "language": invitation.language,
            "until": until,
            "holds_place": invitation.holds_place,
            "may_forward": invitation.may_forward,
            "exempt_from_rule": invitation.exempt_from_rule and not invitation.reminded_at,
            "remind_days": None if invitation.reminded_at else days or None,
            "words": invitation.words,
        }

    def values(self, invitation: Invitation) -> dict[str, Any]:
        """Return the invitation's new values by column; a person who was reminded is not reminded again."""
        values = {
            "language": self.language.data,
            "words": self.words.data or "",
            **vars(self.terms(invitation.event)),
        }
        days, is_moved = self.remind_days.data, values["expires_at"] != invitation.expires_at
        is_kept = days == self.stored(invitation)["remind_days"] and not (days and is_moved)
        if invitation.reminded_at or is_kept:
            is_never = invitation.remind_at and not invitation.own_reminder_at
            values["remind_at"] = values["expires_at"] if is_never else invitation.remind_at
        if invitation.reminded_at:
            values["exempt_from_rule"] = invitation.exempt_from_rule
        return values


class InviteForm(PersonForm, InvitesForm):
    """The form that invites one person: name, address, sector and terms."""

    def invitee(self) -> Invitee:
        """Return the person to invite: the form's name and address, the language, and the personal words."""
        names = ("given_name", "family_name", "email", "organisation", "language", "words")
        return Invitee(**{name: self[name].data or "" for name in names})


class AcceptForm(DetailsForm):
    """The registration form of an invited person; the mail address is that of the invitation."""

    is_protected = BooleanField(_l("I have a protected identity"))
    real_name = StringField(
        _l("Real name"),
        [Length(max=200, message=_l("Use at most 200 characters")), no_identity_number, only_if_protected],
    )

    def applicant(self, invitation: Invitation) -> Applicant:
        """Return the typed values with the mail address of the invitation."""
        return Applicant(
            **self._details(),
            email=invitation.email,
            submission_key="",
            is_protected=self.is_protected.data,
            real_name=self.real_name.data or None,
            given=self.given() if self.questions else None,
        )


class ForwardForm(PersonForm):
    """The colleague to whom the invitation is forwarded."""

    language = RadioField(_l("Language of the message"), [required(_l("Choose a language"))])

    def offer(self, invitation: Invitation) -> None:
        """Set the choices of language to the event's."""
        self.language.choices = [
            SelectChoice(code, NAMES[code]) for code in invitation.event.offered_languages
        ]

    def colleague(self) -> Colleague:
        """Return the colleague whom the form names."""
        return Colleague(**{one.name: self[one.name].data or "" for one in fields(Colleague)})


class RefuseForm(TidyForm):
    """The person's reason for declining, if they want to give one."""

    reason = LinesField(
        _l("Why you cannot come"), [Length(max=LONGEST_WORDS, message=WORDS_TOO_LONG), no_identity_number]
    )
