"""Exporting a list: recording the export, and making a page to print."""

from collections.abc import Iterator
from secrets import token_hex

from flask import Response, current_app, render_template, stream_with_context
from flask.typing import ResponseReturnValue

from forum import clock
from forum.audit import actions as audit
from forum.audit.queries import REGISTRATIONS_EXPORTED
from forum.database import start_write
from forum.events.models import Event
from forum.extensions import db
from forum.registration import exports, listing, wording
from forum.registration.enums import ExportPurpose, ExportRecipient
from forum.web.tables import in_batches


def record(
    event: Event, filters: listing.Filters, total: int, form: exports.ExportForm, *, actor: str
) -> None:
    """Record who exported how many names, with which filters and why; a search text may be a name and is left out."""
    shown = filters.query()
    start_write(db.session)
    audit.record(
        REGISTRATIONS_EXPORTED,
        event,
        actor=actor,
        at=clock.now(),
        count=total,
        sector=shown.get("sector", ""),
        status=shown.get("status", ""),
        delegation=shown.get("delegation", ""),
        searched=bool(filters.q),
        purpose=form.purpose.data,
        recipient=form.recipient.data,
        shape=form.shape.data,
    )
    db.session.commit()


def paper(
    event: Event, filters: listing.Filters, total: int, form: exports.ExportForm
) -> ResponseReturnValue:
    """Return the whole list as one page to print, streamed while its rows are read."""
    headings, rows = exports.texts(event, filters, form)
    unbroken = exports.unbroken_headings(form)
    # The page is rendered once with this mark in place of the rows, and split there: the parts are sent before and
    # after the rows. The mark is random, so that no text of the page contains it.
    mark = token_hex(16)
    page = render_template(
        "console/attendees/paper.html",
        event=event,
        filters=filters,
        headings=headings,
        rows=mark,
        total=total,
        purpose=exports.PURPOSES[ExportPurpose(form.purpose.data)],
        recipient=exports.RECIPIENTS[ExportRecipient(form.recipient.data)],
        now=clock.now(),
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
