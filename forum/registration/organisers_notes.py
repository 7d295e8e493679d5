"""The pages on which organisers keep private notes and tags about a person."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length, ValidationError

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.people import notes
from forum.people.models import LONGEST_NOTE
from forum.registration import dossier, listing, places
from forum.registration.console import person_of, to_person
from forum.registration.models import Registration
from forum.web.edits import ChangedMeanwhile, ShowsStored, differences
from forum.web.forms import LinesField, SentOnce, TidyForm, required
from forum.web.identity_numbers import no_identity_number

bp = Blueprint("attendee_notes", __name__, url_prefix="/console/<event>/registrations/<reference>")


class NoteForm(SentOnce, TidyForm):
    """A private note about a person."""

    text = LinesField(
        _l("Private note"),
        [
            required(_l("Write a note")),
            Length(max=LONGEST_NOTE, message=_l("Use at most 2,000 characters")),
            no_identity_number,
        ],
    )


class TagsForm(ShowsStored, TidyForm):
    """All tags of a person in one field."""

    tags = StringField(_l("Tags"), [no_identity_number])

    @staticmethod
    def stored(registration: Registration) -> dict[str, Any]:
        """Return the values that the form's fields show."""
        return {"tags": ", ".join(notes.list_tags(registration))}

    def validate_tags(self, field: StringField) -> None:
        """Refuse tags that are too many or too long."""
        if notes.is_too_long(notes.read_tags(field.data or "")):
            raise ValidationError(_("Use at most 20 tags of at most 40 characters"))


@bp.route("/notes", methods=["GET", "POST"])
def index(event: str, reference: str) -> ResponseReturnValue:
    """Show the private notes about a person, and add one."""
    registration, filters = person_of(event, reference)
    form = NoteForm(kept_words.sent_or_kept())
    if form.validate_on_submit():
        start_write(db.session)
        registration, filters = person_of(event, reference)
        places.lock(registration.event)
        actor, text = sign_ins.current_actor(), form.text.data or ""
        notes.add_note(registration, text, actor=actor, now=clock.now(), form_key=form.own_key())
        db.session.commit()
        flash(_("The note has been added."), "success")
        return redirect(to_person(registration, filters), 303)
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    written = dossier.written_notes(notes.list_notes(registration), registration.event.zone)
    page = _page("notes.html", registration, filters, form=form, written=written)
    return page, 422 if form.errors else 200


@bp.route("/notes/<int:note>/remove", methods=["GET", "POST"])
def remove(event: str, reference: str, note: int) -> ResponseReturnValue:
    """Ask whether to remove a note; on POST remove it."""
    registration, filters = person_of(event, reference)
    known, form = notes.find_note(registration, note) or abort(404), TidyForm()
    if not form.validate_on_submit():
        note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
        (_number, told), *_rest = dossier.written_notes([known], registration.event.zone)
        return _page("remove_note.html", registration, filters, form=form, told=told)
    start_write(db.session)
    registration, filters = person_of(event, reference)
    known = notes.find_note(registration, note) or abort(404)
    notes.remove_note(registration, known, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The note has been removed."), "success")
    return redirect(to_person(registration, filters), 303)


@bp.route("/tags", methods=["GET", "POST"])
def tags(event: str, reference: str) -> ResponseReturnValue:
    """Show and change the tags of a person."""
    registration, filters = person_of(event, reference)
    stored = TagsForm.stored(registration)
    form = TagsForm(kept_words.sent_or_kept(), data=stored)
    if not form.is_submitted() and not form.seen.data:
        form.show(stored)
    try:
        if form.validate_on_submit():
            _save_tags(event, reference, form)
            return redirect(to_person(registration, filters), 303)
    except ChangedMeanwhile as refusal:
        db.session.rollback()
        return _ask_for_tags(*person_of(event, reference), form, refusal), 409
    return _ask_for_tags(registration, filters, form), 422 if form.errors else 200


def _save_tags(slug: str, reference: str, form: TagsForm) -> None:
    """Store the tags, and show a message on the next page. Raises ChangedMeanwhile."""
    start_write(db.session)
    registration, _filters = person_of(slug, reference)
    places.lock(registration.event)
    form.refuse_if_changed(TagsForm.stored(registration))
    names = notes.read_tags(form.tags.data or "")
    is_changed = notes.set_tags(registration, names, actor=sign_ins.current_actor(), now=clock.now())
    db.session.commit()
    flash(_("The tags have been changed.") if is_changed else _("The tags are as they were."), "success")


def _ask_for_tags(
    registration: Registration,
    filters: listing.Filters,
    form: TagsForm,
    refusal: ChangedMeanwhile | None = None,
) -> str:
    compared = []
    if refusal:
        compared = list(differences(form, refusal.stored))
        form.show(refusal.stored)
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    known = [
        {"label": f"#{name}", "url": url_for("attendees.index", event=registration.event.slug, q=f"#{name}")}
        for name in notes.list_tags_of_event(registration.event_id)
    ]
    return _page(
        "tags.html", registration, filters, form=form, known=known, meanwhile=refusal, compared=compared
    )


def _page(name: str, registration: Registration, filters: listing.Filters, **shown: Any) -> str:
    return render_template(
        f"console/attendees/{name}",
        event=registration.event,
        registration=registration,
        back_to_person=to_person(registration, filters),
        **shown,
    )
