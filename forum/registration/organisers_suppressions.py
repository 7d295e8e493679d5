"""The page on which an organiser takes the mark off an address that mail to many leaves out."""

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.registration import listing, suppression_words, suppressions
from forum.registration.console import person_of, to_person
from forum.registration.enums import LiftReason
from forum.registration.errors import NotSuppressed
from forum.registration.models import Registration
from forum.web.forms import TidyForm

bp = Blueprint("attendee_suppressions", __name__, url_prefix="/console/<event>/registrations/<reference>")


class LiftForm(TidyForm):
    """Asks why messages may go to the address again, from a fixed list."""

    reason = RadioField(
        _l("Why may messages go there again?"),
        choices=[SelectChoice(reason.value, text) for reason, text in suppression_words.REASONS.items()],
        validators=[InputRequired(_l("Choose a reason"))],
    )


@bp.route("/suppression", methods=["GET", "POST"])
def lift(event: str, reference: str) -> ResponseReturnValue:
    """Say why mail to many leaves the address out; on POST take the mark off."""
    registration, filters = person_of(event, reference)
    form = LiftForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _page(registration, filters, form)
    try:
        start_write(db.session)
        registration, filters = person_of(event, reference)
        reason, actor = LiftReason(form.reason.data), sign_ins.current_actor()
        suppressions.lift(registration, reason, actor=actor, now=clock.now())
        db.session.commit()
    except NotSuppressed:
        db.session.rollback()
        flash(_("Messages go to the address already. Nothing was changed."), "warning")
    else:
        flash(_("The mark is taken off %(email)s.", email=registration.email), "success")
    return redirect(to_person(registration, filters), 303)


def _page(registration: Registration, filters: listing.Filters, form: LiftForm) -> ResponseReturnValue:
    """Show the form, or that the address has no mark."""
    mark = suppressions.find(registration)
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    page = render_template(
        "console/attendees/suppression.html",
        event=registration.event,
        registration=registration,
        told=suppression_words.told(mark, registration.event.zone) if mark else "",
        form=form,
        back_to_person=to_person(registration, filters),
    )
    return page, 422 if form.errors else 200
