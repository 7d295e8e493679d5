"""The page on which a person requests erasure, or withdraws that request (P12)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.privacy import actions, queries
from forum.privacy.enums import RequestState
from forum.registration.asking import asking_addresses
from forum.registration.errors import LinkRefused
from forum.registration.own_forms import mine
from forum.registration.own_sign_in import ENDS
from forum.web.forms import TidyForm
from forum.web.routes import localised

bp = Blueprint("own_requests", __name__)
TAKE_BACK = "take-back"


@localised(bp, "/r/erasure", methods=["GET", "POST"])
def erasure() -> ResponseReturnValue:
    """Explain erasure and which data it leaves; on POST store the person's request for erasure, or withdraw it."""
    registration, form = mine(), TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        registration, is_taken_back = mine(), request.form.get("act") == TAKE_BACK
        (actions.take_back if is_taken_back else actions.ask)(registration, now=clock.now())
        db.session.commit()
        flash(
            _("You have taken your request back.") if is_taken_back else _("We have your request."), "success"
        )
        return redirect(url_for(".erasure"), 303)
    last = queries.find_last(registration)
    return render_template(
        "public/self_service/erasure.html",
        registration=registration,
        form=form,
        last=last,
        is_open=last is not None and last.state == RequestState.OPEN,
        is_refused=last is not None and last.state == RequestState.REFUSED,
    )


@bp.errorhandler(LinkRefused)
def ended(_refusal: LinkRefused) -> ResponseReturnValue:
    """Say that the person is no longer signed in in this browser, and how to sign in again."""
    db.session.rollback()
    asking = asking_addresses(clock.now())
    return render_template("public/self_service/ended.html", asking=asking, **ENDS), 404
