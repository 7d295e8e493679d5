"""The organisers' attendee list and pages of single registrations."""

from dataclasses import replace

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.accounts.audiences import ORGANISERS, REGISTRARS
from forum.accounts.errors import SignedOut
from forum.accounts.own_account import lead_to_sign_in
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events import queries as events
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.outbox.wording import kind_text
from forum.people import notes
from forum.registration import (
    actions,
    barring,
    delegation_column,
    dossier,
    exporting,
    exports,
    links,
    list_frame,
    list_pages,
    listing,
    mails,
    narrowing,
    person_page,
    places,
    queries,
    saved_views,
    seen_lists,
    tabs,
    waiting_list,
    wording,
)
from forum.registration.enums import ExportShape, Status
from forum.registration.errors import NotLive, StateChanged, TooManyForPaper
from forum.registration.forms import ResendForm
from forum.registration.models import Registration
from forum.registration.organisers_words import CancelForm
from forum.registration.saved_view_models import SavedView
from forum.web.edits import ChangedMeanwhile
from forum.web.languages import language_name
from forum.web.pagination import Cursor
from forum.web.typesetting import NotSet

bp = Blueprint("attendees", __name__, url_prefix="/console/<event>")
bp.register_error_handler(SignedOut, lead_to_sign_in)


@bp.route("/attendees")
def index(event: str) -> ResponseReturnValue:
    """Show who has registered; the list's filters, search, order and page are all in the URL."""
    return show_list(*list_of(event, tells_days=True), Cursor.of(request.args))


def show_list(event: Event, filters: listing.Filters, cursor: Cursor | None = None) -> str:
    """Return the list's page with these filters; the audit trail records that it was viewed (P18)."""
    frame = list_frame.read(event, g.user.id)
    counts, filters = frame.counts, replace(filters, delegations=frame.delegations)
    listed = listing.read_counted(event, filters, cursor, counts)
    page = listed.page
    seen_lists.note_list(event, filters, page.rows, actor=sign_ins.current_actor())
    shown = list_pages.choices(event, filters, page.rows, frame, g.user.id, g.content_version)
    opened = shown["opened"]
    return render_template(
        "console/attendees/index.html",
        filters=filters,
        tabs=tabs.list_tabs(event, filters, counts),
        page=page,
        rows=list_pages.rows(event, filters, page.rows),
        pages=list_pages.describe(event, filters, listed),
        sort_url=lambda sort: url_for("attendees.index", event=event.slug, **filters.query(sort=sort)),
        may_change_view=bool(opened and may_change_view(event, opened.view)),
        maker_may_change=bool(opened and opened.view.is_shared and saved_views.maker_may_change(opened.view)),
        here=filters.query() | (cursor.args() if cursor and page.has_previous else {}),
        **shown,
        **list_pages.tell_total(filters, listed.total),
        **list_pages.of_event(event, counts),
    )


def may_change_view(event: Event, view: SavedView) -> bool:
    """Return whether the signed-in organiser may change and delete a saved view."""
    held = sign_ins.roles_for(event)
    is_organiser, may_share = (not held.isdisjoint(wanted.roles) for wanted in (ORGANISERS, REGISTRARS))
    return saved_views.may_change(view, g.user.id, may_share=may_share, is_organiser=is_organiser)


@bp.route("/registrations/<reference>")
def show(event: str, reference: str) -> ResponseReturnValue:
    """Show a registration: details, consents, everything that happened to it, and its neighbours in the list."""
    registration, filters = person_of(event, reference)
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    zone = registration.event.zone
    return render_template(
        "console/attendees/show.html",
        event=registration.event,
        registration=registration,
        words=wording.status_words(registration, waiting_list.position(registration), zone),
        lead=dossier.lead(registration),
        details=dossier.details(registration, zone),
        consents=dossier.consents(registration, zone),
        own_questions=dossier.own_questions(registration),
        wording=wording,
        is_over=events.is_over(registration.event, clock.now()),
        **person_page.describe(registration, filters),
    )


@bp.route("/registrations/<reference>/cancel", methods=["GET", "POST"])
def cancel(event: str, reference: str) -> ResponseReturnValue:
    """Ask whether to cancel, and say what cancelling does; on POST cancel the registration."""
    form = CancelForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        return _ask_to_cancel(*person_of(event, reference), form), 422 if form.errors else 200
    start_write(db.session)
    registration, filters = person_of(event, reference)
    try:
        _cancel(registration, form)
    except NotLive:
        return has_ended(registration, filters)
    except ChangedMeanwhile as refusal:
        return _ask_to_cancel_anew(event, reference, form, refusal)
    db.session.commit()
    flash(_what_cancelling_did(registration), "success")
    return redirect(to_person(registration, filters), 303)


def _what_cancelling_did(registration: Registration) -> str:
    if registration.has_address:
        return _("The registration has been cancelled. A message is on its way to the person.")
    return _(
        "The registration has been cancelled. Nobody was written to: it has no confirmed e-mail address."
    )


@bp.route("/registrations/<reference>/resend", methods=["GET", "POST"])
def resend(event: str, reference: str) -> ResponseReturnValue:
    """Say which mail will be sent again and to whom; on POST queue the mail with a fresh link."""
    form = ResendForm()
    if not form.validate_on_submit():
        return _ask_to_resend(*person_of(event, reference))
    start_write(db.session)
    registration, filters = person_of(event, reference)
    actor, now = sign_ins.current_actor(), clock.now()
    try:
        kind = actions.resend(registration, actor=actor, now=now, kind=form.kind.data)
    except NotLive:
        return has_ended(registration, filters)
    except StateChanged:
        return _ask_again(event, reference, filters)
    db.session.commit()
    said = _(
        "The message “%(kind)s” is on its way to %(email)s.", kind=kind_text(kind), email=registration.email
    )
    flash(said, "success")
    return redirect(to_person(registration, filters), 303)


