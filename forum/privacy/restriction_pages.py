"""The organisers' pages about a request for restriction or an objection: granting, declining, lifting (P12)."""

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
from forum.privacy import queries, restricting
from forum.privacy.console import RefusalForm, not_open
from forum.privacy.errors import NotOpen
from forum.registration import wording
from forum.registration.enums import RestrictionState
from forum.registration.restriction_models import LONGEST_WORDS, RestrictionRequest
from forum.web.forms import LinesField, TidyForm, required
from forum.web.identity_numbers import no_identity_number

bp = Blueprint(
    "restriction_requests", __name__, url_prefix="/console/<event>/requests/restriction/<int:number>"
)
bp.register_error_handler(NotOpen, not_open)


class LiftingForm(TidyForm):
    """The reason for which a restriction is lifted; the person gets it by mail."""

    reason = LinesField(
        _l("Reason, as the person reads it"),
        [
            required(_l("Say why the restriction is lifted")),
            Length(max=LONGEST_WORDS, message=_l("Use at most 2000 characters")),
            no_identity_number,
        ],
    )


@bp.route("/grant", methods=["GET", "POST"])
def grant(event: str, number: int) -> ResponseReturnValue:
    """Say which lists and messages a restriction ends and which stay; on a second, explicit step grant the request."""
    form = TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        asked, actor = _get_or_404(event, number), sign_ins.current_actor()
        restricting.grant(asked, actor=actor, now=clock.now())
        db.session.commit()
        return _back(event, _("The person’s data are kept and not used any more, and the person is told so."))
    return _page("grant", event, number, form, RestrictionState.OPEN)


@bp.route("/decline", methods=["GET", "POST"])
def decline(event: str, number: int) -> ResponseReturnValue:
    """Decline a request, with a reason that is mailed."""
    form = RefusalForm(sent_or_kept())
    if form.validate_on_submit():
        start_write(db.session)
        asked, actor = _get_or_404(event, number), sign_ins.current_actor()
        restricting.decline(asked, form.reason.data, actor=actor, now=clock.now())
        db.session.commit()
        return _back(event, _("The request is refused, and the person gets the reason."))
    return _page("decline", event, number, form, RestrictionState.OPEN)


@bp.route("/lift", methods=["GET", "POST"])
def lift(event: str, number: int) -> ResponseReturnValue:
    """Announce to the person that the restriction will be lifted, and why."""
    form = LiftingForm(sent_or_kept())
    if form.validate_on_submit():
        start_write(db.session)
        asked, actor = _get_or_404(event, number), sign_ins.current_actor()
        restricting.announce_lifting(asked, form.reason.data, actor=actor, now=clock.now())
        db.session.commit()
        return _back(event, _("The person is told. The restriction is lifted after that."))
    return _page("lift", event, number, form, RestrictionState.GRANTED)


def _back(event: str, said: str) -> ResponseReturnValue:
    flash(said, "success")
    return redirect(url_for("erasure_requests.index", event=event), 303)


def _get_or_404(event: str, number: int) -> RestrictionRequest:
    """Return the event's request for restriction or objection with this number, or abort with 404 (S13)."""
    return queries.find_restriction(get_any_or_404(event), number) or abort(404)


def _page(name: str, event: str, number: int, form: TidyForm, state: RestrictionState) -> ResponseReturnValue:
    asked = _get_or_404(event, number)
    if asked.state != state or (asked.ends_at and request.method == "GET"):
        raise NotOpen
    note_view(audit_queries.REGISTRATION_VIEWED, asked.registration, actor=sign_ins.current_actor())
    page = render_template(
        f"console/requests/restriction/{name}.html",
        event=asked.event,
        asked=asked,
        registration=asked.registration,
        form=form,
        wording=wording,
        days=restricting.NOTICE.days,
    )
    return page, 422 if form.errors else 200
