"""A person's own calendar: the file to add once, and the address to which a calendar program subscribes."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock, sealed_cookies
from forum.database import start_write
from forum.extensions import db
from forum.registration import calendar_feeds
from forum.registration.errors import LinkRefused
from forum.registration.models import Registration
from forum.registration.own_forms import mine
from forum.web.forms import TidyForm
from forum.web.limits import client_limit, spend

PAGE = "public/self_service/calendar.html"
# How many requests with a wrong calendar address one client may send: each costs a look into the database.
WRONG_ADDRESSES = "120 per hour"
# The name of the cookie that carries a new calendar address to the page that shows it once, and its life in seconds.
MADE, MADE_SECONDS = "calendar_address", 300


def calendar_file() -> ResponseReturnValue:
    """Return a calendar file of the event that says whether the person has a place, waits or has no place any more."""
    response = Response(calendar_feeds.content(mine()), mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=forum.ics"
    return response


def subscribe() -> ResponseReturnValue:
    """Say what subscribing means; on POST make the address of the feed, which the next page shows once."""
    registration, form, now = mine(), TidyForm(), clock.now()
    if form.validate_on_submit():
        spend(client_limit())
        start_write(db.session)
        registration = mine()
        return _show_once(registration, calendar_feeds.make(registration, now=now))
    made = sealed_cookies.take(MADE, bound_to=_binding(registration), seconds=MADE_SECONDS) or ""
    made_at = calendar_feeds.made_at(registration, now)
    page = render_template(PAGE, registration=registration, form=form, made=made, made_at=made_at)
    response = make_response(page)
    sealed_cookies.drop(response, MADE, paths=_paths())
    return response


def _show_once(registration: Registration, made: str) -> ResponseReturnValue:
    """Commit a new calendar address and redirect to the page that shows it once; undo it if no cookie can hold it."""
    response = redirect(url_for(".subscribe"), 303)
    if sealed_cookies.put(response, MADE, made, bound_to=_binding(registration), paths=_paths()):
        db.session.commit()
    else:
        db.session.rollback()
        flash(sealed_cookies.too_long_words(), "warning")
    return response


def unsubscribe() -> ResponseReturnValue:
    """End the person's calendar feed at once."""
    form = TidyForm()
    start_write(db.session)
    registration = mine()
    if form.validate_on_submit():
        calendar_feeds.end(registration, now=clock.now())
        db.session.commit()
        flash(_("The address has ended. Calendars that were subscribed to it get nothing more."), "success")
    return redirect(url_for(".subscribe"), 303)


def feed(token: str) -> ResponseReturnValue:
    """Return the person's calendar to a program that has subscribed to it; no session begins."""
    try:
        registration = calendar_feeds.follow(token, now=clock.now())
    except LinkRefused:
        spend(WRONG_ADDRESSES)
        raise
    response = Response(calendar_feeds.content(registration, is_feed=True), mimetype="text/calendar")
    response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    return response.make_conditional(request)


def _paths() -> list[str]:
    return [url_for(".subscribe")]


def _binding(registration: Registration) -> str:
    """Return the text that ties the cookie with a new address to the registration: only its page shows the address."""
    return f"{MADE} {registration.reference}"
