"""Organisers' pages of the plan of reminders: the plan itself, and choosing the day on which a draft leaves."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, ValidationError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console import own_mailing_words as words
from forum.console import reminder_words
from forum.console.own_mailing_tools import by_now, find_or_404, lead_to, refused
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.mailings import queries, reminders
from forum.mailings.enums import Anchor, MailingStatus
from forum.mailings.errors import DayNotAhead, MailingRefused
from forum.mailings.models import Mailing
from forum.mailings.reminders import Rule
from forum.registration.narrowing import UnknownFilter
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.forms import TidyForm
from forum.web.languages import language

bp = Blueprint("reminders", __name__, url_prefix="/console/<event>")
MOST_DAYS = 365
HOURS = range(24)


class PlanForm(ShowsStored, TidyForm):
    """The form for the day and the hour at which a reminder leaves."""

    anchor = RadioField(
        _l("Relative to"),
        choices=[
            SelectChoice(Anchor.START.value, _l("the start of the forum")),
            SelectChoice(Anchor.REGISTERED.value, _l("confirming the registration")),
        ],
        default=Anchor.START.value,
    )
    days = IntegerField(
        _l("Days"),
        [
            InputRequired(_l("Enter a number of days")),
            NumberRange(0, MOST_DAYS, _l("Enter a whole number from 0 to 365")),
        ],
    )
    hour = SelectField(
        _l("Hour"), choices=[SelectChoice(str(hour), f"{hour}:00") for hour in HOURS], default="9"
    )

    def validate_days(self, field: IntegerField) -> None:
        """Refuse the day of confirming itself: whoever confirms the address after the hour would get no reminder."""
        if field.data == 0 and self.anchor.data == Anchor.REGISTERED.value:
            raise ValidationError(_("After confirming, enter at least 1 day"))

    def rule(self) -> Rule:
        """Return when the reminder leaves, as chosen in the form."""
        return Rule(Anchor(self.anchor.data), self.days.data or 0, int(self.hour.data))

    @staticmethod
    def stored(mailing: Mailing) -> dict[str, Any]:
        """Return the fields' values for a message's day in the plan, empty ones if the message is not in the plan."""
        reminder = queries.find_reminder(mailing)
        if reminder is None:
            return {"anchor": "", "days": None, "hour": ""}
        return {"anchor": reminder.anchor.value, "days": reminder.days, "hour": str(reminder.hour)}


@bp.route("/reminders")
def index(event: str) -> ResponseReturnValue:
    """Show the plan: dated lines, each with how many people it would reach today."""
    shown, now = get_any_or_404(event), clock.now()
    return render_template(
        "console/reminders/index.html",
        event=shown,
        lines=reminder_words.list_lines(shown, now),
        is_off=events.is_off(shown, now),
        rules=reminder_words.list_rules(shown),
        code=language(),
    )


@bp.route("/mailings/<int:mailing>/plan", methods=["GET", "POST"])
def plan(event: str, mailing: int) -> ResponseReturnValue:
    """Ask when a draft leaves, after both factors (S09); on POST plan it, unless its day has changed since (R30)."""
    if answer := sign_ins.require_fresh():
        return answer
    shown = find_or_404(get_any_or_404(event), mailing)
    form = _form_of(shown)
    if not form.validate_on_submit():
        return _page(shown, form)
    shown = find_or_404(get_locked_or_404(event), mailing)
    try:
        form.refuse_if_changed(PlanForm.stored(shown))
        reminder = reminders.plan(shown, form.rule(), **by_now())
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(find_or_404(get_any_or_404(event), mailing), form, meanwhile)
    except DayNotAhead as refusal:
        return _another_day(event, mailing, form, refusal)
    except (MailingRefused, UnknownFilter) as refusal:
        return refused(event, mailing, refusal)
    db.session.commit()
    flash(reminder_words.planned_words(reminder), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/mailings/<int:mailing>/plan/end", methods=["POST"])
def take_off(event: str, mailing: int) -> ResponseReturnValue:
    """Take a reminder out of the plan; it stays a draft."""
    shown = find_or_404(get_locked_or_404(event), mailing)
    try:
        reminders.take_off(shown, **by_now())
    except MailingRefused as refusal:
        return refused(event, mailing, refusal)
    db.session.commit()
    flash(_("Taken out of the plan. It is a draft again, and nobody gets it."), "success")
    return lead_to(shown)


def _form_of(mailing: Mailing) -> PlanForm:
    """Return the form, filled in with the day that the message has in the plan."""
    stored = PlanForm.stored(mailing)
    form = PlanForm(
        kept_words.sent_or_kept(), data={name: value for name, value in stored.items() if value != ""}
    )
    if not form.is_submitted():
        show_stored(form, stored)
    return form


def _another_day(event: str, mailing: int, form: PlanForm, refusal: DayNotAhead) -> ResponseReturnValue:
    """Show the form with what was typed, and say when the reminder would have left."""
    db.session.rollback()
    shown = get_any_or_404(event)
    form.days.errors = [reminder_words.refusal_text(refusal, shown)]
    return _page(find_or_404(shown, mailing), form)


def _page(mailing: Mailing, form: PlanForm, meanwhile: ChangedMeanwhile | None = None) -> ResponseReturnValue:
    if mailing.status != MailingStatus.PROPOSED:
        return lead_to(mailing)
    compared = [*differences(form, meanwhile.stored)] if meanwhile else []
    if meanwhile:
        form.show(meanwhile.stored)
    page = render_template(
        "console/reminders/plan.html",
        event=mailing.event,
        mailing=mailing,
        form=form,
        meant=words.describe_meant(mailing),
        reminder=queries.find_reminder(mailing),
        meanwhile=meanwhile,
        compared=compared,
    )
    return page, 409 if meanwhile else 422 if form.errors else 200
