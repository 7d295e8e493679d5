"""The pages on which an organiser merges two registrations of one person, and undoes that within a day."""

from typing import Any

from babel import Locale
from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectMultipleField

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.extensions import db
from forum.questions import queries as questions
from forum.questions.wording import answer_text
from forum.registration import (
    barring,
    dossier,
    duplicates,
    filtering,
    listing,
    places,
    queries,
    seen_lists,
    separating,
    uniting,
    wording,
)
from forum.registration.console import person_of, to_person
from forum.registration.errors import CannotBeMerged, CannotBeUndone, OrganisationFull
from forum.registration.models import Registration
from forum.registration.uniting import EMAIL, Pair
from forum.web.edits import ChangedMeanwhile, ShowsStored
from forum.web.forms import TidyForm
from forum.web.languages import NAMES, in_language, language, moment_text

bp = Blueprint("attendee_merges", __name__, url_prefix="/console/<event>/registrations/<reference>")


class MergeForm(ShowsStored, TidyForm):
    """The choice of values that the kept registration takes over from the one that ends."""

    taken = SelectMultipleField(validate_choice=False)

    @staticmethod
    def stored(pair: Pair) -> dict[str, Any]:
        """Return the values of both registrations that the page shows."""
        return {one.reference: [one.status, uniting.values_of(one)] for one in (pair.stays, pair.ends)}


@bp.get("/merge")
def choose(event: str, reference: str) -> str:
    """Show registrations that look alike, and search for others of the same person."""
    registration, filters = person_of(event, reference)
    typed = request.args.get("other", "")[: filtering.LONGEST_SEARCH].replace("\x00", " ").strip()
    actor = sign_ins.current_actor()
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=actor)
    note_view(audit_queries.REGISTRATIONS_SEARCHED, registration.event, actor=actor)
    alike = duplicates.find_alike(registration)
    hits = duplicates.search(registration, typed) if typed else []
    if alike or hits:
        seen_lists.note_people(registration.event, actor=actor)
    return render_template(
        "console/attendees/merge_choose.html",
        event=registration.event,
        registration=registration,
        typed=typed,
        alike=alike,
        hits=hits,
        wording=wording,
        back_to_person=to_person(registration, filters),
    )


@bp.route("/merge/<other>", methods=["GET", "POST"])
def merge(event: str, reference: str, other: str) -> ResponseReturnValue:
    """Show both registrations side by side, and merge them with the values that are chosen."""
    pair, form = _pair(event, reference, other), MergeForm(kept_words.sent_or_kept())
    if not form.is_submitted() and not form.seen.data:
        form.show(MergeForm.stored(pair))
        form.taken.data = form.taken.data or _missing(pair)
    if not form.validate_on_submit():
        return _page(pair, form), 422 if form.errors else 200
    try:
        kept = _save(event, reference, other, form)
    except (ChangedMeanwhile, OrganisationFull) as refusal:
        db.session.rollback()
        return _page(_pair(event, reference, other), form, refusal), 409
    flash(_("The registrations have been merged. This can be undone for a day."), "success")
    return redirect(to_person(kept, listing.Filters()), 303)


@bp.route("/unmerge", methods=["GET", "POST"])
def undo(event: str, reference: str) -> ResponseReturnValue:
    """Say what undoing the last merge into this registration brings back; on POST undo it."""
    form = TidyForm()
    if not form.validate_on_submit():
        return _ask_to_undo(*person_of(event, reference), form)
    start_write(db.session)
    registration, filters = person_of(event, reference)
    try:
        ended = separating.separate_last(registration, actor=sign_ins.current_actor(), now=clock.now())
    except CannotBeUndone:
        db.session.rollback()
        flash(_("The merge can no longer be undone. Nothing was changed."), "warning")
        return redirect(to_person(registration, filters), 303)
    db.session.commit()
    flash(_("The merge has been undone. There are two registrations again."), "success")
    return redirect(to_person(ended, filters), 303)


@bp.errorhandler(CannotBeMerged)
def cannot_be_merged(_refusal: CannotBeMerged) -> ResponseReturnValue:
    """Redirect to the page on which the other registration is chosen."""
    db.session.rollback()
    flash(
        _(
            "These two cannot be merged: one has ended or is not confirmed, its person asks for restriction,"
            " or the event is over or cancelled."
        ),
        "warning",
    )
    told = request.view_args or {}
    return redirect(url_for(".choose", event=told["event"], reference=told["reference"]), 303)


