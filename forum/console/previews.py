"""Organisers' page for private links to the preview of an event that is not published."""

from datetime import datetime

from flask import Blueprint, abort, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from forum import clock, sealed_cookies
from forum.accounts import kept_words, sign_ins
from forum.database import start_write
from forum.events import previews
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.web.forms import TidyForm
from forum.web.languages import language

bp = Blueprint("previews", __name__, url_prefix="/console/<event>")

# The name of the cookie that carries a new private link to the page that shows it once, and its life in seconds.
MADE, MADE_SECONDS = "preview_link", 300


class PreviewLinkForm(TidyForm):
    """The form that makes a private link."""

    days = SelectField(_l("It works for"), coerce=int)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.days.choices = [
            SelectChoice(days, ngettext("%(num)s day", "%(num)s days", days)) for days in previews.DAYS
        ]


@bp.route("/preview-links", methods=["GET", "POST"])
def index(event: str) -> ResponseReturnValue:
    """List the private links that work, and make another one, which the next page shows once."""
    form, now = PreviewLinkForm(kept_words.sent_or_kept()), clock.now()
    if form.is_submitted():
        start_write(db.session)
    this_event = get_any_or_404(event)
    if form.validate_on_submit() and not this_event.is_published:
        if len(previews.list_links(this_event, now)) < previews.MOST:
            return _make(this_event, form.days.data, now)
        form.form_errors.append(
            _("End a link first: no more than %(most)s can work at once", most=previews.MOST)
        )
    return _show(this_event, form, now)


@bp.route("/preview-links/<int:link>", methods=["POST"])
def end(event: str, link: int) -> ResponseReturnValue:
    """End a private link at once, so that it does not work any more."""
    form = TidyForm()
    start_write(db.session)
    this_event = get_any_or_404(event)
    ended = previews.find_link(this_event, link) or abort(404)
    if form.validate_on_submit():
        previews.end_link(ended, actor=sign_ins.current_actor(), now=clock.now())
        db.session.commit()
        flash(_("The link has ended. Whoever had it sees nothing any more."), "success")
    return redirect(url_for(".index", event=event), 303)


def _make(event: Event, days: int, now: datetime) -> ResponseReturnValue:
    actor = sign_ins.current_actor()
    token = previews.make_link(event, days=days, actor=actor, now=now)
    response = redirect(url_for(".index", event=event.slug), 303)
    if sealed_cookies.put(response, MADE, token, bound_to=_binding(event), paths=_paths(event)):
        db.session.commit()
    else:
        db.session.rollback()
        flash(sealed_cookies.too_long_words(), "warning")
    return response


def _show(event: Event, form: PreviewLinkForm, now: datetime) -> ResponseReturnValue:
    token = sealed_cookies.take(MADE, bound_to=_binding(event), seconds=MADE_SECONDS)
    page = render_template(
        "console/previews.html",
        event=event,
        form=form,
        links=previews.list_links(event, now),
        made=f"{current_app.config['BASE_URL']}/{language()}/preview-link/{token}" if token else "",
    )
    response = make_response(page, 422 if form.errors else 200)
    sealed_cookies.drop(response, MADE, paths=_paths(event))
    return response


def _paths(event: Event) -> list[str]:
    return [url_for(".index", event=event.slug)]


def _binding(event: Event) -> str:
    """Return the text that ties the cookie with a new private link to the organiser and the event."""
    return f"{MADE} {sign_ins.current_actor()} {event.slug}"
