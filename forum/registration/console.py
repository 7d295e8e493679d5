"""The organisers' attendee list, waiting list and pages of single registrations."""

from collections.abc import Iterator
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import actions as audit
from forum.audit import queries as audit_queries
from forum.audit.traces import note_view
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event, Sector
from forum.extensions import db
from forum.outbox.wording import kind_text
from forum.registration import actions, dossier, exports, listing, mails, queries, waiting_list, wording
from forum.registration.enums import ExportPurpose, ExportRecipient, ExportShape
from forum.registration.errors import NotLive, StateChanged
from forum.registration.forms import ResendForm
from forum.registration.models import Registration
from forum.registration.rings import balance_of
from forum.web.forms import TidyForm
from forum.web.languages import language_name
from forum.web.pagination import Cursor, Page
from forum.web.tables import in_batches

ROWS_HERE = Markup("<!-- rows -->")  # where a page that is sent while it is read gets its rows
bp = Blueprint("attendees", __name__, url_prefix="/console/<event>")


@bp.route("/attendees")
def index(event: str) -> ResponseReturnValue:
    """Show who has registered; the URL alone says how the list is filtered, searched, sorted and paged."""
    found, filters = _list_of(event)
    if filters.q:
        note_view(audit_queries.REGISTRATIONS_SEARCHED, found, actor=sign_ins.current_actor())
    page = listing.read_list(found, filters, Cursor.of(request.args))
    counts = listing.count_by_sector_and_status(found)
    total = listing.count_matching(found, filters, counts, page)
    return render_template(
        "console/attendees/index.html",
        event=found,
        filters=filters,
        statuses=listing.BY_LIFE,
        page=page,
        total=total,
        positions=listing.waiting_positions(found, page.rows),
        pages=_pages(found, filters, page, total),
        sort_url=lambda sort: url_for(".index", event=event, **filters.query(sort=sort)),
        wording=wording,
        **_balance(found, counts),
    )


@bp.route("/waiting")
def waiting(event: str) -> ResponseReturnValue:
    """Show who waits in each sector, the next person in line first."""
    found = get_any_or_404(event)
    note_view(audit_queries.WAITING_LIST_VIEWED, found, actor=sign_ins.current_actor())
    counts = listing.count_by_sector_and_status(found)
    return render_template(
        "console/attendees/waiting.html",
        event=found,
        lines=listing.list_lines(found),
        wording=wording,
        **_balance(found, counts),
    )


@bp.route("/registrations/<reference>")
def show(event: str, reference: str) -> ResponseReturnValue:
    """Show a registration: details, consents and everything that happened to it."""
    registration = _registration_or_404(event, reference)
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    zone, entries = registration.event.zone, audit_queries.find_history(registration)
    names = listing.name_actors(entries)
    return render_template(
        "console/attendees/show.html",
        event=registration.event,
        registration=registration,
        words=wording.status_words(registration, waiting_list.position(registration), zone),
        details=dossier.details(registration, zone),
        consents=dossier.consents(registration, zone),
        timeline=dossier.timeline(entries, queries.list_mails(registration), names, zone),
        wording=wording,
    )


@bp.route("/registrations/<reference>/cancel", methods=["GET", "POST"])
def cancel(event: str, reference: str) -> ResponseReturnValue:
    """Ask whether to cancel, and say what that does; on POST cancel the registration."""
    form = TidyForm()
    if not form.validate_on_submit():
        registration = _registration_or_404(event, reference)
        note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
        page = "console/attendees/cancel.html"
        return render_template(
            page, event=registration.event, registration=registration, form=form, wording=wording
        )
    start_write(db.session)
    registration = _registration_or_404(event, reference)
    try:
        actions.cancel(registration, actor=sign_ins.current_actor(), now=clock.now())
    except NotLive:
        return _has_ended(event, reference)
    db.session.commit()
    flash(_("The registration has been cancelled. A message is on its way to the person."), "success")
    return redirect(url_for(".show", event=event, reference=reference), 303)


@bp.route("/registrations/<reference>/resend", methods=["GET", "POST"])
def resend(event: str, reference: str) -> ResponseReturnValue:
    """Say which message will be sent once more and to whom, then queue it with a fresh link."""
    form = ResendForm()
    if not form.validate_on_submit():
        return _ask_to_resend(_registration_or_404(event, reference))
    start_write(db.session)
    registration = _registration_or_404(event, reference)
    actor, now = sign_ins.current_actor(), clock.now()
    try:
        kind = actions.resend(registration, actor=actor, now=now, kind=form.kind.data)
    except NotLive:
        return _has_ended(event, reference)
    except StateChanged:
        return _ask_again(event, reference)
    db.session.commit()
    said = _(
        "The message “%(kind)s” is on its way to %(email)s.", kind=kind_text(kind), email=registration.email
    )
    flash(said, "success")
    return redirect(url_for(".show", event=event, reference=reference), 303)


