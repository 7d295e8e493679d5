"""The pages of a person's own registration, which a personal link opens (S18–S23)."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events import calendar
from forum.events import queries as events
from forum.extensions import db
from forum.registration import (
    actions,
    links,
    opening,
    own_data,
    own_data_words,
    own_page,
    own_sign_in,
    protection,
)
from forum.registration.confirming import ask_to_confirm
from forum.registration.enums import ConsentPurpose, Status, TokenPurpose
from forum.registration.errors import (
    AlreadyConfirmed,
    LinkRefused,
    NothingOffered,
    NotLive,
    OrganisationFull,
    SectorFull,
    SignInEnded,
)
from forum.registration.forms import ConsentsForm, DetailsForm, ProtectedIdentityForm
from forum.registration.models import Registration
from forum.web import errors
from forum.web.forms import TidyForm
from forum.web.routes import localised

bp = Blueprint("self_service", __name__)
# Views whose form holds a person's answers, with the template and class that show the form again.
ASKED_AGAIN: dict[str, tuple[str, type[TidyForm]]] = {
    "change": ("public/self_service/change.html", DetailsForm),
    "protected_identity": ("public/self_service/protected_identity.html", ProtectedIdentityForm),
}


@localised(bp, "/r/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show the answers and a button; only pressing it confirms them, so that a mail scanner does not (S21)."""
    now, form = clock.now(), ConsentsForm()
    if not form.validate_on_submit():
        return ask_to_confirm(token, form)
    start_write(db.session)
    try:
        registration = actions.confirm_by_link(token, consents=form.wanted(), now=now)
    except AlreadyConfirmed:
        return ask_to_confirm(token, form)
    except SectorFull:
        db.session.rollback()
        return ask_to_confirm(token, form, is_full=True), 409
    manage = links.issue(registration, TokenPurpose.MANAGE, now=now)
    db.session.commit()
    own_sign_in.begin(digest(manage), now=now)
    return redirect(url_for(".show", welcome="1"), 303)


@localised(bp, "/r/<token>", methods=["GET", "POST"])
def enter(token: str) -> ResponseReturnValue:
    """Exchange the link for a session, so that later URLs lack the token (S22). Ask before older links end (S20)."""
    now, form = clock.now(), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        actions.open_link(token, now=now)
        db.session.commit()
    elif links.ends_older(token, now=now):
        return render_template("public/self_service/open.html", form=form)
    own_sign_in.begin(digest(token), now=now)
    return redirect(url_for(".show"), 303)


@localised(bp, "/r/")
def show() -> ResponseReturnValue:
    """Show a person's own registration and what they can do with it."""
    registration = _mine()
    return render_template(
        "public/self_service/show.html",
        **own_page.describe(registration),
        form=TidyForm(),
        consents_form=ConsentsForm(data={p.value: registration.has_consented(p) for p in ConsentPurpose}),
        is_welcome="welcome" in request.args,
        **own_sign_in.ENDS,
    )


@localised(bp, "/r/leave", methods=["POST"])
def leave() -> ResponseReturnValue:
    """Sign this browser out of the person's page."""
    start_write(db.session)
    own_sign_in.leave(now=clock.now())
    db.session.commit()
    return redirect(url_for(".left"), 303)


@localised(bp, "/r/left")
def left() -> ResponseReturnValue:
    """Say that this browser is signed out; the page shows no personal data."""
    return render_template("public/self_service/left.html")


@localised(bp, "/r/change", methods=["GET", "POST"])
def change() -> ResponseReturnValue:
    """Change the details; the address and the sector cannot be changed here."""
    registration = _mine_live()
    form = DetailsForm(obj=registration)
    if (is_sent := form.validate_on_submit()) or form.is_rechecked():
        start_write(db.session)
        try:
            actions.change(_mine(), form.details(), actor="person", now=clock.now())
            if is_sent:
                db.session.commit()
                return _back_saved()
        except OrganisationFull:
            form.organisation.errors = [_("This organisation has as many places as it can have")]
        db.session.rollback()
    page = render_template("public/self_service/change.html", registration=registration, form=form)
    return page, 422 if form.errors else 200


@localised(bp, "/r/consents", methods=["POST"])
def consents() -> ResponseReturnValue:
    """Give or withdraw consents, with immediate effect (P04)."""
    form = ConsentsForm()
    start_write(db.session)
    registration = _mine()
    if form.validate():
        actions.set_consents(registration, form.wanted(), now=clock.now())
        db.session.commit()
    return _back_saved()


@localised(bp, "/r/protected-identity", methods=["GET", "POST"])
def protected_identity() -> ResponseReturnValue:
    """Record what a person says about protected identity; the page looks the same for everybody (P20, P21)."""
    registration, form = _mine_live(), ProtectedIdentityForm()
    if form.validate_on_submit():
        start_write(db.session)
        is_protected, real_name = form.answer()
        protection.record(_mine(), is_protected=is_protected, real_name=real_name, now=clock.now())
        db.session.commit()
        return _back_saved()
    page = "public/self_service/protected_identity.html"
    return render_template(page, registration=registration, form=form), 422 if form.errors else 200


