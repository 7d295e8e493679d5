"""Organisers' pages for publishing an event, and for making another event the front page of the site."""

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.checklist import checklist_of
from forum.console.text_checks import blanks_of
from forum.database import start_write
from forum.events import publishing
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.news import desk
from forum.registration import listing
from forum.registration.enums import LIVE
from forum.web.forms import TidyForm

bp = Blueprint("publication", __name__, url_prefix="/console/<event>")


class PublishForm(TidyForm):
    """The ticks that confirm publishing an event that lacks something, and replacing another event's front page."""

    even_so = BooleanField(_l("Publish it all the same"))
    to_front = BooleanField(_l("Make it the front page of the site"))


class UnpublishForm(TidyForm):
    """The tick with which an organiser takes an event off the site although people are registered for it."""

    even_so = BooleanField(_l("Unpublish it all the same"))


@bp.route("/publication", methods=["GET", "POST"])
def publish(event: str) -> ResponseReturnValue:
    """Explain publishing and list what is missing; on POST publish the event."""
    form, now = PublishForm(kept_words.sent_or_kept()), clock.now()
    if form.is_submitted():
        start_write(db.session)
    this_event = get_any_or_404(event)
    if this_event.is_published:
        return _to_overview(event)
    asked = _asked(this_event, now)
    if form.validate_on_submit() and (form.even_so.data or not asked["missing"]):
        to_front = form.to_front.data and sign_ins.is_admin_of_all()
        publishing.publish(this_event, to_front=to_front, actor=sign_ins.current_actor(), now=now)
        db.session.commit()
        flash(_("The event is published. Visitors see it now."), "success")
        return _to_overview(event)
    if form.is_submitted() and asked["missing"]:
        form.even_so.errors = [_("Fill in what is missing, or tick that you publish it all the same")]
    page = render_template("console/publication/publish.html", event=this_event, form=form, **asked)
    return page, 422 if form.errors else 200


@bp.route("/withdrawal", methods=["GET", "POST"])
def unpublish(event: str) -> ResponseReturnValue:
    """Say what visitors will see and what happens to the registrations; on POST take the event off the site."""
    form = UnpublishForm(kept_words.sent_or_kept())
    if form.is_submitted():
        start_write(db.session)
    this_event = get_any_or_404(event)
    if not this_event.is_published:
        return _to_overview(event)
    held = _held(this_event)
    if form.validate_on_submit() and (form.even_so.data or not held["people"]):
        publishing.unpublish(this_event, actor=sign_ins.current_actor(), now=clock.now())
        db.session.commit()
        flash(_("The event is not public any more."), "success")
        return _to_overview(event)
    if form.is_submitted() and held["people"]:
        form.even_so.errors = [
            _("Tick that you unpublish it although people are registered, or keep it public")
        ]
    page = render_template("console/publication/unpublish.html", event=this_event, form=form, **held)
    return page, 422 if form.errors else 200


@bp.route("/front-page", methods=["GET", "POST"])
def front_page(event: str) -> ResponseReturnValue:
    """Say what happens to the present front page, and make this event the front page of the site."""
    form, now = TidyForm(), clock.now()
    if form.is_submitted():
        start_write(db.session)
    this_event = get_any_or_404(event)
    if this_event.is_current or not this_event.is_published:
        return _to_overview(event)
    if form.validate_on_submit():
        publishing.make_front_page(this_event, actor=sign_ins.current_actor(), now=now)
        db.session.commit()
        flash(_("The event is the front page of the site now."), "success")
        return _to_overview(event)
    displaced = _displaced(this_event, now)
    return render_template(
        "console/publication/front_page.html", event=this_event, form=form, displaced=displaced
    )


def _asked(event: Event, now: datetime) -> dict[str, Any]:
    """Return the context of the page that asks before publishing: what the event lacks, and what publishing does."""
    return {
        "missing": checklist_of(event, now).needed,
        "blanks": blanks_of(event),
        "displaced": _displaced(event, now),
        # To take the front page from another event an organiser has to be an admin of all events.
        "may_displace": sign_ins.is_admin_of_all(),
        "is_over": events.is_over(event, now),
        "opens_later": now < event.opens_at,
        "is_closed": now >= event.closes_at,
    }


def _held(event: Event) -> dict[str, int]:
    """Return how many people are registered for the event, how many places are held, and how many posts are public."""
    counts = listing.count_by_sector_and_status(event)
    return {
        "people": sum(listing.total(counts, status=status) for status in LIVE),
        "with_place": event.taken - sum(sector.reserved for sector in event.sectors),
        "posts": desk.count_public(event.id),
    }


def _displaced(event: Event, now: datetime) -> dict[str, Any] | None:
    """Return the event that would lose the front page, and how many people are registered for it; None without one."""
    other = publishing.displaced_by(event, now)
    if other is None:
        return None
    counts = listing.count_by_sector_and_status(other)
    return {
        "event": other,
        "is_over": events.is_over(other, now),
        "people": sum(listing.total(counts, status=status) for status in LIVE),
    }


def _to_overview(slug: str) -> ResponseReturnValue:
    db.session.rollback()
    return redirect(url_for("console.overview", event=slug), 303)
