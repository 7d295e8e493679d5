"""Exporting a list: recording the export, and making a page to print."""

from collections.abc import Iterator
from dataclasses import replace
from secrets import token_hex

from flask import Response, current_app, flash, g, redirect, render_template, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from forum import clock
from forum.accounts import sign_ins
from forum.audit import actions as audit
from forum.audit.queries import REGISTRATIONS_EXPORTED
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration import door_list, export_columns, exports, kept_exports, listing, wording
from forum.registration.enums import ExportPurpose, ExportRecipient, ExportShape
from forum.registration.errors import TooManyForPaper, TooManyKept
from forum.registration.export_columns import Plan
from forum.registration.filtering import CHOSEN
from forum.registration.kept_export_models import KeptExport
from forum.registration.narrowing import KINDS
from forum.web.errors import note_cause
from forum.web.languages import language
from forum.web.tables import in_batches
from forum.web.typesetting import NotSet, pdf_response

# Files with more people than this are made by the worker.
MOST_AT_ONCE = 50_000
# The audit trail records only how many values these filters have. Somebody has typed the values, or they are answers
# that are deleted after the event, while the audit trail stays (P27).
COUNTED = ("organisation", "tag", "answer")
CODED = (*(name for name in KINDS if name not in COUNTED), "since", "until", CHOSEN)


def ask_why(
    event: Event, filters: listing.Filters, form: exports.ExportForm, *, total: int, left_out: int
) -> str:
    """Return the page that asks why the list is exported and who gets it."""
    return render_template(
        "console/attendees/export.html",
        event=event,
        filters=filters,
        total=total,
        left_out=left_out,
        form=form,
        **exports.hints(event, filters, g.user.id),
    )


def explain(refusal: TooManyForPaper | NotSet, form: exports.ExportForm) -> None:
    """Show at the form's field why the PDF cannot be made; log a cause that the organiser cannot change."""
    if isinstance(refusal, TooManyForPaper):
        said = _(
            "A door list as a PDF has %(most)s people at most. Filter the list by sector, or print a page.",
            most=format_decimal(door_list.MOST),
        )
    else:
        note_cause(f"no PDF was made: {refusal}")
        said = _("The PDF could not be made now. Try again in a minute, or choose another form.")
    form.shape.errors = [*form.shape.errors, said]


def give(
    filters: listing.Filters, plan: Plan, mark: exports.Mark, form: exports.ExportForm
) -> ResponseReturnValue:
    """Record the export, then answer with the list as a file or as a page to print, or let the worker make it.

    Raises TooManyForPaper, and NotSet when a PDF cannot be made.
    """
    if form.shape.data == ExportShape.PDF:
        return _give_door_list(filters, plan, mark, form)
    is_paper = form.shape.data == ExportShape.PAPER
    start_write(db.session)
    if not is_paper and (form.kept.data or mark.total > MOST_AT_ONCE):
        return _keep(filters, plan, mark, form)
    record(filters, plan, mark, form, actor=sign_ins.current_actor())
    db.session.commit()
    if is_paper:
        return paper(mark.event, filters, plan, mark)
    return exports.file(filters, plan, mark, shape=form.shape.data)


def _give_door_list(
    filters: listing.Filters, plan: Plan, mark: exports.Mark, form: exports.ExportForm
) -> ResponseReturnValue:
    """Make the door list as a PDF, then record the export in a transaction of its own, because making it takes seconds.

    The list is not given if meanwhile a person on it got another name, or must not be in lists any more (P21), or if
    the sign-in has ended. Raises NotSet, SignedOut.
    """
    told = door_list.tell(filters, mark)
    # Give the database connection back while the list is made.
    db.session.rollback()
    made = door_list.make(told, now=mark.now)
    if not door_list.names_in(told).items() <= door_list.names_in(door_list.tell(filters, mark)).items():
        raise NotSet("somebody in it has changed")
    sign_ins.start_own_write()
    record(filters, plan, mark, form, actor=sign_ins.current_actor())
    db.session.commit()
    return pdf_response(exports.file_name(mark.event, ExportShape.PDF, mark.now), made)


