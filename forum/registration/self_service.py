"""The pages of a person's own registration, which a personal link opens (S18–S23)."""

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError

from forum import clock
from forum.columns import digest
from forum.database import start_write
from forum.events import queries as events
from forum.events.freezing import AnswersFrozen, refuse_if_frozen
from forum.events.in_url import event_of_page, get_published_or_404, of_event
from forum.events.models import Event
from forum.extensions import db
from forum.questions import layout, uploads
from forum.registration import (
    actions,
    deadlines,
    links,
    opening,
    own_calendar,
    own_data,
    own_data_words,
    own_offer,
    own_page,
    own_sign_in,
    page_of,
    protection,
    readers,
    review_filters,
    sign_in_end,
)
from forum.registration.asking import asking_addresses
from forum.registration.confirming import ask_to_confirm
from forum.registration.consents_form import ConsentsForm
from forum.registration.enums import Status, TokenPurpose
from forum.registration.errors import (
    AlreadyConfirmed,
    LinkRefused,
    NotLive,
    OrganisationFull,
    SectorFull,
    SignInEnded,
)
from forum.registration.forms import ProtectedIdentityForm
from forum.registration.own_forms import (
    ask_again,
    change_details,
    details_form,
    mine,
    mine_live,
    slug_afterwards,
)
from forum.web import errors
from forum.web.edits import ChangedMeanwhile
from forum.web.forms import TidyForm
from forum.web.routes import localised

bp = Blueprint("self_service", __name__)
bp.record_once(review_filters.install)
bp.record_once(lambda state: page_of.install(state.app))
bp.add_app_template_test(deadlines.is_past_offer_now, "past_offer")
localised(bp, "/r/accept", methods=["POST"])(own_offer.accept)
localised(bp, "/r/decline", methods=["GET", "POST"])(own_offer.decline)
localised(bp, "/r/forum.ics")(own_calendar.calendar_file)
localised(bp, "/r/calendar", methods=["GET", "POST"])(own_calendar.subscribe)
localised(bp, "/r/calendar/end", methods=["POST"])(own_calendar.unsubscribe)
localised(bp, "/r/calendar/<token>/forum.ics")(own_calendar.feed)


@localised(bp, "/r/confirm/<token>", methods=["GET", "POST"])
def confirm(token: str) -> ResponseReturnValue:
    """Show the answers and a button; only pressing it confirms them, so that a mail scanner does not (S21)."""
    now = clock.now()
    form = ConsentsForm(asked := links.follow(token, TokenPurpose.CONFIRM, now=now))
    if asked.event.cancelled_at or not form.validate_on_submit():
        return ask_to_confirm(token, form)
    start_write(db.session)
    try:
        registration = actions.confirm_by_link(token, form.wanted(), listed=form.listed(), now=now)
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
    """Exchange the link for a session, so that URLs lack the token (S22); ask first if that ends older links (S20)."""
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
    registration = mine()
    return render_template(
        "public/self_service/show.html",
        **own_page.describe(registration),
        form=TidyForm(),
        consents_form=ConsentsForm.of(registration),
        is_welcome="welcome" in request.args,
        **own_sign_in.ENDS,
    )


@localised(bp, "/r/time-left")
def time_left() -> dict[str, int]:
    """Tell a page's script when the sign-in ends and the page closes; like any request, this one postpones that (A11).

    Not found if another personal link was opened in this browser after the page.
    """
    mine()
    return sign_in_end.time_left(request.args.get("of")) or abort(404)


@localised(bp, "/r/leave", methods=["POST"])
def leave() -> ResponseReturnValue:
    """Sign this browser out of the person's page."""
    start_write(db.session)
    registration = own_sign_in.leave(now=clock.now())
    db.session.commit()
    return redirect(url_for(".left", event=slug_afterwards(registration)), 303)


@of_event(bp, "/r/left")
def left(event: str | None = None) -> ResponseReturnValue:
    """Say that this browser is signed out; the page shows no personal data."""
    _about(event)
    return render_template("public/self_service/left.html")


@localised(bp, "/r/change", methods=["GET", "POST"])
def change() -> ResponseReturnValue:
    """Change the details; the address and the sector have pages of their own (`own_moves`)."""
    registration = mine_live()
    refuse_if_frozen(registration.event, clock.now())
    form = details_form(registration)
    uploads.take(form)
    if (is_sent := form.validate_on_submit()) or form.is_rechecked():
        start_write(db.session)
        try:
            change_details(mine(), form)
            if is_sent:
                db.session.commit()
                return _back_saved()
        except OrganisationFull:
            form.organisation.errors = [
                _("You cannot change to this organisation here. Write to the organisers instead.")
            ]
        except ChangedMeanwhile as refusal:
            form.compare(refusal)
        db.session.rollback()
    page = "public/self_service/change.html"
    page = render_template(page, registration=registration, form=form, asked=layout)
    return page, 409 if form.is_compared.data else 422 if form.errors else 200


