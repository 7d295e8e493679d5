"""Organisers' page about mail: which mails went to whom, which failed and why, retrying and dismissing them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.console.mailings import list_drafts, list_rows
from forum.console.outbox_forms import DismissForm
from forum.console.own_mailing_words import may_know_people
from forum.console.scope import mail_scope
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import afterwards, progress
from forum.mailings import queries as mailings
from forum.outbox import actions, listing, relay, wording
from forum.outbox.enums import AbortReason, MessageStatus
from forum.outbox.errors import ContentGone, MailOverdue, NotStopped
from forum.outbox.models import OutboxMessage
from forum.registration import queries as registrations
from forum.registration import seen_lists
from forum.web.pagination import Cursor, Page

bp = Blueprint("outbox", __name__, url_prefix="/console/<event>/mail")


@bp.route("")
def index(event: str) -> ResponseReturnValue:
    """Show the event's mails, the newest first; the addresses of registered people are a view of them (P18)."""
    shown = _list(get_any_or_404(event))
    if shown["people"]:
        seen_lists.note_people(shown["event"], actor=sign_ins.current_actor())
    return render_template("console/outbox/index.html", **shown)


@bp.route("/<int:message>/retry", methods=["POST"])
def retry(event: str, message: int) -> ResponseReturnValue:
    """Queue a failed mail again."""
    return _change(event, message, actions.retry, _("The message is in the queue again."))


@bp.route("/<int:message>/send", methods=["POST"])
def send_now(event: str, message: int) -> ResponseReturnValue:
    """Move a waiting mail to the front of the queue."""
    return _change(
        event,
        message,
        actions.send_now,
        _("The message goes before all others, as soon as the mail server takes mail."),
    )


@bp.route("/<int:message>/dismiss", methods=["POST"])
def dismiss(event: str, message: int) -> ResponseReturnValue:
    """Dismiss a dead letter (a mail that has failed for good), with a reason."""
    form = DismissForm()
    if not form.reason.data:
        _get_or_404(event, message)
        flash(_("Choose a reason for putting the message aside. Nothing was changed."), "warning")
        return redirect(url_for(".index", event=event, **_filters().query()), 303)
    if not form.validate():
        abort(400)
    act = partial(actions.dismiss, reason=AbortReason(form.reason.data))
    return _change(event, message, act, _("The message is put aside. It will not be sent."))


def _list(event: Event) -> dict[str, Any]:
    """Return the context of templates/console/outbox/index.html."""
    scope, filters, trouble = mail_scope(event), _filters(), relay.find_trouble()
    page = listing.read_list(scope, filters, Cursor.of(request.args))
    return {
        "event": event,
        "is_over": events.is_over(event, clock.now()),
        "may_write": afterwards.can_write(event, clock.now()),
        "filters": filters,
        "page": page,
        "people": registrations.find_by_ids(
            {mail.registration_id for mail in page.rows if mail.registration_id and not scope.hides(mail)}
        ),
        "hides": scope.hides,
        "pages": _pages(event, filters, page),
        "counts": listing.count_by_status(scope),
        "mailings": list_rows(event),
        "left": _left(event),
        "drafts": list_drafts(event),
        "statuses": list(MessageStatus),
        "wording": wording,
        "form": DismissForm(),
        "relay_text": wording.relay_text(trouble, event.zone, clock.now()) if trouble else "",
    }


def _left(event: Event) -> str:
    """Return in words how long sending the event's messages to many still takes; "" when none of them waits."""
    hidden = [one.id for one in mailings.list_sending(event) if not may_know_people(one)]
    people, seconds = progress.left_of(event, beside=hidden)
    if not people:
        return ""
    return ngettext(
        "Messages to many that wait for their turn: %(people)s. That takes about %(num)s minute more.",
        "Messages to many that wait for their turn: %(people)s. That takes about %(num)s minutes more.",
        max(1, round(seconds / 60)),
        people=format_decimal(people),
    )


def _change(slug: str, number: int, act: Callable[..., None], done: str) -> ResponseReturnValue:
    """Apply `act` to one of the event's mails, flash `done` or the refusal, and redirect to the list."""
    back = redirect(url_for(".index", event=slug, **_filters().query()), 303)
    start_write(db.session)
    message = _get_or_404(slug, number)
    try:
        act(message, now=clock.now(), actor=sign_ins.current_actor())
    except (ContentGone, NotStopped, MailOverdue) as refusal:
        db.session.rollback()
        flash(_refused(refusal), "warning")
        return back
    db.session.commit()
    flash(done, "success")
    return back


def _get_or_404(slug: str, number: int) -> OutboxMessage:
    """Return the event's mail with this id; abort with 404 for another event's, as if it did not exist (S13)."""
    return listing.find_message(mail_scope(get_any_or_404(slug)), str(number)) or abort(404)


def _filters() -> listing.Filters:
    try:
        return listing.Filters.of(request.args)
    except listing.UnknownFilter:
        abort(404)


def _refused(refusal: Exception) -> str:
    if isinstance(refusal, ContentGone):
        return _("The message could not be written, so it cannot be sent. Send the person a new one.")
    if isinstance(refusal, MailOverdue):
        return _("The time in which the message could be sent is over, so it is not sent any more.")
    return _("The message is not in that state any more. Nothing was changed.")


def _pages(event: Event, filters: listing.Filters, page: Page) -> dict[str, str | None]:
    def url(beside: str, row) -> str:
        return url_for(".index", event=event.slug, **filters.query() | {beside: row.id})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": None,
    }
