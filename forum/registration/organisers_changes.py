"""The page on which an organiser changes a registration's details, also when the person no longer can."""

from typing import Any

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.registration import actions, answers, listing, mails, places
from forum.registration.applicant import CHANGEABLE
from forum.registration.console import has_ended, person_of, to_person
from forum.registration.errors import NotLive, OrganisationFull, SeveralForms
from forum.registration.models import Registration
from forum.registration.organisers_answers import leave_to_person
from forum.registration.organisers_forms import PersonForm
from forum.registration.organisers_words import flash_saved, words_field
from forum.registration.wording import FIELDS
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.languages import language_name

bp = Blueprint("attendee_changes", __name__, url_prefix="/console/<event>")
bp.register_error_handler(SeveralForms, leave_to_person)


class ChangeForm(ShowsStored, PersonForm):
    """A registration's details, which an organiser changes, and words to the person if a mail is to be sent."""

    words = words_field()

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the values that the form's fields show."""
        return {name: getattr(registration, name) or "" for name in CHANGEABLE}


@bp.route("/registrations/<reference>/change", methods=["GET", "POST"])
def change(event: str, reference: str) -> ResponseReturnValue:
    """Change a registration's details; the e-mail address and the sector stay."""
    registration, filters = person_of(event, reference)
    form = ChangeForm(kept_words.sent_or_kept(), data=ChangeForm.stored(registration))
    if not form.is_submitted() and not form.seen.data:
        form.show(ChangeForm.stored(registration))
    try:
        if not form.validate_on_submit():
            return _page(registration, filters, form)
        if not (changed := _save(event, reference, form)) and form.words.data:
            form.words.errors = [_("No message was sent, because nothing was changed")]
            return _page(registration, filters, form)
        flash_saved(registration, _("The details have been changed."), changed, form.words.data)
    except NotLive:
        return has_ended(registration, filters)
    except (ChangedMeanwhile, OrganisationFull) as refusal:
        db.session.rollback()
        return _page(registration, filters, form, refusal)
    return redirect(to_person(registration, filters), 303)


def _save(slug: str, reference: str, form: ChangeForm) -> list[str]:
    """Store the details, and write to the person if words are given; return the names of the changed fields.

    Raises NotLive, ChangedMeanwhile, OrganisationFull, SeveralForms.
    """
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock_live(registration)
    form.refuse_if_changed(ChangeForm.stored(registration))
    actor, now = sign_ins.current_actor(), clock.now()
    changed = actions.change(registration, form.details(), actor=actor, now=now)
    if changed and form.words.data:
        mails.queue_changed(registration, [FIELDS[name] for name in changed], words=form.words.data, now=now)
    db.session.commit()
    return changed


def _page(
    registration: Registration,
    filters: listing.Filters,
    form: ChangeForm,
    refusal: ChangedMeanwhile | OrganisationFull | None = None,
) -> ResponseReturnValue:
    """Show the form; after a refusal with the typed values. Raises NotLive, SeveralForms."""
    if not registration.is_live:
        raise NotLive
    answers.find_carried(registration)
    meanwhile, compared = None, []
    if isinstance(refusal, ChangedMeanwhile):
        meanwhile, compared = refusal, list(differences(form, refusal.stored))
        form.show(refusal.stored)
    elif refusal:
        form.organisation.errors = [_("This organisation has as many places as it can have")]
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    page = render_template(
        "console/attendees/change.html",
        event=registration.event,
        registration=registration,
        form=form,
        language=language_name(registration.language),
        meanwhile=meanwhile,
        compared=compared,
        back_to_person=to_person(registration, filters),
    )
    return page, 409 if meanwhile else 422 if form.errors else 200