@bp.route("/attendees/export", methods=["GET", "POST"])
def export(event: str) -> ResponseReturnValue:
    """Ask what the list is for and who gets it (P14), record the answers, and send the filtered list."""
    if answer := sign_ins.require_fresh():
        return answer
    found, filters = _list_of(event)
    form = exports.ExportForm(kept_words.sent_or_kept(), shape=request.args.get("shape", ExportShape.XLSX))
    counts = listing.count_by_sector_and_status(found)
    total = listing.count_matching(found, filters, counts)
    if not form.validate_on_submit():
        page = render_template(
            "console/attendees/export.html",
            event=found,
            filters=filters,
            total=total,
            form=form,
            column_hints=exports.column_hints(),
        )
        return page, 422 if form.errors else 200
    _record_export(found, filters, total, form)
    if form.shape.data == ExportShape.PAPER:
        return _paper(found, filters, total, form)
    return exports.file(found, filters, form, now=clock.now())


def _list_of(slug: str) -> tuple[Event, listing.Filters]:
    event = get_any_or_404(slug)
    try:
        return event, listing.Filters.of(request.args, event)
    except listing.UnknownFilter:
        abort(404)


def _registration_or_404(slug: str, reference: str) -> Registration:
    """Return the event's registration with this reference; answer 404 for a reference of another event (S13)."""
    return queries.find_by_reference(get_any_or_404(slug), reference) or abort(404)


def _has_ended(event: str, reference: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("The registration has already ended. Nothing was changed."), "warning")
    return redirect(url_for(".show", event=event, reference=reference), 303)


def _ask_again(event: str, reference: str) -> ResponseReturnValue:
    db.session.rollback()
    flash(_("Nothing was sent: the registration has changed, and another message fits it now."), "warning")
    return redirect(url_for(".resend", event=event, reference=reference), 303)


def _ask_to_resend(registration: Registration) -> ResponseReturnValue:
    note_view(audit_queries.REGISTRATION_VIEWED, registration, actor=sign_ins.current_actor())
    kind = mails.kind_for_state(registration)
    return render_template(
        "console/attendees/resend.html",
        event=registration.event,
        registration=registration,
        kind=kind_text(kind) if kind else None,
        language=language_name(registration.language),
        form=ResendForm(formdata=None, kind=kind),
        wording=wording,
    )


def _record_export(event: Event, filters: listing.Filters, total: int, form: exports.ExportForm) -> None:
    """Record who exported how many names, by which filters and why; a search text may be a name and is left out."""
    shown = filters.query()
    start_write(db.session)
    audit.record(
        "registrations.exported",
        event,
        actor=sign_ins.current_actor(),
        at=clock.now(),
        count=total,
        sector=shown.get("sector", ""),
        status=shown.get("status", ""),
        searched=bool(filters.q),
        purpose=form.purpose.data,
        recipient=form.recipient.data,
        shape=form.shape.data,
    )
    db.session.commit()


def _paper(
    event: Event, filters: listing.Filters, total: int, form: exports.ExportForm
) -> ResponseReturnValue:
    """Return the whole list as one page to print, sent while it is read."""
    headings, rows = exports.texts(event, filters, form)
    page = render_template(
        "console/attendees/paper.html",
        event=event,
        filters=filters,
        headings=headings,
        rows=ROWS_HERE,
        total=total,
        purpose=exports.PURPOSES[ExportPurpose(form.purpose.data)],
        recipient=exports.RECIPIENTS[ExportRecipient(form.recipient.data)],
        now=clock.now(),
    )
    before, _mark, after = page.partition(ROWS_HERE)
    lines = current_app.jinja_env.get_template("console/attendees/_paper_rows.html")

    def pieces() -> Iterator[str]:
        yield before
        for some in in_batches(rows):
            yield lines.render(headings=headings, rows=some)
        yield after

    return Response(stream_with_context(pieces()), content_type="text/html; charset=utf-8")


def _balance(event: Event, counts: listing.Counts) -> dict[str, Any]:
    """Return the ring, and its arcs by sector id; each arc links to the list of its sector."""

    def url(sector: Sector) -> str:
        return url_for(".index", event=event.slug, sector=sector.key)

    balance = balance_of(event, counts, clock.now(), url)
    arcs = dict(zip((sector.id for sector in event.sectors), balance.shares, strict=True))
    return {"balance": balance, "arcs": arcs}


def _pages(event: Event, filters: listing.Filters, page: Page, total: int) -> dict[str, str | None]:
    def url(beside: str, row: Registration) -> str:
        return url_for(".index", event=event.slug, **filters.query() | {beside: row.reference})

    return {
        "previous_url": url("before", page.rows[0]) if page.has_previous else None,
        "next_url": url("after", page.rows[-1]) if page.has_next else None,
        "summary": _range(event, filters, page, total),
    }


def _range(event: Event, filters: listing.Filters, page: Page, total: int) -> str | None:
    """Return such as "51–100 of 132"; None where the whole list is on one page."""
    if not page.has_previous and not page.has_next:
        return None
    first = listing.first_number(event, filters, page, total)
    return _("%(first)s–%(last)s of %(total)s", first=first, last=first + len(page.rows) - 1, total=total)
