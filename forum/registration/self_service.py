"""A person's own registration, behind the personal link (S18–S23)."""

from flask import Blueprint, Response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events import calendar
from forum.extensions import db
from forum.registration import actions, links, own_data, own_data_words, waiting_list
from forum.registration.enums import ConsentPurpose, Status, TokenPurpose
from forum.registration.errors import LinkRefused, NothingOffered, NotLive, OrganisationFull
from forum.registration.forms import ConsentsForm, DetailsForm
from forum.registration.models import Registration
from forum.web.forms import TidyForm
from forum.web.languages import in_language
from forum.web.routes import localised

bp = Blueprint("self_service", __name__)
KEY = "registration"  # in the session: the digest of the link that was followed, nothing of the person (S08)


@localised(bp, "/r/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show a button; only pressing it confirms, so that a mail scanner does not (S21)."""
    now, form = clock.now(), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
    registration = links.follow(token, TokenPurpose.CONFIRM, now=now)
    if (
        registration.status != Status.PENDING
    ):  # pressed again: nothing changes, and the old link opens nothing
        return render_template("public/self_service/already_confirmed.html", registration=registration)
    if not form.validate_on_submit():
        return render_template("public/self_service/confirm.html", registration=registration, form=form)
    actions.confirm(registration, now=now)
    manage = links.issue(registration, TokenPurpose.MANAGE, now=now)
    db.session.commit()
    session[KEY] = digest(manage)
    return redirect(url_for(".show", welcome="1"), 303)


@localised(bp, "/r/<token>")
def enter(token: str) -> ResponseReturnValue:
    """Exchange the link for a session and leave its token behind (S22)."""
    links.follow(token, TokenPurpose.MANAGE, now=clock.now())
    session[KEY] = digest(token)
    return redirect(url_for(".show"), 303)


@localised(bp, "/r/")
def show() -> ResponseReturnValue:
    """Show a person's own registration and what they can do with it."""
    registration = _mine()
    return render_template(
        "public/self_service/show.html",
        registration=registration,
        answers=_answers(registration),
        position=waiting_list.position(registration),
        form=TidyForm(),
        consents_form=ConsentsForm(data={p.value: registration.has_consented(p) for p in ConsentPurpose}),
        is_welcome="welcome" in request.args,
    )


@localised(bp, "/r/change", methods=["GET", "POST"])
def change() -> ResponseReturnValue:
    """Change the details; the address and the sector stay."""
    registration = _mine()
    form = DetailsForm(obj=registration)
    if form.validate_on_submit():
        start_write(db.session)
        try:
            actions.change(_mine(), form.details(), actor="person", now=clock.now())
            db.session.commit()
            return redirect(url_for(".show", saved="details"), 303)
        except OrganisationFull:
            db.session.rollback()
            form.organisation.errors = [_("This organisation has as many places as it can have")]
    page = render_template("public/self_service/change.html", registration=registration, form=form)
    return page, 422 if form.errors else 200


@localised(bp, "/r/consents", methods=["POST"])
def consents() -> ResponseReturnValue:
    """Give or withdraw consents, with effect at once (P04)."""
    form = ConsentsForm()
    start_write(db.session)
    registration = _mine()
    if form.validate():
        actions.set_consents(registration, form.wanted(), now=clock.now())
        db.session.commit()
    return redirect(url_for(".show", saved="consents"), 303)


@localised(bp, "/r/accept", methods=["POST"])
def accept() -> ResponseReturnValue:
    """Take the place that was offered."""
    start_write(db.session)
    registration = _mine()
    try:
        actions.accept_offer(registration, now=clock.now())
    except NothingOffered:
        db.session.rollback()
        return render_template("public/self_service/nothing_offered.html", registration=_mine()), 409
    db.session.commit()
    return redirect(url_for(".show", welcome="1"), 303)


@localised(bp, "/r/cancel", methods=["GET", "POST"])
def cancel() -> ResponseReturnValue:
    """Say what cancelling means, then do it on a second, explicit step (S21)."""
    registration, form = _mine(), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        actions.cancel(_mine(), actor="person", now=clock.now())
        db.session.commit()
        session.pop(KEY, None)
        return redirect(url_for(".cancelled"), 303)
    return render_template("public/self_service/cancel.html", registration=registration, form=form)


@localised(bp, "/r/cancelled")
def cancelled() -> ResponseReturnValue:
    """Say that it is done; the page knows nobody."""
    return render_template("public/self_service/cancelled.html")


@localised(bp, "/r/own-data")
def own_data_page() -> ResponseReturnValue:
    """Show everything that is held about the person, readable and as JSON (P11)."""
    registration = _mine()
    held = own_data.collect(registration)
    if request.args.get("format") == "json":
        response = Response(own_data.as_json(held), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=own-data.json"
        return response
    sections = own_data_words.sections(registration, held)
    return render_template("public/self_service/own_data.html", registration=registration, sections=sections)


@localised(bp, "/r/forum.ics")
def calendar_file() -> ResponseReturnValue:
    """Give the event as a calendar file to whoever has a place."""
    registration = _mine()
    content = calendar.personal_calendar(
        registration.event, registration.language, sequence=registration.calendar_sequence
    )
    response = Response(content, mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=forum.ics"
    return response


@bp.errorhandler(LinkRefused)
@bp.errorhandler(NotLive)
def link_refused(_refusal: Exception) -> ResponseReturnValue:
    """Explain a link that leads nowhere, and offer a new one by mail (S20)."""
    db.session.rollback()
    return render_template("public/self_service/link_refused.html"), 404


def _mine() -> Registration:
    """Return the registration whose link this browser followed. Raises LinkRefused."""
    return links.follow_digest(session.get(KEY, ""), TokenPurpose.MANAGE, now=clock.now())


def _answers(registration: Registration) -> list[dict[str, str]]:
    """Return the person's details as label and value, with the address and the sector that cannot be changed here."""
    rows = [{"label": row["label"], "value": row["value"]} for row in DetailsForm(obj=registration).answers()]
    return [
        *rows,
        {"label": _("E-mail address"), "value": registration.email},
        {"label": _("Sector"), "value": in_language(registration.sector.name)},
    ]
