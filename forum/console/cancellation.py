"""Organisers' pages for cancelling an event as a whole, and for undoing the cancellation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.mailings import proposed_change
from forum.console.settings_editing import get_locked_or_404
from forum.console.settings_fields import LongTexts, TextsField, want_languages
from forum.delegations import outlasting
from forum.events import cancelling
from forum.events import queries as events
from forum.events.errors import CannotCancel
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import actions as invitations
from forum.mailings import actions as mailings
from forum.registration import expiry, listing, offers, reviewing, waiting_list
from forum.registration.enums import LIVE
from forum.web.forms import TidyForm
from forum.web.languages import language_name

bp = Blueprint("cancellation", __name__, url_prefix="/console/<event>/cancellation")
LONGEST = 500


class CancellationForm(TidyForm):
    """The form for the public reason why the event is cancelled, in each language that the event offers."""

    reason = TextsField(LongTexts, _l("Why it is cancelled"), longest=LONGEST)

    def refuse_missing(self, event: Event) -> None:
        """Put an error on each language of the event in which the reason is missing."""
        for code in event.offered_languages:
            field = self.reason.form[code]
            if not field.data and not field.errors:
                field.errors = [_("Enter the reason in %(language)s", language=language_name(code))]


@bp.route("", methods=["GET", "POST"])
def show(event: str) -> ResponseReturnValue:
    """Say what cancelling the event does and ask for the reason; on POST cancel it.

    For a cancelled event offer to undo the cancellation.
    """
    form, now = CancellationForm(kept_words.sent_or_kept()), clock.now()
    shown = get_any_or_404(event)
    want_languages(form, shown.offered_languages)
    if form.is_submitted():
        form.validate()
        form.refuse_missing(shown)
    if not form.is_submitted() or form.errors:
        return _page(shown, form, now)
    shown = get_locked_or_404(event)
    try:
        former = cancelling.cancel(shown, form.reason.text, actor=sign_ins.current_actor(), now=now)
    except CannotCancel:
        return _late(event)
    paused = _stand_still(shown, now)
    _propose(shown, former, now)
    _flash_cancelled(is_paused=bool(paused))
    return redirect(url_for(".show", event=event), 303)


def _flash_cancelled(*, is_paused: bool) -> None:
    flash(
        _("The event is cancelled. Visitors read it on its pages. Nobody has been written to yet."), "success"
    )
    if is_paused:
        flash(_("Messages that had not reached everybody are paused."), "success")


@bp.route("/end", methods=["POST"])
def take_back(event: str) -> ResponseReturnValue:
    """Undo the cancellation of an event, which then takes place after all."""
    now = clock.now()
    shown = get_locked_or_404(event)
    try:
        former = cancelling.take_up_again(shown, actor=sign_ins.current_actor(), now=now)
    except CannotCancel:
        return _late(event)
    pause = now - former["cancelled_at"]
    offers.prolong_open(shown, pause, actor=sign_ins.current_actor(), now=now)
    invitations.prolong_open(shown, pause, now=now)
    reviewing.prolong_promises(shown, since=former["cancelled_at"], now=now)
    waiting_list.offer_free_places(shown, now=now)
    _propose(shown, former, now)
    flash(_("The event takes place after all. Nobody has been written to yet."), "success")
    return redirect(url_for("console.overview", event=event), 303)


def _stand_still(event: Event, now: datetime) -> int:
    """Pause organisers' messages, give people more time to confirm addresses; return how many messages are paused."""
    actor = sign_ins.current_actor()
    expiry.outlast_cancellation(event, actor=actor, now=now)
    outlasting.outlast_cancellation(event, now=now)
    return mailings.pause_waiting(event, actor=actor, now=now)


def _propose(event: Event, former: Mapping[str, Any], now: datetime) -> None:
    """Propose a message about the change to the registered people, and commit."""
    mailings.propose_change(event, former, actor=sign_ins.current_actor(), now=now)
    db.session.commit()


def _page(event: Event, form: CancellationForm, now: datetime) -> ResponseReturnValue:
    counts = listing.count_by_sector_and_status(event)
    page = render_template(
        "console/cancellation.html",
        event=event,
        form=form,
        people=sum(listing.total(counts, status=status) for status in LIVE),
        is_over=events.is_over(event, now),
        proposed=proposed_change(event),
    )
    return page, 422 if form.errors else 200


def _late(slug: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(
        _("The event had changed when you pressed the button. This page shows how it stands now."), "warning"
    )
    return redirect(url_for(".show", event=slug), 303)
