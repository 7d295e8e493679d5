"""The outbox as organisers see it: what went to whom, what failed, and trying again."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.outbox import actions, listing, wording
from forum.outbox.enums import MessageStatus
from forum.outbox.errors import ContentGone, NotStopped
from forum.web.console import actor, get_event_or_404
from forum.web.forms import TidyForm
from forum.web.pagination import Cursor, Page

bp = Blueprint("mail_log", __name__, url_prefix="/console/<event>/mail")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's mails, the newest first."""
    found, filters = get_event_or_404(event), _filters()
    page = listing.read_list(found.id, filters, Cursor.of(request.args))
    return render_template(
        "console/mail/index.html",
        event=found,
        filters=filters,
        page=page,
        pages=_pages(event, filters, page),
        counts=listing.count_by_status(found.id),
        statuses=list(MessageStatus),
        wording=wording,
        form=TidyForm(),
    )


@bp.route("/<int:message>/retry", methods=["POST"])
def retry(event: str, message: int) -> ResponseReturnValue:
    """Put a failed mail into the queue again."""
    back = redirect(url_for(".index", event=event, **_filters().query()), 303)
    start_write(db.session)
    found = listing.find_message(get_event_or_404(event).id, str(message)) or abort(404)
    try:
        actions.retry(found, now=clock.now(), actor=actor())
    except (ContentGone, NotStopped) as refusal:
        db.session.rollback()
        flash(_refused(refusal), "warning")
        return back
    db.session.commit()
    flash(_("The message is in the queue again."), "success")
    return back


def _filters() -> listing.Filters:
    try:
        return listing.Filters.of(request.args)
    except listing.UnknownFilter:
        abort(404)


def _refused(refusal: Exception) -> str:
    if isinstance(refusal, ContentGone):
        return _("The message could not be written, so it cannot be sent. Send the person a new one.")
    return _("The message has not failed, or is already in the queue. Nothing was changed.")


def _pages(event: str, filters: listing.Filters, page: Page) -> dict[str, str | None]:
    def url(beside: str, row) -> str:
        return url_for(".index", event=event, **filters.query() | {beside: row.id})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }
