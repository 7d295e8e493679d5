"""The console page that sends invitations which may have left before a restore.

forum.invitations.console gives it its address.
"""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import queries, releasing, wording
from forum.invitations.change_pages import CountedForm
from forum.invitations.errors import EventOver


def release(event: str) -> ResponseReturnValue:
    """Say how many invitations wait because a restore has paused them; on POST send them."""
    shown, form = get_any_or_404(event), CountedForm()
    if not form.validate_on_submit():
        return _ask(shown, form)
    start_write(db.session)
    try:
        actor, now = sign_ins.current_actor(), clock.now()
        number = releasing.release(get_any_or_404(event), expected=form.number(), actor=actor, now=now)
    except EventOver:
        number = 0
    db.session.commit()
    if number:
        flash(wording.sent_text(shown, number), "success")
    else:
        flash(_("Nothing was sent: the number of invitations has changed. Look at it again."), "warning")
    return redirect(url_for(".index" if number else ".release", event=event), 303)


def _ask(event: Event, form: CountedForm) -> str:
    number, is_off = queries.count_paused(event, clock.now()), events.is_off(event, clock.now())
    form.expected.data = str(number)
    page = "console/invitations/release.html"
    return render_template(page, event=event, form=form, number=number, is_off=is_off)
