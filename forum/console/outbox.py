"""The outbox as organisers see it: what went to whom, what failed, what to do about it."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.console.outbox_forms import DismissForm
from forum.console.scope import mail_scope
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.outbox import actions, listing, relay, wording
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.errors import ContentGone, NotStopped
from forum.outbox.models import OutboxMessage
from forum.web.pagination import Cursor, Page

bp = Blueprint("outbox", __name__, url_prefix="/console/<event>/mail")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's mails, the newest first."""
    found, filters, trouble = get_any_or_404(event), _filters(), relay.find_trouble()
    scope = mail_scope(found)
    page = listing.read_list(scope, filters, Cursor.of(request.args))
    return render_template(
        "console/outbox/index.html",
        event=found,
        filters=filters,
        page=page,
        pages=_pages(event, filters, page),
        counts=listing.count_by_status(scope),
        statuses=list(MessageStatus),
        wording=wording,
        form=DismissForm(),
        relay_text=wording.relay_text(trouble, found.zone, clock.now()) if trouble else "",
    )


@bp.route("/<int:message>/retry", methods=["POST"])
def retry(event: str, message: int) -> ResponseReturnValue:
    """Put a failed mail into the queue again."""
    return _change(event, message, actions.retry, _("The message is in the queue again."))


@bp.route("/<int:message>/send", methods=["POST"])
def send_now(event: str, message: int) -> ResponseReturnValue:
    """Let a waiting mail go before all others."""
    return _change(
        event,
        message,
        actions.send_now,
        _("The message goes before all others, as soon as the mail server takes mail."),
    )


@bp.route("/<int:message>/dismiss", methods=["POST"])
def dismiss(event: str, message: int) -> ResponseReturnValue:
    """Put a dead letter aside."""
    form = DismissForm()
    if not form.reason.data:
        _find_or_404(event, message)
        flash(_("Choose a reason for putting the message aside. Nothing was changed."), "warning")
        return redirect(url_for(".index", event=event, **_filters().query()), 303)
    if not form.validate():
        abort(400)
    act = partial(actions.dismiss, reason=AbortReason(form.reason.data))
    return _change(event, message, act, _("The message is put aside. It will not be sent."))


def _change(event: str, message: int, act: Callable[..., None], done: str) -> ResponseReturnValue:
    """Do something to one of the event's mails, say what came of it, and show the list again."""
    back = redirect(url_for(".index", event=event, **_filters().query()), 303)
    start_write(db.session)
    found = _find_or_404(event, message)
    try:
        act(found, now=clock.now(), actor=sign_ins.current_actor())
    except (ContentGone, NotStopped) as refusal:
        db.session.rollback()
        flash(_refused(refusal), "warning")
        return back
    db.session.commit()
    flash(done, "success")
    return back


def _find_or_404(event: str, message: int) -> OutboxMessage:
    """Return the event's mail with this number; of another event's nobody learns that it is there (S13)."""
    return listing.find_message(mail_scope(get_any_or_404(event)), str(message)) or abort(404)


def _filters() -> listing.Filters:
    try:
        return listing.Filters.of(request.args)
    except listing.UnknownFilter:
        abort(404)


def _refused(refusal: Exception) -> str:
    if isinstance(refusal, ContentGone):
        return _("The message could not be written, so it cannot be sent. Send the person a new one.")
    return _("The message is not in that state any more. Nothing was changed.")


def _pages(event: str, filters: listing.Filters, page: Page) -> dict[str, str | None]:
    def url(beside: str, row) -> str:
        return url_for(".index", event=event, **filters.query() | {beside: row.id})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }
