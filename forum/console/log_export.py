"""The log as a CSV file, for a stated purpose (P14, P18); the export itself is recorded."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from forum import clock
from forum.accounts import kept_words, sign_ins
from forum.audit import actions as audit
from forum.audit.models import AuditEntry
from forum.audit.queries import LOG_EXPORTED
from forum.console import log_reading
from forum.console.log import bp, filters_of, reader_of, url_of, zone_of
from forum.console.log_reading import Filters
from forum.console.log_rows import rows_of
from forum.console.log_words import PURPOSES
from forum.database import start_write
from forum.events.in_url import get_any_or_404
from forum.events.models import Event
from forum.extensions import db
from forum.registration.exports import RECIPIENTS
from forum.web.forms import TidyForm, required
from forum.web.tables import csv_response


class LogExportForm(TidyForm):
    """The form that asks why the log is exported and for whom; the audit trail records both."""

    purpose = RadioField(
        _l("What is the log for?"),
        [required(_l("Choose what the log is for"))],
        choices=[SelectChoice(purpose.value, text) for purpose, text in PURPOSES.items()],
    )
    recipient = RadioField(
        _l("Who will get it?"),
        [required(_l("Choose who will get the log"))],
        choices=[SelectChoice(recipient.value, text) for recipient, text in RECIPIENTS.items()],
    )


@bp.route("/<event>/log/export", methods=["GET", "POST"])
def export(event: str) -> ResponseReturnValue:
    """Ask why the log is exported and who gets it, record the answers, and send the filtered log."""
    return sign_ins.require_fresh() or _export(get_any_or_404(event))


@bp.route("/log/export", methods=["GET", "POST"])
def export_site() -> ResponseReturnValue:
    """Ask why the log of no event is exported and who gets it, record the answers, and send it."""
    return sign_ins.require_fresh() or _export(None)


def _export(event: Event | None) -> ResponseReturnValue:
    filters, reader, zone = filters_of(event), reader_of(event), zone_of(event)
    form = LogExportForm(kept_words.sent_or_kept())
    if not form.validate_on_submit():
        page = render_template(
            "console/log/export.html",
            event=event,
            form=form,
            back_url=url_of(event, filters),
            filters=filters,
        )
        return page, 422 if form.errors else 200
    own = _record(event, filters, form)
    now = clock.now().astimezone(zone)
    name = f"{event.slug if event else 'site'}-log-{now:%Y-%m-%d}.csv"
    entries = log_reading.list_log(event, filters, reader, zone, before=own)
    return csv_response(name, [_("When"), _("By whom"), _("What"), _("About")], _lines(entries, event, zone))


def _record(event: Event | None, filters: Filters, form: LogExportForm) -> int:
    """Record the export with its filters; return the number of the audit entry.

    A filter by person is recorded as the registration's id, which names nobody after an erasure.
    """
    start_write(db.session)
    person = log_reading.find_person(event, filters) if event else None
    shown = filters.query(reference="")
    entry = audit.record(
        LOG_EXPORTED,
        event or g.user,
        actor=sign_ins.current_actor(),
        at=clock.now(),
        registration=person.id if person else None,
        purpose=form.purpose.data,
        recipient=form.recipient.data,
        filters={name: text for name, text in shown.items() if text not in filters.wrong_days},
    )
    db.session.commit()
    return entry.id


def _lines(
    entries: Iterable[Sequence[AuditEntry]], event: Event | None, zone: tzinfo
) -> Iterator[Sequence[str]]:
    for some in entries:
        for row in rows_of(some, event, zone):
            yield (
                row.at_text,
                row.who,
                f"{row.what} · {row.detail}" if row.detail else row.what,
                row.about.name,
            )