@localised(bp, "/r/accept", methods=["POST"])
def accept() -> ResponseReturnValue:
    """Accept the offered place."""
    start_write(db.session)
    registration, now = _mine(), clock.now()
    try:
        actions.accept_offer(registration, now=now)
    except NothingOffered:
        db.session.rollback()
        page, can_register = "public/self_service/nothing_offered.html", opening.can_register(now)
        return render_template(page, registration=_mine(), can_register=can_register), 409
    db.session.commit()
    return redirect(url_for(".show", welcome="1"), 303)


@localised(bp, "/r/cancel", methods=["GET", "POST"])
def cancel() -> ResponseReturnValue:
    """Say what cancelling means; cancel on a second, explicit step (S21)."""
    now, registration, form = clock.now(), _mine_live(), TidyForm()
    if events.is_over(registration.event, now):
        raise NotLive
    if form.validate_on_submit():
        start_write(db.session)
        was_waiting = _mine().status == Status.WAITING
        actions.cancel(_mine(), actor="person", now=now)
        db.session.commit()
        own_sign_in.forget()
        return redirect(url_for(".cancelled", left_line=was_waiting), 303)
    state, page = events.registration_state(registration.event, now), "public/self_service/cancel.html"
    return render_template(page, registration=registration, registration_state=state, form=form)


@localised(bp, "/r/cancelled", defaults={"left_line": False})
@localised(bp, "/r/cancelled/waiting-list", defaults={"left_line": True})
def cancelled(*, left_line: bool) -> ResponseReturnValue:
    """Say that a registration is cancelled, or that somebody left the waiting list; the page shows no personal data."""
    can_register = opening.can_register(clock.now())
    return render_template(
        "public/self_service/cancelled.html", left_line=left_line, can_register=can_register
    )


@localised(bp, "/r/own-data")
def own_data_page() -> ResponseReturnValue:
    """Show all data that is stored about the person, on a page or as JSON (P11)."""
    registration = _mine()
    held = own_data.collect(registration)
    if request.args.get("format") == "json":
        response = Response(own_data.as_json(held), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=own-data.json"
        return response
    told = own_data_words.tell(registration, held)
    return render_template("public/self_service/own_data.html", registration=registration, told=told)


@localised(bp, "/r/forum.ics")
def calendar_file() -> ResponseReturnValue:
    """Return a calendar file of the event that says whether the person has a place, waits or has none any more."""
    registration = _mine()
    content = calendar.personal_calendar(
        registration.event,
        registration.language,
        status=registration.calendar_status,
        sequence=registration.calendar_sequence,
        changed_at=registration.calendar_changed_at or registration.requested_at,
    )
    response = Response(content, mimetype="text/calendar")
    response.headers["Content-Disposition"] = "attachment; filename=forum.ics"
    return response


@bp.errorhandler(NotLive)
def has_ended(refusal: Exception) -> ResponseReturnValue:
    """Redirect a form of an ended registration to the page that says so; show a confirming link as not valid."""
    if "token" in (request.view_args or {}):
        return link_refused(refusal)
    db.session.rollback()
    return redirect(url_for(".show"), 303)


@bp.errorhandler(SignInEnded)
def sign_in_ended(_refusal: Exception) -> ResponseReturnValue:
    """Say that the sign-in has ended, and keep what was typed in a form that comes too late (A11)."""
    db.session.rollback()
    page = _again("") if request.method == "POST" else None
    return page or render_template("public/self_service/ended.html", **own_sign_in.ENDS), 404


@bp.errorhandler(LinkRefused)
def link_refused(_refusal: Exception) -> ResponseReturnValue:
    """Explain that a link is not valid, and offer a new one by mail (S20)."""
    db.session.rollback()
    return render_template("public/self_service/link_refused.html"), 404


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the person typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, _again)


def _again(notice: str) -> str | None:
    """Return the page of the sent form, filled in; None if the page needs a link that this browser has not opened."""
    endpoint, known = str(request.endpoint).removeprefix(f"{bp.name}."), request.view_args or {}
    try:
        registration = _mine()
    except LinkRefused:
        registration = None
    if endpoint in ASKED_AGAIN:
        page, form = ASKED_AGAIN[endpoint]
        if registration is None:
            notice = _(
                "Nothing has been saved yet. Your page closed while the form was open, or the browser keeps no "
                "cookies from this site. What you entered is still here. Open your personal link in another tab, then "
                "come back and press the button. If this happens again, allow cookies for this site."
            )
        return render_template(page, registration=registration, form=form(), notice=notice)
    if endpoint == "leave" and registration is None:
        return render_template("public/self_service/left.html")
    try:
        if endpoint == "confirm":
            return ask_to_confirm(known["token"], ConsentsForm(), notice=notice)
    except LinkRefused:
        pass
    return None


def _back_saved() -> ResponseReturnValue:
    """Redirect to the person's own page with the message that the change is saved."""
    flash(_("Saved."), "success")
    return redirect(url_for(".show"), 303)


def _mine() -> Registration:
    """Return the registration to which this browser is signed in. Raises LinkRefused."""
    return own_sign_in.follow(now=clock.now())


def _mine_live() -> Registration:
    """Return the registration of this browser's link if it has not ended. Raises LinkRefused, NotLive."""
    registration = _mine()
    if not registration.is_live:
        raise NotLive
    return registration
