"""The console page that invites many people; forum.invitations.console gives it its address.

The preview shows who would be invited, and the faults of rows. Only the previewed people are invited, all or nobody.
"""

from collections.abc import Sequence

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from forum import clock
from forum.accounts import kept_words
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import many, wording
from forum.invitations.errors import EventOver, SectorGone
from forum.invitations.import_forms import LARGEST, SHOWN, InviteManyForm, RowsRefused
from forum.invitations.many import Row, SomeRefused


def invite_many(event: str) -> ResponseReturnValue:
    """Ask for a table of people, show in a preview who would be invited, and then invite these people."""
    shown, form = get_any_or_404(event), InviteManyForm(kept_words.sent_or_kept())
    form.offer(shown, clock.now())
    if not form.validate_on_submit():
        return _page(shown, form), 422 if form.errors else 200
    uploaded = request.files.get("file")
    try:
        rows = form.read(uploaded.read(LARGEST + 1) if uploaded else b"", shown)
    except RowsRefused as refused:
        return _refused(shown, form, refused.faults)
    if refusals := many.find_refusals(shown, rows, form.terms(shown), clock.now()):
        return _refused(shown, form, wording.row_faults(refusals))
    if not form.is_previewed(rows):
        return _page(shown, form, rows)
    return _invite(event, form)


def _invite(slug: str, form: InviteManyForm) -> ResponseReturnValue:
    """Invite everybody in the form under the event's lock, or say why nobody was invited."""
    start_write(db.session)
    event = get_any_or_404(slug)
    try:
        rows = form.read(b"", event)
        terms, now = form.terms(event), clock.now()
        number = many.invite_all(event, rows, terms, user_id=g.user.id, now=now)
    except SomeRefused as refused:
        faults = wording.row_faults(refused.refusals)
        db.session.rollback()
        return _refused(get_any_or_404(slug), form, faults)
    except RowsRefused as refused:
        db.session.rollback()
        return _refused(get_any_or_404(slug), form, refused.faults)
    except SectorGone as refusal:
        db.session.rollback()
        form.sector.errors = [wording.refusal_text(refusal)]
        return _refused(get_any_or_404(slug), form, [])
    except EventOver:
        db.session.rollback()
        return redirect(url_for("invitations.invite_many", event=slug), 303)
    db.session.commit()
    flash(wording.sent_text(event, number), "success")
    return redirect(url_for("invitations.index", event=slug), 303)


def _refused(event: Event, form: InviteManyForm, faults: Sequence[str]) -> ResponseReturnValue:
    form.offer(event, clock.now())
    form.lines.errors = faults[:SHOWN]
    form.previewed.data = ""
    return _page(event, form, more=len(faults) - SHOWN), 422


def _page(event: Event, form: InviteManyForm, rows: Sequence[Row] = (), *, more: int = 0) -> str:
    return render_template(
        "console/invitations/invite_many.html",
        event=event,
        form=form,
        people=rows,
        more=max(0, more),
        unread=form.table.unread if rows else (),
        hidden=form.hidden,
        is_off=events.is_off(event, clock.now()),
        most=many.MOST,
    )