def _keep(
    filters: listing.Filters, plan: Plan, mark: exports.Mark, form: exports.ExportForm
) -> ResponseReturnValue:
    asked = KeptExport(user_id=g.user.id, recipient=mark.recipient, shape=form.shape.data)
    asked.language, asked.asked_at = language(), mark.now
    try:
        kept = kept_exports.ask(mark.event, filters, plan, asked, narrowed=mark.narrowed)
    except TooManyKept:
        return _refuse_more(mark.event)
    record(filters, plan, replace(mark, total=kept.total), form, actor=sign_ins.current_actor())
    db.session.commit()
    is_ready = kept.ready_at is not None
    flash(
        _("The file is ready.") if is_ready else _("It is being prepared. You can leave this page."),
        "success",
    )
    return redirect(url_for("kept_exports.index", event=mark.event.slug), 303)


def _refuse_more(event: Event) -> ResponseReturnValue:
    """Redirect to the prepared files, with a message that one of them must be deleted first."""
    db.session.rollback()
    said = _(
        "You have %(most)s prepared files, and no more are kept. Delete one of them, then export the list again.",
        most=kept_exports.MOST,
    )
    flash(said, "warning")
    return redirect(url_for("kept_exports.index", event=event.slug), 303)


def record(
    filters: listing.Filters, plan: Plan, mark: exports.Mark, form: exports.ExportForm, *, actor: str
) -> None:
    """Record who exported how many names, with which filters and why. The caller commits.

    A search text may be a name and is left out, and so are the values of the filters in COUNTED.
    """
    shown = {**filters.query(), **dict.fromkeys(COUNTED, "")}
    values = {
        name: value if isinstance(value, str) else " ".join(value) for name, value in shown.items() if value
    }
    counts = {f"{name}s": len(filters.values(name)) for name in COUNTED if filters.values(name)}
    audit.record(
        REGISTRATIONS_EXPORTED,
        mark.event,
        actor=actor,
        at=clock.now(),
        count=mark.total,
        **{name: values.get(name, "") for name in ("sector", "status", "delegation")},
        **{name: values[name] for name in CODED if name in values},
        **counts,
        searched=bool(filters.q),
        purpose=form.purpose.data,
        recipient=form.recipient.data,
        shape=form.shape.data,
        **({"columns": " ".join(plan.chosen)} if plan.chosen else {}),
    )


def paper(event: Event, filters: listing.Filters, plan: Plan, marked: exports.Mark) -> ResponseReturnValue:
    """Return the whole list as one page to print, streamed while its rows are read."""
    headings, rows = export_columns.short_headings(plan), exports.texts(event, filters, plan)
    unbroken = export_columns.unbroken_headings(plan)
    # The page is rendered once with this mark in place of the rows, and split at the mark: the parts are sent before
    # and after the rows. The mark is random, so that no other text of the page contains it.
    mark = token_hex(16)
    page = render_template(
        "console/attendees/paper.html",
        event=event,
        filters=filters,
        narrowed=marked.narrowed,
        headings=headings,
        rows=mark,
        total=marked.total,
        purpose=exports.PURPOSES[ExportPurpose(marked.purpose)],
        recipient=exports.RECIPIENTS[ExportRecipient(marked.recipient)],
        now=marked.now,
        foot=marked.line(),
        wording=wording,
    )
    before, _mark, after = page.partition(mark)
    lines = current_app.jinja_env.get_template("console/attendees/_paper_rows.html")

    def pieces() -> Iterator[str]:
        yield before
        for some in in_batches(rows):
            yield lines.render(headings=headings, unbroken=unbroken, rows=some)
        yield after

    return Response(stream_with_context(pieces()), content_type="text/html; charset=utf-8")
