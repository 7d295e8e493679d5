"""Organisers' pages of the reminders that every event sends by itself: of offered places, and of silent invitations."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import NumberRange, Optional

from forum.accounts import kept_words, sign_ins
from forum.console.own_mailing_tools import by_now
from forum.console.settings_editing import get_locked_or_404
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import silence
from forum.invitations.silence import MOST_DAYS
from forum.registration import offers
from forum.registration.deadlines import LEAST_HOURS, MOST_HOURS
from forum.web.forms import TidyForm

bp = Blueprint("reminder_rules", __name__, url_prefix="/console/<event>/reminders")
QUARTER, BEFORE, AFTER, NEVER = "quarter", "before", "after", "never"


class OfferRuleForm(TidyForm):
    """How long before its deadline an offer of a place is reminded."""

    way = RadioField(
        _l("When"),
        choices=[
            SelectChoice(QUARTER, _l("With a quarter of the time left to answer")),
            SelectChoice(BEFORE, _l("A number of hours before the end of the offer")),
            SelectChoice(NEVER, _l("Never")),
        ],
    )
    number = IntegerField(
        _l("Hours before the end"),
        [Optional(), NumberRange(LEAST_HOURS, MOST_HOURS, _l("Enter a whole number from 2 to 336"))],
    )

    def is_complete(self) -> bool:
        """Return whether the number is there, if the choice needs one."""
        if self.way.data != BEFORE or self.number.data:
            return True
        self.number.errors = [_("Enter a number of hours")]
        return False

    def hours(self) -> int | None:
        """Return the event's column: hours, 0 for no reminder, None for a quarter of the time."""
        return {QUARTER: None, NEVER: 0}.get(self.way.data, self.number.data)

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values of the fields for the rule of an event."""
        hours = event.offer_reminder_hours
        way = QUARTER if hours is None else BEFORE if hours else NEVER
        return {"way": way, "number": hours or None}


class SilenceRuleForm(TidyForm):
    """After how many days without an answer an invitation is reminded that has no day of its own."""

    way = RadioField(
        _l("When"),
        choices=[
            SelectChoice(AFTER, _l("After a number of days without an answer")),
            SelectChoice(NEVER, _l("Never")),
        ],
    )
    number = IntegerField(
        _l("Days"), [Optional(), NumberRange(1, MOST_DAYS, _l("Enter a whole number from 1 to 60"))]
    )
    hour = SelectField(_l("Hour"), choices=[SelectChoice(str(hour), f"{hour}:00") for hour in range(24)])

    def is_complete(self) -> bool:
        """Return whether the number is there, if the choice needs one."""
        if self.way.data != AFTER or self.number.data:
            return True
        self.number.errors = [_("Enter a number of days")]
        return False

    def days(self) -> int | None:
        """Return the event's column: days, None for no reminder."""
        return self.number.data if self.way.data == AFTER else None

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values of the fields for the rule of an event."""
        days = event.invitation_reminder_days
        hour = str(event.invitation_reminder_hour)
        return {"way": AFTER if days else NEVER, "number": days, "hour": hour}


@bp.route("/offers", methods=["GET", "POST"])
def of_offers(event: str) -> ResponseReturnValue:
    """Ask when offers are reminded, after both factors were entered (S09); on POST change it."""
    if answer := sign_ins.require_fresh():
        return answer
    form = OfferRuleForm(kept_words.sent_or_kept(), data=OfferRuleForm.stored(get_any_or_404(event)))
    if not form.validate_on_submit() or not form.is_complete():
        return _page("offers", event, form)
    is_new = offers.set_reminder(get_locked_or_404(event), form.hours(), **by_now())
    return _saved(event, is_new=is_new)


@bp.route("/invitations", methods=["GET", "POST"])
def of_invitations(event: str) -> ResponseReturnValue:
    """Ask when silent invitations are reminded, after both factors were entered (S09); on POST change it."""
    if answer := sign_ins.require_fresh():
        return answer
    form = SilenceRuleForm(kept_words.sent_or_kept(), data=SilenceRuleForm.stored(get_any_or_404(event)))
    if not form.validate_on_submit() or not form.is_complete():
        return _page("invitations", event, form)
    days, hour = form.days(), int(form.hour.data)
    is_new = silence.set_rule(get_locked_or_404(event), days, hour, **by_now())
    return _saved(event, is_new=is_new)


def _page(name: str, slug: str, form: TidyForm) -> ResponseReturnValue:
    page = render_template(f"console/reminders/{name}.html", event=get_any_or_404(slug), form=form)
    return page, 422 if form.errors else 200


def _saved(slug: str, *, is_new: bool) -> ResponseReturnValue:
    db.session.commit()
    flash(_("Saved.") if is_new else _("Nothing was different."), "success")
    return redirect(url_for("reminders.index", event=slug), 303)
