"""The organisers' list of requests about personal data, and their pages for deciding about an erasure (P12)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.validators import Length

from forum import clock
from forum.accounts import sign_ins
from forum.accounts.kept_words import sent_or_kept
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.extensions import db
from forum.privacy import actions, erasing, erasing_again, queries, state_words
from forum.privacy.enums import RequestState
from forum.privacy.errors import NotOpen
from forum.privacy.models import ErasureRequest
from forum.registration import tombstones, wording
from forum.registration.enums import RestrictionState
from forum.registration.models import Registration
from forum.registration.restriction_models import RestrictionRequest
from forum.web.edits import ChangedMeanwhile, ShowsStored
from forum.web.forms import LinesField, TidyForm, required
from forum.web.identity_numbers import no_identity_number

bp = Blueprint("erasure_requests", __name__, url_prefix="/console/<event>/requests")
bp.record_once(erasing_again.install)
STATES = {
    RequestState.DONE: _l("Carried out"),
    RequestState.REFUSED: _l("Refused"),
    RequestState.TAKEN_BACK: _l("Taken back"),
}


class RefusalForm(TidyForm):
    """The form with the reason for refusing a request; the person gets the reason by mail."""

    reason = LinesField(
        _l("Reason, as the person reads it"),
        [
            required(_l("Say why the request is refused")),
            Length(max=2000, message=_l("Use at most 2000 characters")),
            no_identity_number,
        ],
    )


class ErasureForm(ShowsStored, TidyForm):
    """The button that erases a person, with a digest of the people that its page names."""


@bp.get("")
def index(event: str) -> str:
    """List the open requests with the days left, the restrictions in force, and the latest decisions."""
    this_event, now = get_any_or_404(event), clock.now()
    requests = queries.list_open(this_event)
    restrictions = queries.list_restrictions(this_event, RestrictionState.OPEN)
    granted = queries.list_restrictions(this_event, RestrictionState.GRANTED)
    return render_template(
        "console/requests/index.html",
        event=this_event,
        requests=requests,
        left={each.id: days_left(each) for each in requests},
        urgent={each.id for each in requests if queries.is_urgent(each, now)},
        restrictions=restrictions,
        left_of={each.id: days_left(each) for each in restrictions},
        urgent_ones={each.id for each in restrictions if queries.is_urgent(each, now)},
        granted=granted,
        overdue={each.id for each in granted if queries.is_end_overdue(each, now)},
        kinds=state_words.RESTRICTION_KINDS,
        decided=queries.list_decided(this_event),
        states=STATES,
        wording=wording,
    )


@bp.route("/<int:number>/erasure", methods=["GET", "POST"])
def carry_out(event: str, number: int) -> ResponseReturnValue:
    """Say what will be erased; on a second, explicit step, after both factors were entered, erase the person."""
    if answer := sign_ins.require_fresh():
        return answer
    form = ErasureForm()
    if not form.validate_on_submit():
        return _ask_to_erase(event, number, form)
    start_write(db.session)
    try:
        _erase(_get_or_404(event, number), form)
    except ChangedMeanwhile:
        db.session.rollback()
        form.form_errors.append(
            _("Something has changed since you opened this page. Read whom this erases now.")
        )
        return _ask_to_erase(event, number, form, 409)
    db.session.commit()
    tombstones.note_at_once(now=clock.now())
    flash(_("The person has been erased, and is told so."), "success")
    return redirect(url_for(".index", event=event), 303)


@bp.route("/<int:number>/refusal", methods=["GET", "POST"])
def refuse(event: str, number: int) -> ResponseReturnValue:
    """Ask for a reason; on POST refuse the request and mail the reason."""
    form = RefusalForm(sent_or_kept())
    if form.validate_on_submit():
        start_write(db.session)
        asked, actor = _get_or_404(event, number), sign_ins.current_actor()
        actions.refuse(asked, form.reason.data, actor=actor, now=clock.now())
        db.session.commit()
        flash(_("The request is refused, and the person gets the reason."), "success")
        return redirect(url_for(".index", event=event), 303)
    return _page("refuse", _get_open(event, number)[0], form), 422 if form.errors else 200


@bp.errorhandler(NotOpen)
def not_open(_refusal: NotOpen) -> ResponseReturnValue:
    """Redirect to the list if somebody else has decided the request meanwhile."""
    db.session.rollback()
    flash(_("The request has been decided already, or was taken back."), "info")
    return redirect(url_for("erasure_requests.index", event=(request.view_args or {})["event"]), 303)


def days_left(asked: ErasureRequest | RestrictionRequest) -> int:
    """Return how many days are left to answer; 0 on the last day, negative afterwards."""
    zone = asked.event.zone
    return (asked.last_moment.astimezone(zone).date() - clock.now().astimezone(zone).date()).days


def _get_or_404(event: str, number: int) -> ErasureRequest:
    """Return the event's request for erasure with this number, or abort with 404 (S13)."""
    asked = queries.find(get_any_or_404(event), number)
    if asked is None:
        abort(404)
    return asked


def _erase(asked: ErasureRequest, form: ErasureForm) -> None:
    """Erase the people whom the page named. Raises NotOpen, or ChangedMeanwhile if others would be erased now (R30)."""
    actions.carry_out(
        asked,
        check=lambda one: form.refuse_if_changed(actions.shown_of(one)),
        actor=sign_ins.current_actor(),
        now=clock.now(),
    )


def _ask_to_erase(event: str, number: int, form: ErasureForm, status: int = 422) -> ResponseReturnValue:
    """Show whom an erasure deletes and who stays; `status` is the HTTP status of a form with errors, else it is 200."""
    asked, registration = _get_open(event, number)
    form.show(actions.shown_of(registration))
    page = _page("carry_out", asked, form, reach=erasing.foresee(registration))
    return page, status if form.errors else 200


def _get_open(event: str, number: int) -> tuple[ErasureRequest, Registration]:
    """Return the open request for erasure with this number and the registration that it is about.

    Raises NotOpen for a request that is decided; aborts with 404 for a request of another event (S13).
    """
    asked = _get_or_404(event, number)
    if asked.state != RequestState.OPEN or asked.registration is None:
        raise NotOpen
    return asked, asked.registration


def _page(name: str, asked: ErasureRequest, form: TidyForm, **more: Any) -> str:
    note_view(audit_queries.REGISTRATION_VIEWED, asked.registration, actor=sign_ins.current_actor())
    return render_template(
        f"console/requests/{name}.html",
        event=asked.event,
        asked=asked,
        registration=asked.registration,
        form=form,
        wording=wording,
        **more,
    )
