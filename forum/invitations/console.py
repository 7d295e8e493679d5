"""The console pages of invitations: all of an event's with their counts, inviting somebody, and withdrawing."""

from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.invitations import (
    actions,
    change_pages,
    in_lists,
    many_pages,
    queries,
    release_pages,
    silence,
    wording,
)
from forum.invitations.change_pages import invitation_or_404
from forum.invitations.errors import InvitationRefused, NoPlaceToHold, NotOpen, SectorGone
from forum.invitations.filtering import Filters, UnknownFilter
from forum.invitations.forms import InviteForm
from forum.invitations.models import Invitation
from forum.registration import places
from forum.web.forms import TidyForm
from forum.web.pagination import Cursor, Page

bp = Blueprint("invitations", __name__, url_prefix="/console/<event>/invitations")
bp.record_once(in_lists.install)
bp.add_app_template_filter(wording.reminder_hint, "reminder_hint")


@bp.route("/")
def index(event: str) -> ResponseReturnValue:
    """Show the event's invitations, the newest first, and how many there are in each state."""
    shown, now = get_any_or_404(event), clock.now()
    filters = _filters(shown)
    page = queries.read_invitations(shown, Cursor.of(request.args), *filters.conditions())
    if page.rows:
        note_view(audit_queries.INVITATIONS_VIEWED, shown, actor=sign_ins.current_actor())
    return render_template(
        "console/invitations/index.html",
        event=shown,
        page=page,
        pages=_pages(shown, filters, page),
        silent=queries.count_silent(shown, now),
        paused=queries.count_paused(shown, now),
        by_rule={number: at for number, at in silence.list_moments(shown, now).items() if at > now},
        is_off=events.is_off(shown, now),
        words=wording,
        **_filtering(shown, filters),
    )


@bp.route("/new", methods=["GET", "POST"])
def invite(event: str) -> ResponseReturnValue:
    """Show the form for an invitation; on POST invite the person."""
    shown, form = get_any_or_404(event), InviteForm(kept_words.sent_or_kept())
    form.offer(shown, clock.now())
    if not form.validate_on_submit():
        return _page(shown, form), 422 if form.errors else 200
    try:
        _save(event, form)
    except InvitationRefused as refusal:
        db.session.rollback()
        shown = get_any_or_404(event)
        form.offer(shown, clock.now())
        refused = {NoPlaceToHold: form.holds_place, SectorGone: form.sector}.get(type(refusal), form.email)
        refused.errors = [wording.refusal_text(refusal)]
        return _page(shown, form), 409
    is_sent = shown.is_published
    flash(_("The invitation is on its way.") if is_sent else wording.sent_text(shown, 1), "success")
    return redirect(url_for(".index", event=event), 303)


bp.add_url_rule("/import", view_func=many_pages.invite_many, methods=["GET", "POST"])
bp.add_url_rule("/reminders", view_func=change_pages.remind, methods=["GET", "POST"])
bp.add_url_rule("/paused", "release", release_pages.release, methods=["GET", "POST"])
bp.add_url_rule("/<int:number>/change", view_func=change_pages.change, methods=["GET", "POST"])


@bp.route("/<int:number>/withdrawal", methods=["GET", "POST"])
def withdraw(event: str, number: int) -> ResponseReturnValue:
    """Ask whether to withdraw an invitation; on POST withdraw it."""
    invitation, form = invitation_or_404(event, number), TidyForm()
    if not form.validate_on_submit():
        page = "console/invitations/withdraw.html"
        return render_template(page, event=invitation.event, invitation=invitation, form=form, words=wording)
    start_write(db.session)
    try:
        actions.withdraw(invitation_or_404(event, number), actor=sign_ins.current_actor(), now=clock.now())
    except NotOpen as refusal:
        db.session.rollback()
        flash(wording.refusal_text(refusal), "warning")
    else:
        db.session.commit()
        flash(_("The invitation is withdrawn."), "success")
    return redirect(url_for(".index", event=event), 303)


def _save(slug: str, form: InviteForm) -> None:
    """Invite the person whom the form names. Raises an InvitationRefused, such as SectorGone or AlreadyInvited."""
    start_write(db.session)
    event = get_any_or_404(slug)
    places.lock(event)
    sector = events.find_sector(event, form.sector.data)
    if sector is None:
        raise SectorGone
    actions.invite(
        event,
        sector,
        form.invitee(),
        form.terms(event),
        user_id=g.user.id,
        now=clock.now(),
    )
    db.session.commit()


def _page(event: Event, form: InviteForm) -> str:
    return render_template(
        "console/invitations/invite.html", event=event, form=form, is_off=events.is_off(event, clock.now())
    )


def _filtering(event: Event, filters: Filters) -> dict[str, Any]:
    """Return the page's filters, how many invitations are in each state, and the states offered as filters."""
    counts, labels = queries.count_by_standing(event), wording.standings()
    offered = [one for one in labels if counts[one] or one == filters.standing]
    return {
        "filters": filters,
        "counts": wording.count_facts(counts),
        "standings": [(one, labels[one][0]) for one in offered],
    }


def _filters(event: Event) -> Filters:
    try:
        return Filters.of(request.args, event)
    except UnknownFilter:
        abort(404)


def _pages(event: Event, filters: Filters, page: Page[Invitation]) -> dict[str, str | None]:
    rows, shown = page.rows, {"event": event.slug, **filters.query()}
    return {
        "previous_url": url_for(".index", **shown, before=rows[0].id) if page.has_previous else None,
        "next_url": url_for(".index", **shown, after=rows[-1].id) if page.has_next else None,
        "summary": None,
    }
