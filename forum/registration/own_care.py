"""The page on which a person replaces or deletes their answers about food and access (S23, P05)."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.database import start_write
from forum.events.freezing import refuse_if_frozen
from forum.extensions import db
from forum.questions import layout
from forum.registration import given, places
from forum.registration.own_forms import OwnCareForm, mine, mine_live
from forum.registration.self_service import bp
from forum.web.edits import ChangedMeanwhile
from forum.web.routes import localised

DELETE = "delete"  # the name of the button that deletes all answers about diet and access


@localised(bp, "/r/care", methods=["GET", "POST"])
def care() -> ResponseReturnValue:
    """Replace or delete the answers about diet and access; the page is the same whatever is stored.

    Deleting them is possible at any time, because they are held by consent; other changes end at the freeze date.
    """
    registration = mine_live()
    form, is_stale = OwnCareForm(**given.asking_care(registration)), False
    if DELETE in request.form:
        return _replace({}, _("Deleted."))
    if not form.is_submitted():
        form.show(OwnCareForm.stored(registration))
    try:
        if form.validate_on_submit():
            return _replace(form.given(), _("Saved."), form)
    except ChangedMeanwhile as refusal:
        db.session.rollback()
        is_stale = True
        form.show(refusal.stored)
    page = "public/self_service/care.html"
    page = render_template(page, registration=registration, form=form, asked=layout, is_stale=is_stale)
    return page, 409 if is_stale else 422 if form.errors else 200


def _replace(told: Mapping[str, Any], message: str, form: OwnCareForm | None = None) -> ResponseReturnValue:
    """Store these answers, encrypted, in place of all earlier ones; the audit trail does not say if there are any.

    Raises ChangedMeanwhile if the stored answers have changed since the page of `form` was shown, and AnswersFrozen;
    without a form any answers are deleted.
    """
    start_write(db.session)
    registration = mine()
    places.lock_live(registration)
    now = clock.now()
    if form is not None:
        refuse_if_frozen(registration.event, now)
        form.refuse_if_changed(OwnCareForm.stored(registration))
    given.say_care(registration, told, is_own=True, now=now)
    db.session.commit()
    flash(message, "success")
    return redirect(url_for(".show"), 303)
