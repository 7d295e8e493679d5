"""The organisers' list of an event's delegations, and sending a contact the link again."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.delegations import delegation_words, lost_links, queries
from forum.delegations.models import Delegation
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration import limits
from forum.web.forms import TidyForm
from forum.web.pagination import Cursor, Page

bp = Blueprint("delegations_console", __name__, url_prefix="/console/<event>")


@bp.route("/delegations")
def index(event: str) -> ResponseReturnValue:
    """Show each delegation with its contact and its people, the newest first."""
    this_event, now = get_any_or_404(event), clock.now()
    page = queries.read_confirmed(this_event, Cursor.of(request.args))
    if page.rows:
        note_view(audit_queries.DELEGATIONS_VIEWED, this_event, actor=sign_ins.current_actor())
    delegations = [
        (one, [(delegation_words.for_organisers(person, now), person.registration) for person in one.people])
        for one in page.rows
    ]
    return render_template(
        "console/delegations/index.html",
        event=this_event,
        delegations=delegations,
        pages=_pages(this_event, page),
        is_over=events.is_over(this_event, now),
        form=TidyForm(),
    )


@bp.route("/delegations/<int:number>/link", methods=["POST"])
def send_link(event: str, number: int) -> ResponseReturnValue:
    """Mail the contact a fresh link to the delegation's page."""
    if not TidyForm().validate():
        return redirect(url_for(".index", event=event), 303)
    start_write(db.session)
    delegation = queries.find_confirmed_of(get_any_or_404(event), number) or abort(404)
    if events.is_over(delegation.event, clock.now()):
        db.session.rollback()
        flash(_("The forum is over."), "warning")
        return redirect(url_for(".index", event=event), 303)
    if limits.may_mail(delegation.email):
        lost_links.send(delegation, actor=sign_ins.current_actor(), now=clock.now())
        db.session.commit()
        flash(_("A message with a new link is on its way to %(email)s.", email=delegation.email), "success")
    else:
        db.session.rollback()
        flash(
            _("Nothing was sent: this mailbox has had too many messages within an hour. Try later."),
            "warning",
        )
    return redirect(delegation_words.console_address(delegation), 303)


def _pages(event: Event, page: Page[Delegation]) -> dict[str, str | None]:
    slug, rows = event.slug, page.rows
    return {
        "previous_url": url_for(".index", event=slug, before=rows[0].id) if page.has_previous else None,
        "next_url": url_for(".index", event=slug, after=rows[-1].id) if page.has_next else None,
        "summary": None,
    }
