"""Making an event's numbers by sector and country public, and taking them back (P10)."""

from dataclasses import asdict

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.console.settings_editing import get_locked_or_404
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.participants import balance, balance_words
from forum.participants.errors import BalanceRefused
from forum.participants.small_cells import Table
from forum.registration.small_numbers import LEAST
from forum.web.edits import ChangedMeanwhile, ShowsStored
from forum.web.forms import TidyForm

bp = Blueprint("public_balance", __name__, url_prefix="/console/<event>/figures/public")


class PublishForm(ShowsStored, TidyForm):
    """The button that makes the table shown on the page public."""


@bp.route("", methods=["GET", "POST"])
def show(event: str) -> ResponseReturnValue:
    """Show the numbers that are public, and those counted now; on POST publish the numbers counted now."""
    form = PublishForm()
    if form.validate_on_submit():
        return _publish(event, form)
    this_event = get_any_or_404(event)
    table, last = balance.count(this_event), balance.find_last(this_event)
    form.show(_shown(table))
    return render_template(
        "console/figures/public.html",
        event=this_event,
        form=form,
        now=clock.now(),
        words=balance_words.describe(this_event, table) if table else None,
        last=last,
        last_words=balance_words.describe(this_event, balance.table_of(last))
        if last and last.is_shown
        else None,
        may_follow=table is not None and balance.differs_enough(this_event, table, last),
        is_same=last is not None and table == balance.table_of(last),
        least=LEAST,
    )


@bp.post("/end")
def take_back(event: str) -> ResponseReturnValue:
    """Stop showing the numbers to the public."""
    if TidyForm().validate_on_submit():
        this_event = get_locked_or_404(event)
        balance.take_back(this_event, actor=sign_ins.current_actor(), now=clock.now())
        db.session.commit()
        flash(_("The public does not see the numbers any more."), "success")
    return redirect(url_for(".show", event=event), 303)


def _publish(slug: str, form: PublishForm) -> ResponseReturnValue:
    event = get_locked_or_404(slug)
    table = balance.count(event)
    try:
        form.refuse_if_changed(_shown(table))
        balance.publish(event, actor=sign_ins.current_actor(), now=clock.now())
    except (BalanceRefused, ChangedMeanwhile):
        # The page has no button when publishing would be refused, so the numbers have changed since the page was
        # shown.
        db.session.rollback()
        flash(
            _("Somebody has come or gone meanwhile. These are the numbers now: look at them once more."),
            "warning",
        )
    else:
        db.session.commit()
        flash(_("The numbers are public."), "success")
    return redirect(url_for(".show", event=slug), 303)


def _shown(table: Table | None) -> dict[str, object]:
    return asdict(table) if table else {}
