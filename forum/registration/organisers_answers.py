"""The pages on which an organiser changes a person's answers to the event's own questions.

Ordinary answers, files among them, are shown and changed. Those about food and access can be replaced or deleted but
are not shown: only the role care reads them, in a list whose views are recorded (S14).
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.enums import Role
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.questions import layout
from forum.questions.enums import QuestionKind
from forum.questions.fields import AsksQuestions, shown_answers
from forum.registration import actions, given, listing, mails, organisers_files, places, restrictions
from forum.registration.applicant import CHANGEABLE, Details
from forum.registration.console import has_ended, person_of, to_person
from forum.registration.errors import NotLive, SeveralForms
from forum.registration.forms import CareForm
from forum.registration.models import Registration
from forum.registration.organisers_words import flash_saved, words_field
from forum.web.edits import ChangedMeanwhile, ShowsStored, ShowsStoredUnseen, differences
from forum.web.languages import language_name

bp = Blueprint("attendee_answers", __name__, url_prefix="/console/<event>/registrations/<reference>")
OWN_QUESTIONS = _l("Answers to the forum’s own questions")
DELETE = "delete"  # the name of the button that deletes everything about food and access


class AnswersForm(ShowsStored, AsksQuestions):
    """A person's answers except those about food and access, and words to the person if a mail is to be sent."""

    words = words_field()

    @staticmethod
    def stored(asking: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values that the questions' fields show."""
        return shown_answers(asking["questions"], asking["stored"])


class OrganisersCareForm(ShowsStoredUnseen, CareForm):
    """Answers about food and access that an organiser enters in place of stored ones, which the page does not show."""

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return a value that changes with the answers about food and access, and reveals none of them."""
        return {"sealed": given.digest_care(registration)}


@bp.route("/answers", methods=["GET", "POST"])
def change(event: str, reference: str) -> ResponseReturnValue:
    """Change the answers; required ones may stay empty here, because the organiser may not know them."""
    registration, filters = person_of(event, reference)
    asking = _asking(registration)
    form, stored = AnswersForm(kept_words.sent_or_kept(), **asking), AnswersForm.stored(asking)
    if not form.is_submitted() and not form.seen.data:
        form.show(stored)
    organisers_files.take(form, asking["stored"], is_outdated=form.is_outdated(stored))
    try:
        if not form.validate_on_submit():
            return _page(registration, filters, form)
        if not (changed := _save(event, reference, form)) and form.words.data:
            form.words.errors = [_("No message was sent, because nothing was changed")]
            return _page(registration, filters, form)
    except NotLive:
        return has_ended(registration, filters)
    except ChangedMeanwhile as refusal:
        db.session.rollback()
        return _page(*person_of(event, reference), form, refusal)
    flash_saved(registration, _("The answers have been changed."), changed, form.words.data)
    return redirect(to_person(registration, filters), 303)


@bp.route("/care", methods=["GET", "POST"])
def care(event: str, reference: str) -> ResponseReturnValue:
    """Replace or delete the answers about food and access; the page is the same whatever is stored."""
    registration, filters = person_of(event, reference)
    form = OrganisersCareForm(kept_words.sent_or_kept(), **_not_required(given.asking_care(registration)))
    if not form.is_submitted() and not form.seen.data:
        form.show(OrganisersCareForm.stored(registration))
    is_deleted = DELETE in request.form
    try:
        if not form.validate_on_submit() and not (form.is_submitted() and is_deleted):
            return _care_page(registration, filters, form)
        _replace(event, reference, form, {} if is_deleted else form.given())
    except NotLive:
        return has_ended(registration, filters)
    except ChangedMeanwhile as refusal:
        db.session.rollback()
        return _care_page(*person_of(event, reference), form, refusal)
    flash(
        _("Deleted.") if is_deleted else _("The answers about food and access have been replaced."), "success"
    )
    return redirect(to_person(registration, filters), 303)


def leave_to_person(_refused: SeveralForms) -> ResponseReturnValue:
    """Say that the person decides which of several forms counts, and redirect to the person's page."""
    db.session.rollback()
    named = request.view_args or {}
    registration, filters = person_of(named["event"], named["reference"])
    flash(
        _(
            "Several forms have been sent for this address, and the link that the person opens decides which one"
            " counts. The answers can be changed once the address is confirmed."
        ),
        "warning",
    )
    return redirect(to_person(registration, filters), 303)


bp.register_error_handler(SeveralForms, leave_to_person)


def _asking(registration: Registration) -> dict[str, Any]:
    """Return the arguments of the form with all ordinary questions. Raises SeveralForms.

    Files of somebody whose data may not be used are neither shown nor deleted: they may be evidence (P12).
    """
    asking = _not_required(given.asking(registration))
    if restrictions.is_restricted(registration):
        asking["questions"] = [one for one in asking["questions"] if one.kind != QuestionKind.FILE]
    return asking


def _not_required(asking: dict[str, Any]) -> dict[str, Any]:
    """Make all questions optional, in copies that are detached from the session."""
    for question in asking["questions"]:
        question.is_required = False
    return asking


def _save(slug: str, reference: str, form: AnswersForm) -> list[str]:
    """Store the answers, and write to the person if words are given; return the keys of changed answers.

    Raises NotLive, ChangedMeanwhile.
    """
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock_live(registration)
    form.refuse_if_changed(AnswersForm.stored(_asking(registration)))
    actor, now = sign_ins.current_actor(), clock.now()
    details = Details(**{name: getattr(registration, name) for name in CHANGEABLE})
    answered = given.Answered(form.questions, form.given())
    changed = actions.change(registration, details, answered=answered, actor=actor, now=now)
    if changed and form.words.data:
        mails.queue_changed(registration, [OWN_QUESTIONS], words=form.words.data, now=now)
    db.session.commit()
    return changed


def _replace(slug: str, reference: str, form: OrganisersCareForm, told: Mapping[str, Any]) -> None:
    """Store these answers, encrypted, in place of all earlier ones; the audit trail does not say whether there are any.

    Raises NotLive, ChangedMeanwhile.
    """
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock_live(registration)
    form.refuse_if_changed(OrganisersCareForm.stored(registration))
    actor, now = sign_ins.current_actor(), clock.now()
    given.change_care(registration, told, now=now)
    audit.record("registration.care_changed", registration, actor=actor, at=now)
    db.session.commit()


def _page(
    registration: Registration,
    filters: listing.Filters,
    form: AnswersForm,
    refusal: ChangedMeanwhile | None = None,
) -> ResponseReturnValue:
    """Show the form; after a refusal with the typed values. Raises NotLive."""
    compared = list(differences(form, refusal.stored)) if refusal else []
    if refusal:
        form.show(refusal.stored)
    shown = {"meanwhile": refusal, "compared": compared, "language": language_name(registration.language)}
    return _render("answers.html", registration, filters, form, **shown)


def _care_page(
    registration: Registration,
    filters: listing.Filters,
    form: OrganisersCareForm,
    refusal: ChangedMeanwhile | None = None,
) -> ResponseReturnValue:
    """Show the form; after a refusal with the typed values. Raises NotLive."""
    if refusal:
        form.show(refusal.stored)
    may_read = sign_ins.holds(Role.CARE, registration.event)
    read_url = url_for("counts.people", event=registration.event.slug) if may_read else None
    return _render("care.html", registration, filters, form, meanwhile=refusal, read_url=read_url)


def _render(
    name: str, registration: Registration, filters: listing.Filters, form: AsksQuestions, **shown: Any
) -> ResponseReturnValue:
    if not registration.is_live:
        raise NotLive
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    page = render_template(
        f"console/attendees/{name}",
        event=registration.event,
        registration=registration,
        form=form,
        asked=layout,
        by_organiser=True,
        back_to_person=to_person(registration, filters),
        **shown,
    )
    return page, 409 if shown["meanwhile"] else 422 if form.errors else 200
