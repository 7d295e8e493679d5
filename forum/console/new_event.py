"""Organisers' page for making an event, by an admin of all events."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.console.new_event_form import CopyForm, NewEventForm
from forum.database import start_write
from forum.events import copying, making
from forum.events import queries as events
from forum.events.errors import EventExists
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.mailings import mail_texts
from forum.organisations.copying import copy_organisations
from forum.questions.copying import copy_questions
from forum.web.languages import in_language, language

bp = Blueprint("new_event", __name__, url_prefix="/console")


@bp.route("/new", methods=["GET", "POST"])
def make() -> ResponseReturnValue:
    """Ask for the facts that are needed to make an event, and make it."""
    form = NewEventForm(kept_words.sent_or_kept())
    if form.validate_on_submit():
        start_write(db.session)
        try:
            made = making.make_event(form.plan(), actor=sign_ins.current_actor(), now=clock.now())
        except EventExists:
            db.session.rollback()
            form.name.errors = [_("There is an event with this name on these days already")]
        else:
            return _made(made)
    page = render_template("console/new_event/make.html", form=form, is_first=not events.list_events())
    return page, 422 if form.errors else 200


@bp.route("/<event>/copy", methods=["GET", "POST"])
def copy(event: str) -> ResponseReturnValue:
    """Ask for name and first day of an event for another year, and make it from this one."""
    form = CopyForm(kept_words.sent_or_kept(), **_next_year(get_any_or_404(event)))
    if form.validate_on_submit():
        start_write(db.session)
        given = {"first_day": form.first_day.data, "name": form.name.data, "language": language()}
        original = get_any_or_404(event)
        try:
            made = copying.copy_event(original, **given, actor=sign_ins.current_actor(), now=clock.now())
        except EventExists:
            db.session.rollback()
            form.name.errors = [_("There is an event with this name on these days already")]
        else:
            copy_questions(original, made)
            copy_organisations(original, made)
            mail_texts.copy(original, made, now=clock.now())
            return _made(made)
    page = render_template("console/new_event/copy.html", event=get_any_or_404(event), form=form)
    return page, 422 if form.errors else 200


def _made(event: Event) -> ResponseReturnValue:
    slug = event.slug
    db.session.commit()
    flash(_("The event is made. Nobody but its organisers sees it until you publish it."), "success")
    return redirect(url_for("console.overview", event=slug), 303)


def _next_year(event: Event) -> dict[str, Any]:
    """Return the values that the form for a copy proposes: the same day of the next year, the name with that year."""
    first_day = event.starts_at.astimezone(event.zone).date()
    year = first_day.year + 1
    name = copying.in_year(in_language(event.name), first_day.year, year)
    return {"name": name, "first_day": copying.same_day(first_day, year)}
