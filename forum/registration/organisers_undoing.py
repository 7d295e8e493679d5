"""The page on which an organiser undoes a cancellation, within a day and while the rules of places allow it."""

from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.registration import listing, reinstating
from forum.registration.console import person_of, to_person
from forum.registration.enums import Status
from forum.registration.errors import CannotBeUndone
from forum.registration.models import Registration
from forum.registration.organisers_words import words_field
from forum.web.forms import TidyForm
from forum.web.languages import language_name

bp = Blueprint("attendee_undoing", __name__, url_prefix="/console/<event>/registrations/<reference>")


class ReinstateForm(TidyForm):
    """The organiser's own words for the mail to the person whose registration is reinstated."""

    words = words_field()


@bp.route("/reinstate", methods=["GET", "POST"])
def reinstate(event: str, reference: str) -> ResponseReturnValue:
    """Say what undoing the cancellation restores; on POST undo it."""
    form = ReinstateForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _page(*person_of(event, reference), form), 422 if form.errors else 200
    start_write(db.session)
    registration, filters = person_of(event, reference)
    actor, now = sign_ins.current_actor(), clock.now()
    try:
        status = reinstating.reinstate(registration, words=form.words.data or "", actor=actor, now=now)
    except CannotBeUndone:
        db.session.rollback()
        _say_why_not(registration)
        return redirect(to_person(registration, filters), 303)
    db.session.commit()
    flash(_done(registration, status), "success")
    return redirect(to_person(registration, filters), 303)


def _say_why_not(registration: Registration) -> None:
    """Say that nothing was undone; if the button was pressed twice, say that the first press has undone it."""
    if registration.is_live:
        flash(_("The cancellation had been undone already."), "info")
    else:
        flash(_("The cancellation can no longer be undone. Nothing was changed."), "warning")


def _done(registration: Registration, status: Status) -> str:
    """Return a message: what was done, and who got a mail."""
    came_back = {
        Status.CONFIRMED: _("The cancellation has been undone, and the person has a place again."),
        Status.WAITING: _("The cancellation has been undone, and the person is on the waiting list again."),
        Status.OFFERED: _("The cancellation has been undone, and a place is offered to the person."),
        Status.IN_REVIEW: _("The cancellation has been undone, and the registration is in review again."),
    }[status]
    if registration.has_address:
        told = _("A message is on its way to the person.")
    else:
        told = _("Nobody was written to: it has no e-mail address.")
    return f"{came_back} {told}"


def _page(registration: Registration, filters: listing.Filters, form: ReinstateForm) -> str:
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    return render_template(
        "console/attendees/reinstate.html",
        event=registration.event,
        registration=registration,
        form=form,
        comes_back=reinstating.foresee(registration, clock.now()),
        is_capped=reinstating.is_capped(registration),
        language=language_name(registration.language),
        back_to_person=to_person(registration, filters),
    )
