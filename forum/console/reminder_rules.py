"""Organisers' pages of the reminders that every event sends by itself: of offered places and unanswered invitations."""

from dataclasses import dataclass
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
from forum.console.settings_editing import get_locked_or_404, show_stored
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import silence
from forum.invitations.silence import MOST_DAYS
from forum.registration import offers
from forum.registration.deadlines import LEAST_HOURS, MOST_HOURS
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.forms import TidyForm

bp = Blueprint("reminder_rules", __name__, url_prefix="/console/<event>/reminders")
QUARTER, BEFORE, AFTER, NEVER = "quarter", "before", "after", "never"


class OfferRuleForm(ShowsStored, TidyForm):
    """The form for how long before the deadline of an offered place the person is reminded of it."""

    way = RadioField(
        _l("When"),
        choices=[
            SelectChoice(QUARTER, _l("With a quarter of the time left to answer")),
            SelectChoice(BEFORE, _l("A number of hours before the end of the offer")),
            SelectChoice(NEVER, _l("Never")),
        ],
    )
    number = IntegerField(
        _l("Hours before the end, if you choose a number of hours"),
        [Optional(), NumberRange(LEAST_HOURS, MOST_HOURS, _l("Enter a whole number from 2 to 336"))],
    )

    def is_complete(self) -> bool:
        """Return whether the form has a number, if the choice needs one; else add an error to the field."""
        if self.way.data != BEFORE or self.number.data:
            return True
        self.number.errors = [_("Enter a number of hours")]
        return False

    def save(self, event: Event) -> bool:
        """Store when people are reminded of offers, as hours before the end; return whether that has changed.

        0 stands for never, None for the moment at which a quarter of the time is left. The event is locked.
        """
        hours = {QUARTER: None, NEVER: 0}.get(self.way.data, self.number.data)
        return offers.set_reminder(event, hours, **by_now())

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the rule of an event."""
        hours = event.offer_reminder_hours
        way = QUARTER if hours is None else BEFORE if hours else NEVER
        return {"way": way, "number": hours or None}


class SilenceRuleForm(ShowsStored, TidyForm):
    """The form for after how many days without an answer people are reminded of invitations.

    Invitations that have a reminder day of their own are left out.
    """

    way = RadioField(
        _l("When"),
        choices=[
            SelectChoice(AFTER, _l("After a number of days without an answer")),
            SelectChoice(NEVER, _l("Never")),
        ],
    )
    number = IntegerField(
        _l("Days, if you choose a number of days"),
        [Optional(), NumberRange(1, MOST_DAYS, _l("Enter a whole number from 1 to 60"))],
    )
    hour = SelectField(_l("Hour"), choices=[SelectChoice(str(hour), f"{hour}:00") for hour in range(24)])

    def is_complete(self) -> bool:
        """Return whether the form has a number, if the choice needs one; else add an error to the field."""
        if self.way.data != AFTER or self.number.data:
            return True
        self.number.errors = [_("Enter a number of days")]
        return False

    def save(self, event: Event) -> bool:
        """Store after how many days (None for never), at which hour, people are reminded; return whether it changed.

        The event is locked.
        """
        days = self.number.data if self.way.data == AFTER else None
        return silence.set_rule(event, days, int(self.hour.data), **by_now())

    @staticmethod
    def stored(event: Event) -> dict[str, Any]:
        """Return the values that the form's fields show for the rule of an event."""
        days = event.invitation_reminder_days
        hour = str(event.invitation_reminder_hour)
        return {"way": AFTER if days else NEVER, "number": days, "hour": hour}


@dataclass(frozen=True)
class Rule:
    """A rule for reminders and the page that changes it: its form, its title, and sentences on what the rule does."""

    form: type[OfferRuleForm] | type[SilenceRuleForm]
    title: Any
    said: tuple[Any, ...]


OF_OFFERS = Rule(
    OfferRuleForm,
    _l("Reminding of offered places"),
    (
        _l("Each person is reminded once, and nobody with less than an hour left to answer."),
        _l(
            "An offer that is shorter than your number of hours is reminded with a quarter of its time left,"
            " and one of less than eight hours not at all."
        ),
        _l(
            "Offers that are open get their new moment. If it has passed already, they keep the one they have."
        ),
    ),
)
OF_INVITATIONS = Rule(
    SilenceRuleForm,
    _l("Reminding of invitations without an answer"),
    (
        _l("The days count from when the invitation has left. Each person is reminded once."),
        _l(
            "It leaves within twelve hours of its hour or not at all, and never after the invitation has ended."
        ),
        _l(
            "Whoever got the invitation longer ago is not reminded by this rule. Remind these people from the list"
            " of invitations."
        ),
        _l("Invitations for which you have chosen a day yourself keep that day."),
    ),
)


@bp.route("/offers", methods=["GET", "POST"])
def of_offers(event: str) -> ResponseReturnValue:
    """Ask when people are reminded of offers, after both factors were entered (S09); on POST change that."""
    return sign_ins.require_fresh() or _edit(event, OF_OFFERS)


@bp.route("/invitations", methods=["GET", "POST"])
def of_invitations(event: str) -> ResponseReturnValue:
    """Ask when people are reminded of invitations, after both factors were entered (S09); on POST change that."""
    return sign_ins.require_fresh() or _edit(event, OF_INVITATIONS)


def _edit(slug: str, rule: Rule) -> ResponseReturnValue:
    """Show the form of a rule; on POST save it, unless a colleague has changed the rule since the page was shown."""
    stored = rule.form.stored(get_any_or_404(slug))
    form = rule.form(kept_words.sent_or_kept(), data=stored)
    if not form.is_submitted():
        show_stored(form, stored)
    if not form.validate_on_submit() or not form.is_complete():
        return _page(rule, slug, form)
    event = get_locked_or_404(slug)
    try:
        form.refuse_if_changed(rule.form.stored(event))
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        return _page(rule, slug, form, meanwhile)
    is_new = form.save(event)
    db.session.commit()
    flash(_("Saved.") if is_new else _("Nothing was different."), "success")
    return redirect(url_for("reminders.index", event=slug), 303)


def _page(
    rule: Rule,
    slug: str,
    form: OfferRuleForm | SilenceRuleForm,
    meanwhile: ChangedMeanwhile | None = None,
) -> ResponseReturnValue:
    compared = [*differences(form, meanwhile.stored)] if meanwhile else []
    if meanwhile:
        form.show(meanwhile.stored)
    page = render_template(
        "console/reminders/rule.html",
        event=get_any_or_404(slug),
        form=form,
        rule=rule,
        meanwhile=meanwhile,
        compared=compared,
    )
    return page, 409 if meanwhile else 422 if form.errors else 200