@localised(bp, "/r/consents", methods=["POST"])
def consents() -> ResponseReturnValue:
    """Give or withdraw consents, with immediate effect (P04)."""
    start_write(db.session)
    registration = mine()
    form = ConsentsForm(registration)
    if form.validate():
        actions.set_consents(registration, form.wanted(), listed=form.listed(), now=clock.now())
        db.session.commit()
    return _back_saved()


@localised(bp, "/r/protected-identity", methods=["GET", "POST"])
def protected_identity() -> ResponseReturnValue:
    """Record what a person says about protected identity; the page looks the same for everybody (P20, P21)."""
    registration, form = mine_live(), ProtectedIdentityForm()
    if form.validate_on_submit():
        start_write(db.session)
        is_protected, real_name = form.answer()
        protection.record(mine(), is_protected=is_protected, real_name=real_name, now=clock.now())
        db.session.commit()
        return _back_saved()
    page = "public/self_service/protected_identity.html"
    return render_template(page, registration=registration, form=form), 422 if form.errors else 200


@localised(bp, "/r/cancel", methods=["GET", "POST"])
def cancel() -> ResponseReturnValue:
    """Say what cancelling means; cancel on a second, explicit step (S21)."""
    now, registration, form = clock.now(), mine_live(), TidyForm()
    if events.is_off(registration.event, now):
        raise NotLive
    if form.validate_on_submit():
        start_write(db.session)
        was_waiting = mine().status == Status.WAITING
        actions.cancel(mine(), actor="person", now=now)
        db.session.commit()
        own_sign_in.forget()
        return redirect(
            url_for(".cancelled", event=slug_afterwards(registration), left_line=was_waiting), 303
        )
    state, page = events.registration_state(registration.event, now), "public/self_service/cancel.html"
    returns = {"registration_state": state, "can_return": links.can_return(registration, now)}
    return render_template(page, registration=registration, form=form, **returns)


@of_event(bp, "/r/cancelled", defaults={"left_line": False})
@of_event(bp, "/r/cancelled/waiting-list", defaults={"left_line": True})
def cancelled(*, left_line: bool, event: str | None = None) -> ResponseReturnValue:
    """Say that a registration is cancelled, or that somebody left the waiting list; the page shows no personal data."""
    offered = opening.offered_afterwards(_about(event), clock.now())
    return render_template("public/self_service/cancelled.html", left_line=left_line, offered=offered)


@of_event(bp, "/r/declined")
def declined(event: str | None = None) -> ResponseReturnValue:
    """Say that a place was declined; the page shows no personal data."""
    offered = opening.offered_afterwards(_about(event), clock.now())
    return render_template("public/self_service/declined.html", offered=offered)


@localised(bp, "/r/own-data")
def own_data_page() -> ResponseReturnValue:
    """Show all data that is stored about the person, on a page or as JSON (P11)."""
    registration = mine()
    held = own_data.collect(registration)
    if request.args.get("format") == "json":
        response = Response(own_data.as_json(held), mimetype="application/json")
        response.headers["Content-Disposition"] = "attachment; filename=own-data.json"
        return response
    return render_template(
        "public/self_service/own_data.html",
        registration=registration,
        told=own_data_words.tell(registration, held),
        seen=readers.list_readings(registration),
        form=TidyForm(),
    )


@bp.errorhandler(NotLive)
@bp.errorhandler(AnswersFrozen)
def has_ended(refusal: Exception) -> ResponseReturnValue:
    """Redirect a form that comes too late to the person's own page; a confirming link is shown as not valid."""
    if "token" in (request.view_args or {}):
        return link_refused(refusal)
    db.session.rollback()
    if isinstance(refusal, AnswersFrozen) and request.method == "POST":
        flash(_("Nothing has been changed: it was too late to change your answers here."), "warning")
    return redirect(url_for("self_service.show"), 303)


@bp.errorhandler(SignInEnded)
def sign_in_ended(_refusal: Exception) -> ResponseReturnValue:
    """Say that the sign-in has ended, and keep what was typed in a form that comes too late (A11)."""
    db.session.rollback()
    page = ask_again("") if request.method == "POST" else None
    if page is None:
        asking = asking_addresses(clock.now())
        page = render_template("public/self_service/ended.html", asking=asking, **own_sign_in.ENDS)
    return page, 404


@bp.errorhandler(LinkRefused)
def link_refused(_refusal: Exception) -> ResponseReturnValue:
    """Explain that a link is not valid, and offer a new one by mail (S20)."""
    db.session.rollback()
    return render_template("public/self_service/link_refused.html", asking=asking_addresses(clock.now())), 404


@bp.errorhandler(CSRFError)
def session_lost(lost: CSRFError) -> ResponseReturnValue:
    """Keep what the person typed when the browser has lost its session since the form was shown."""
    return errors.ask_again(lost, ask_again)


def _about(slug: str | None) -> Event | None:
    """Return the published event with this slug, for a page that is open to all; without a slug, the current event."""
    return get_published_or_404(slug, sectors=False) if slug else event_of_page()


def _back_saved() -> ResponseReturnValue:
    """Redirect to the person's own page with the message that the change is saved."""
    flash(_("Saved."), "success")
    return redirect(url_for(".show"), 303)
