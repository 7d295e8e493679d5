"""The console pages that change an invitation and remind those who have not answered.

forum.invitations.console gives them their addresses.
"""

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from wtforms import HiddenField

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.invitations import changing, queries, reminding, wording
from forum.invitations.errors import EventOver, NoPlaceToHold, NotOpen
from forum.invitations.forms import ChangeForm
from forum.invitations.models import Invitation
from forum.registration import places
from forum.web.edits import ChangedMeanwhile, differences
from forum.web.forms import TidyForm


class CountedForm(TidyForm):
    """A button that sends mails, with the number of recipients that the page has shown."""

    expected = HiddenField()

    def number(self) -> int:
        """Return the number of recipients that the page has shown; -1 if the sent text is no number."""
        text = self.expected.data or ""
        return int(text) if text.isdecimal() and len(text) < 9 else -1


def change(event: str, number: int) -> ResponseReturnValue:
    """Change language, deadline, reminder, place and personal words of an invitation that has not been answered."""
    invitation = invitation_or_404(event, number)
    stored = ChangeForm.stored(invitation)
    form = ChangeForm(kept_words.sent_or_kept(), data=stored)
    form.offer(invitation.event, clock.now())
    if not form.is_submitted() and not form.seen.data:
        form.show(stored)
    try:
        if not form.validate_on_submit():
            return _page(invitation, form)
        changed = _save(event, number, form)
    except NotOpen as refusal:
        db.session.rollback()
        flash(wording.refusal_text(refusal), "warning")
        return redirect(url_for(".index", event=event), 303)
    except (ChangedMeanwhile, NoPlaceToHold) as refusal:
        db.session.rollback()
        return _page(invitation_or_404(event, number), form, refusal)
    _flash_saved(is_changed=bool(changed))
    return redirect(url_for(".index", event=event), 303)


def remind(event: str) -> ResponseReturnValue:
    """Say how many people have neither answered nor been reminded; on POST remind them."""
    shown, form = get_any_or_404(event), CountedForm()
    if not form.validate_on_submit():
        number = queries.count_silent(shown, clock.now())
        form.expected.data = str(number)
        is_off = events.is_off(shown, clock.now())
        page = "console/invitations/remind.html"
        return render_template(page, event=shown, form=form, number=number, is_off=is_off)
    start_write(db.session)
    try:
        actor = sign_ins.current_actor()
        this_event, now = get_any_or_404(event), clock.now()
        number = reminding.ask(this_event, expected=form.number(), actor=actor, now=now)
    except EventOver:
        number = 0
    db.session.commit()
    _flash_reminded(number)
    return redirect(url_for(".index" if number else ".remind", event=event), 303)


def invitation_or_404(slug: str, number: int) -> Invitation:
    """Return the invitation; abort with 404 for a number that belongs to another event (S13)."""
    return queries.find(get_any_or_404(slug), number) or abort(404)


def _save(slug: str, number: int, form: ChangeForm) -> list[str]:
    """Store the typed values; return the changed columns. Raises ChangedMeanwhile, NotOpen, NoPlaceToHold."""
    start_write(db.session)
    invitation = invitation_or_404(slug, number)
    places.lock(invitation.event)
    db.session.refresh(invitation)
    form.refuse_if_changed(ChangeForm.stored(invitation))
    actor = sign_ins.current_actor()
    changed = changing.change(invitation, form.values(invitation), actor=actor, now=clock.now())
    db.session.commit()
    return changed


def _page(
    invitation: Invitation, form: ChangeForm, refusal: ChangedMeanwhile | NoPlaceToHold | None = None
) -> ResponseReturnValue:
    """Show the form for changing an invitation, after a refusal with the typed values."""
    meanwhile, compared = None, []
    if isinstance(refusal, ChangedMeanwhile):
        meanwhile, compared = refusal, list(differences(form, refusal.stored))
        form.show(refusal.stored)
    elif refusal:
        form.holds_place.errors = [wording.refusal_text(refusal)]
    page = render_template(
        "console/invitations/change.html",
        event=invitation.event,
        invitation=invitation,
        form=form,
        meanwhile=meanwhile,
        compared=compared,
        words=wording,
    )
    return page, 409 if refusal else 422 if form.errors else 200


def _flash_saved(*, is_changed: bool) -> None:
    if is_changed:
        flash(_("The invitation is changed. A message that has left already stays as it was."), "success")
    else:
        flash(_("Nothing was different, so nothing was changed."), "info")


def _flash_reminded(number: int) -> None:
    if number:
        told = ngettext("%(num)s reminder is on its way.", "%(num)s reminders are on their way.", number)
        flash(told, "success")
    else:
        flash(_("Nobody was reminded: the number of people has changed. Look at it again."), "warning")
