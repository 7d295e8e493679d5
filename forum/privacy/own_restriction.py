"""The page on which a person requests restriction, objects, or withdraws such a request (P12)."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from forum import clock
from forum.database import start_write
from forum.extensions import db
from forum.privacy import queries, restricting
from forum.privacy.own_requests import TAKE_BACK, ended
from forum.registration.enums import RestrictionKind, RestrictionState
from forum.registration.errors import LinkRefused
from forum.registration.own_forms import mine
from forum.registration.restriction_models import LONGEST_WORDS
from forum.web.forms import LinesField, TidyForm, required
from forum.web.identity_numbers import no_identity_number
from forum.web.routes import localised

bp = Blueprint("own_restriction", __name__)
bp.register_error_handler(LinkRefused, ended)
KINDS = {
    RestrictionKind.RESTRICTION: _l("Restriction: keep my data, but do not use them"),
    RestrictionKind.OBJECTION: _l("Objection: I am against the use of my data, for reasons of my own"),
}


class RestrictionForm(TidyForm):
    """The kind of the person's request, and the reason."""

    kind = RadioField(
        _l("What do you ask for?"),
        [required(_l("Choose what you ask for"))],
        choices=[SelectChoice(kind.value, text) for kind, text in KINDS.items()],
    )
    words = LinesField(
        _l("Why, in your own words"),
        [
            required(_l("Say why you ask")),
            Length(max=LONGEST_WORDS, message=_l("Use at most 2000 characters")),
            no_identity_number,
        ],
    )


@localised(bp, "/r/restriction", methods=["GET", "POST"])
def show() -> ResponseReturnValue:
    """Explain restriction and objection; on POST store the person's request for one of them, or withdraw it."""
    registration, form = mine(), RestrictionForm()
    if request.method == "POST" and request.form.get("act") == TAKE_BACK:
        return _take_back()
    if form.validate_on_submit():
        start_write(db.session)
        restricting.ask(mine(), RestrictionKind(form.kind.data), form.words.data, now=clock.now())
        db.session.commit()
        flash(_("We have your request."), "success")
        return redirect(url_for(".show"), 303)
    last = queries.find_last_restriction(registration)
    page = render_template(
        "public/self_service/restriction.html",
        registration=registration,
        form=form,
        last=last,
        states=RestrictionState,
    )
    return page, 422 if form.errors else 200


def _take_back() -> ResponseReturnValue:
    form = TidyForm()
    if form.validate_on_submit():
        start_write(db.session)
        restricting.take_back(mine(), now=clock.now())
        db.session.commit()
        flash(_("You have taken your request back."), "success")
    return redirect(url_for(".show"), 303)
