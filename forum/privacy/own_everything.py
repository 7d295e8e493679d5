"""The pages with all of a person's data, which a fresh link opens for ten minutes (P11, S23)."""

import json

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.events.in_url import show_event
from forum.extensions import db
from forum.privacy import hanging, own_data_links, telling
from forum.questions import files
from forum.registration import (
    file_answers,
    limits,
    links,
    own_data,
    own_data_words,
    owners,
    readers,
    self_service,
)
from forum.registration.enums import TokenPurpose
from forum.registration.errors import LinkRefused, NotLive, SignInEnded
from forum.registration.models import Registration
from forum.registration.own_forms import mine
from forum.registration.own_sign_in import EVERYTHING
from forum.web.forms import TidyForm
from forum.web.routes import localised

bp = Blueprint("own_everything", __name__)


@localised(bp, "/r/own-data/link", methods=["POST"])
def ask() -> ResponseReturnValue:
    """Mail the link to all of the person's data, within the limits of mails that a visitor may cause (S25)."""
    start_write(db.session)
    try:
        registration = mine()
    except SignInEnded as ended:
        # The sign-in to the person's own page has ended: show the page that says so. The page of this module for
        # refused links (`refused`) would speak of an expired link to all data.
        return self_service.sign_in_ended(ended)
    if limits.may_mail(registration.email):
        own_data_links.send(registration, now=clock.now())
        db.session.commit()
        flash(_("We have sent you a message with a link. It works for ten minutes."), "success")
    else:
        flash(_("Too many messages to this address in an hour. Try again later."), "warning")
    return redirect(url_for("self_service.own_data_page"), 303)


@localised(bp, "/r/everything/<token>", methods=["GET", "POST"])
def enter(token: str) -> ResponseReturnValue:
    """Show a button, so that a mail scanner does not use the link up; on POST open the page of data (S21, S22)."""
    now, form = clock.now(), TidyForm()
    if not form.validate_on_submit():
        show_event(links.follow(token, TokenPurpose.OWN_DATA, now=now).event)
        return render_template("public/own_everything/open.html", form=form)
    start_write(db.session)
    session[EVERYTHING] = own_data_links.open_link(token, now=now)
    db.session.commit()
    return redirect(url_for(".show"), 303)


@localised(bp, "/r/everything")
def show() -> ResponseReturnValue:
    """Show all of the person's data, on a page or as JSON."""
    registration = _opened()
    show_event(registration.event)
    held, seen = hanging.tell(registration), readers.list_readings(registration)
    if request.args.get("format") == "json":
        told = {**held, "history": own_data.collect(registration)["history"]}
        told["seen_by"] = [telling.as_row(reading) for reading in seen]
        response = Response(json.dumps(told, ensure_ascii=False, indent=2), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=everything.json"
        return response
    return render_template(
        "public/own_everything/show.html",
        registration=registration,
        form=TidyForm(),
        parts=telling.list_parts(held, registration),
        history=own_data_words.tell(registration, own_data.collect(registration)).history,
        seen=telling.table_of(seen),
        minutes=links.OWN_DATA_MINUTES,
        is_closed=not owners.may_read_sealed(registration),
        has_former=bool(owners.list_former(registration)),
    )


@localised(bp, "/r/everything/files/<file_key>")
def file(file_key: str) -> ResponseReturnValue:
    """Return a file that the person has sent as an answer, in this registration or in one merged with it."""
    opened = _opened()
    for one in owners.list_joined(opened):
        if known := files.find_own(one.id, file_key):
            return file_answers.give(known)
    return file_answers.give(file_answers.find_or_404(opened, file_key))


@localised(bp, "/r/everything/close", methods=["POST"])
def close() -> ResponseReturnValue:
    """Close the page of the person's data in this browser before its ten minutes are over."""
    start_write(db.session)
    registration = _opened()
    links.end(registration, TokenPurpose.OWN_DATA_PAGE, now=clock.now())
    db.session.commit()
    session.pop(EVERYTHING, None)
    show_event(registration.event)
    return redirect(url_for("self_service.left"), 303)


@bp.errorhandler(LinkRefused)
@bp.errorhandler(NotLive)
def refused(refusal: Exception) -> ResponseReturnValue:
    """Say that the link to the person's data or their page has expired, and how to get another link."""
    db.session.rollback()
    session.pop(EVERYTHING, None)
    return render_template("public/own_everything/ended.html"), 404


def _opened() -> Registration:
    """Return the registration whose data page is open in this browser. Raises LinkRefused."""
    kept = session.get(EVERYTHING)
    if not isinstance(kept, str):
        raise SignInEnded
    return links.follow_digest(kept, TokenPurpose.OWN_DATA_PAGE, now=clock.now())