def _pair(slug: str, reference: str, other: str) -> Pair:
    """Return the event's two registrations that the URL names (S13). Raises CannotBeMerged."""
    registration, _filters = person_of(slug, reference)
    second = queries.find_by_reference(registration.event, other) or abort(404)
    return uniting.pair_of(registration, second, clock.now())


def _save(slug: str, reference: str, other: str, form: MergeForm) -> Registration:
    """Merge two registrations; return the kept one.

    Raises CannotBeMerged and OrganisationFull, and ChangedMeanwhile when one of the two has changed since the page was
    shown, or when merging would end a review about which others have to decide (R30).
    """
    start_write(db.session)
    pair = _pair(slug, reference, other)
    places.lock(pair.stays.event)
    for one in (pair.stays, pair.ends):
        db.session.refresh(one)
    stored = MergeForm.stored(pair)
    if _barred(pair):
        raise ChangedMeanwhile(stored)
    form.refuse_if_changed(stored)
    taken, actor = form.taken.data or [], sign_ins.current_actor()
    uniting.unite(pair.stays, pair.ends, taken, actor=actor, now=clock.now())
    db.session.commit()
    return pair.stays


def _barred(pair: Pair) -> list[tuple[Registration, str]]:
    """Return each of the two registrations whose review this organiser alone must not end, with the reason.

    A merge would leave the ending registration's review without a decision, and could give the kept registration values
    that nobody has approved.
    """
    reasons = [(one, barring.why_not_cancelled(one)) for one in (pair.stays, pair.ends)]
    return [(one, why) for one, why in reasons if why]


def _missing(pair: Pair) -> list[str]:
    """Return the names of the values that only the registration that ends has."""
    mine = uniting.values_of(pair.stays)
    return [name for name in uniting.list_differing(pair) if not mine.get(name)]


def _page(pair: Pair, form: MergeForm, refusal: Exception | None = None) -> str:
    """Show both registrations; after a refusal with the chosen values."""
    if isinstance(refusal, ChangedMeanwhile):
        form.show(refusal.stored)
    elif refusal:
        form.form_errors.append(_("This organisation has as many places as it can have"))
    both = (pair.stays, pair.ends)
    for one in both:
        note_view(audit_queries.REGISTRATION_VIEWED, one, actor=sign_ins.current_actor())
    return render_template(
        "console/attendees/merge.html",
        event=pair.stays.event,
        pair=pair,
        form=form,
        facts=_facts(pair),
        has_files=bool(uniting.files_among(pair.stays, uniting.list_differing(pair))),
        rows=_rows(pair),
        barred=_barred(pair),
        is_changed=isinstance(refusal, ChangedMeanwhile),
        wording=wording,
        back_url=url_for(".choose", event=pair.stays.event.slug, reference=pair.stays.reference),
    )


def _ask_to_undo(registration: Registration, filters: listing.Filters, form: TidyForm) -> str:
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    known = separating.find_last(registration)
    return render_template(
        "console/attendees/unmerge.html",
        event=registration.event,
        registration=registration,
        ended=known.ended if known else None,
        form=form,
        may_undo=known is not None and separating.may_undo(known, clock.now()),
        back_to_person=to_person(registration, filters),
    )


def _facts(pair: Pair) -> list[tuple[str, str, str]]:
    """Return the values of both registrations that are shown and cannot be chosen."""
    zone = pair.stays.event.zone
    both = [
        {
            _("Status"): wording.state_name(one),
            _("Sector"): in_language(one.sector.name),
            _("Registered"): moment_text(one.requested_at, zone),
            **{fact.label: fact.value for fact in dossier.consents(one, zone)},
        }
        for one in (pair.stays, pair.ends)
    ]
    return [(label, both[0][label], both[1][label]) for label in both[0]]


def _rows(pair: Pair) -> list[tuple[str, str, str, str, bool]]:
    """Return each value's name, label and words in both registrations, and whether the ending one's can be chosen."""
    mine, theirs = uniting.values_of(pair.stays), uniting.values_of(pair.ends)
    asked = {f"{uniting.ASKED}{one.key}": one for one in questions.list_all(pair.stays.event_id)}
    differing = uniting.list_differing(pair)

    def label(name: str) -> str:
        if name in asked:
            return in_language(asked[name].label)
        return _("E-mail address") if name == EMAIL else str(wording.FIELDS[name])

    def words(name: str, value: Any) -> str:
        if name in asked:
            return answer_text(asked[name], value)
        if name == "country":
            return Locale.parse(language()).territories.get(value, value)
        return NAMES.get(value, value) if name == "language" else value or ""

    return [
        (name, label(name), words(name, mine.get(name)), words(name, theirs.get(name)), name in differing)
        for name in {**mine, **theirs}
    ]
