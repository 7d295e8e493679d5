"""The organisers' forms about offers: offering by hand, extending, withdrawing.

Each form carries the values that its page showed (R30).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from forum.registration import wording
from forum.registration.models import Registration
from forum.registration.offer_models import LONGEST_REASON
from forum.web.edits import ShowsStored
from forum.web.forms import LinesField, TidyForm, required
from forum.web.identity_numbers import no_identity_number
from forum.web.languages import language_name

HOURS = (6, 12, 24, 48, 72, 120, 168, 336)
LONGEST_WORDS = 2000
TOO_LONG = _l("Use at most %(most)s characters", most=LONGEST_WORDS)


class OfferForm(ShowsStored, TidyForm):
    """The form that withdraws an offer, with the organisers' own words to the person."""

    words = LinesField(
        _l("Your own words to the person"), [Length(max=LONGEST_WORDS, message=TOO_LONG), no_identity_number]
    )

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the values of the registration that the page shows and that must be the same when the form is sent."""
        return {"status": str(registration.status), "until": registration.offer_expires_at}


class HoursForm(OfferForm):
    """The form that lets an offer last for the chosen number of hours from now."""

    hours = SelectField(_l("Held from now on for"), [InputRequired()])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        default = self.hours.data
        known = sorted(
            {*HOURS, *([int(default)] if str(default).isdecimal() and not self.is_submitted() else [])}
        )
        self.hours.choices = [SelectChoice(str(hours), hours_text(hours)) for hours in known]

    def until(self, now: datetime) -> datetime:
        """Return the chosen deadline."""
        return now + timedelta(hours=int(self.hours.data))


class ByHandForm(HoursForm):
    """The form that offers a place by hand; `instead_of` is the person whose open offer is withdrawn for it.

    `is_free` says whether a place is free for the person; if not, the organiser has to choose whose offer is withdrawn.
    """

    reason = StringField(
        _l("Reason"),
        [
            required(_l("Enter why this person is offered a place out of turn")),
            Length(max=LONGEST_REASON, message=_l("Use at most 500 characters")),
            no_identity_number,
        ],
    )
    # An outdated choice is refused later, with the message that something has changed.
    instead_of = SelectField(_l("Which place"), validate_choice=False)

    def __init__(self, *args, offered: Sequence[Registration], is_free: bool, **kwargs):
        super().__init__(*args, **kwargs)
        self.words.label.text = _("Your words to whoever loses the place")
        self.is_free = is_free
        # The organiser chooses whose offer is withdrawn: no person is preselected.
        first = SelectChoice("", _("A place that is free") if is_free else _("Choose whose place"))
        taken = [
            SelectChoice(
                other.reference,
                _(
                    "The place that is offered to %(name)s, who reads %(language)s",
                    name=wording.full_name(other),
                    language=language_name(other.language),
                ),
            )
            for other in offered
        ]
        self.instead_of.choices = [first, *taken]

    @property
    def can_offer(self) -> bool:
        """Whether there is a place that the person could be offered, a free one or another person's."""
        return self.is_free or len(self.instead_of.choices) > 1

    def validate_instead_of(self, field) -> None:
        """Refuse a form that names nobody whose open offer is withdrawn, if no place is free."""
        if not field.data and not self.is_free and self.can_offer:
            raise ValidationError(_("Choose whose place this person is offered"))


def hours_text(hours: int) -> str:
    """Return a number of hours in words, in days if they are whole days."""
    if hours % 24 or hours < 72:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return ngettext("%(num)s day", "%(num)s days", hours // 24)