@bp.route("/attendees/export", methods=["GET", "POST"])
def export(event: str) -> ResponseReturnValue:
    """Ask why the list is exported and who gets it (P14), record the answers, and send the filtered list."""
    if answer := sign_ins.require_fresh():
        return answer
    this_event, filters = list_of(event)
    form = exports.ExportForm(kept_words.sent_or_kept(), shape=request.args.get("shape", ExportShape.XLSX))
    total, left_out = listing.count_exported(this_event, filters)
    if not form.validate_on_submit():
        page = exporting.ask_why(this_event, filters, form, total=total, left_out=left_out)
        return page, 422 if form.errors else 200
    mark = exports.mark_of(this_event, filters, form, g.user.name, total)
    plan = exports.plan_of(this_event, filters, form, g.user.id)
    try:
        return exporting.give(filters, plan, mark, form)
    except (TooManyForPaper, NotSet) as refusal:
        exporting.explain(refusal, form)
    return exporting.ask_why(this_event, filters, form, total=total, left_out=left_out), 409


def list_of(slug: str, *, of_person: bool = False, tells_days: bool = False) -> tuple[Event, listing.Filters]:
    """Return the event and the list's filters that the URL names, or abort with 404."""
    event, args = get_any_or_404(slug), request.args
    try:
        known = delegation_column.known(event, args) if of_person else args
        return event, listing.Filters.of(known, event, g.user.id, g.content_version, tells_days=tells_days)
    except narrowing.UnknownFilter:
        abort(404)


def person_of(slug: str, reference: str) -> tuple[Registration, listing.Filters]:
    """Return the registration and the list's filters that the URL of a person's page names.

    A filter by a delegation that no longer exists is dropped, so the page stays. Abort with 404 for a reference that
    belongs to another event (S13).
    """
    event, filters = list_of(slug, of_person=True)
    return queries.find_by_reference(event, reference) or abort(404), filters


def to_person(registration: Registration, filters: listing.Filters) -> str:
    """Return the URL of a registration's page with the filters of the list from which the organiser came."""
    return url_for(
        "attendees.show", event=registration.event.slug, reference=registration.reference, **filters.query()
    )


def _cancel(registration: Registration, form: CancelForm) -> None:
    """Cancel a registration, with the organiser's words in the mail and the reason as a private note.

    Raises NotLive, and ChangedMeanwhile when the page showed another state or a review forbids it (R30).
    """
    actor, now = sign_ins.current_actor(), clock.now()
    places.lock_live(registration)
    stored = CancelForm.stored(registration)
    if barring.why_not_cancelled(registration):
        raise ChangedMeanwhile(stored)
    form.refuse_if_changed(stored)
    actions.cancel(registration, words=form.words.data or "", actor=actor, now=now)
    if form.reason.data:
        notes.add_note(registration, form.reason.data, actor=actor, now=now)


def _ask_to_cancel(registration: Registration, filters: listing.Filters, form: CancelForm) -> str:
    """Show the page that says what cancelling will do, and to whom."""
    event, now = registration.event, clock.now()
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    if not form.is_submitted() and not form.seen.data:
        form.show(CancelForm.stored(registration))
    return render_template(
        "console/attendees/cancel.html",
        event=event,
        registration=registration,
        form=form,
        back_to_person=to_person(registration, filters),
        has_begun=now >= event.starts_at,
        can_be_undone=registration.status != Status.PENDING and not events.is_off(event, now),
        can_return=links.can_return(registration, now),
        language=language_name(registration.language),
        barred=barring.why_not_cancelled(registration) if registration.is_live else "",
        wording=wording,
    )


def _ask_to_cancel_anew(
    event: str, reference: str, form: CancelForm, refusal: ChangedMeanwhile
) -> ResponseReturnValue:
    """Show the cancelling page with the present state of the registration and the typed words."""
    db.session.rollback()
    form.show(refusal.stored)
    form.form_errors.append(
        _("The registration has changed since you opened this page. Read what cancelling does now.")
    )
    return _ask_to_cancel(*person_of(event, reference), form), 409


def has_ended(registration: Registration, filters: listing.Filters) -> ResponseReturnValue:
    """Undo what the request has changed; say on the registration's page why the registration was left unchanged."""
    person_url = to_person(registration, filters)
    db.session.rollback()
    flash(wording.unchanged_text(registration), "warning")
    return redirect(person_url, 303)


def _ask_again(event: str, reference: str, filters: listing.Filters) -> ResponseReturnValue:
    db.session.rollback()
    flash(
        _("Nothing was sent: the registration has changed, and the message does not fit it any more."),
        "warning",
    )
    return redirect(url_for(".resend", event=event, reference=reference, **filters.query()), 303)


def _ask_to_resend(registration: Registration, filters: listing.Filters) -> ResponseReturnValue:
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    is_off = events.is_off(registration.event, now := clock.now())
    kind = mails.kind_for_state(registration, now) if registration.has_address and not is_off else None
    return render_template(
        "console/attendees/resend.html",
        event=registration.event,
        registration=registration,
        kind=kind_text(kind) if kind else None,
        language=language_name(registration.language),
        form=ResendForm(formdata=None, kind=kind),
        back_to_person=to_person(registration, filters),
        is_off=is_off,
        wording=wording,
    )
