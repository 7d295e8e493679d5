"""The organisers' list as a file or on paper, for a stated purpose (P14): the same people, in the same order.

Only the rows for statistics are in another order, which does not identify people.
"""

from collections.abc import Iterator
from datetime import datetime

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from forum.events.models import Event
from forum.registration import export_answers, export_columns, listing
from forum.registration.enums import ExportPurpose, ExportRecipient, ExportShape
from forum.registration.export_columns import Phone
from forum.web.forms import TidyForm, required
from forum.web.tables import csv_response
from forum.web.workbooks import workbook_response

MOMENT = "%Y-%m-%d %H:%M"
PURPOSES = {
    ExportPurpose.DOOR: _l("List for the door"),
    ExportPurpose.BADGES: _l("Badges"),
    ExportPurpose.GROUPS: _l("Planning of groups and seats"),
    ExportPurpose.CONTACT: _l("Contact with those registered"),
    ExportPurpose.REPORT: _l("Statistics and reports, without names"),
    ExportPurpose.EVERYTHING: _l("Another system that needs every column"),
}
RECIPIENTS = {
    ExportRecipient.OFFICE: _l("Our own office"),
    ExportRecipient.CO_ORGANISER: _l("A co-organiser"),
    ExportRecipient.PROCESSOR: _l("A supplier with a data processing agreement"),
    ExportRecipient.AUTHORITY: _l("An authority that is entitled to it by law"),
}
SHAPES = {
    ExportShape.XLSX: _l("Excel file (XLSX)"),
    ExportShape.CSV: _l("CSV file"),
    ExportShape.PAPER: _l("Page to print"),
}


class ExportForm(TidyForm):
    """The form that asks why a list of people is exported, for whom and as what; the audit trail records all three."""

    purpose = RadioField(
        _l("What is the list for?"),
        [required(_l("Choose what the list is for"))],
        choices=[SelectChoice(purpose.value, text) for purpose, text in PURPOSES.items()],
    )
    recipient = RadioField(
        _l("Who will get it?"),
        [required(_l("Choose who will get the list"))],
        choices=[SelectChoice(recipient.value, text) for recipient, text in RECIPIENTS.items()],
    )
    shape = RadioField(
        _l("In which form?"),
        [required(_l("Choose the form of the list"))],
        choices=[SelectChoice(shape.value, text) for shape, text in SHAPES.items()],
        default=ExportShape.XLSX.value,
    )


def column_hints(event: Event) -> dict[str, str]:
    """Return for each purpose, in words, the columns of its list, and a note on the list for statistics."""
    hints = {}
    for purpose in ExportPurpose:
        asked = export_answers.list_asked(event.id, purpose)
        names = export_columns.needed(purpose, asked)
        hints[purpose.value] = ", ".join(export_columns.short_headings(names, asked))
    report = ExportPurpose.REPORT.value
    return hints | {
        report: _(
            "%(columns)s. Days instead of times, and the rows are sorted by sector and day, whatever the order of the "
            "list. In a small sector, or for a country with few people, a row may still lead to a person.",
            columns=hints[report],
        )
    }


def file(event: Event, filters: listing.Filters, form: ExportForm, *, now: datetime) -> Response:
    """Return the list as a file with the columns that its purpose needs, streamed while its rows are read."""
    asked = export_answers.list_asked(event.id, form.purpose.data)
    names = export_columns.needed(form.purpose.data, asked)
    headings = export_columns.headings(names, event, asked)
    rows = export_columns.rows(form.purpose.data, event, filters, asked)
    name = file_name(event, form.shape.data, now)
    if form.shape.data == ExportShape.XLSX:
        return workbook_response(name, _("Attendees"), headings, rows)
    return csv_response(name, headings, ([_plain(cell) for cell in row] for row in rows))


def texts(event: Event, filters: listing.Filters, form: ExportForm) -> tuple[list[str], Iterator[list[str]]]:
    """Return headings and rows of the list as texts, for paper; the rows are read while they are shown."""
    asked = export_answers.list_asked(event.id, form.purpose.data)
    names = export_columns.needed(form.purpose.data, asked)
    rows = export_columns.rows(form.purpose.data, event, filters, asked)
    return export_columns.short_headings(names, asked), ([_shown(cell) or "" for cell in row] for row in rows)


def unbroken_headings(form: ExportForm) -> list[str]:
    """Return the headings of the columns whose values stay on one line on paper."""
    names = export_columns.needed(form.purpose.data)
    return export_columns.short_headings([name for name in names if name in export_columns.UNBROKEN])


def file_name(event: Event, shape: str, now: datetime) -> str:
    """Return the file's name, such as "nf27-attendees-2027-05-03.csv", without the filters, which may hold a name."""
    return f"{event.slug}-attendees-{now.astimezone(event.zone):%Y-%m-%d}.{shape}"


def _plain(cell: str | datetime | None) -> str | None:
    """Return the text of a cell in a CSV file, which has no types.

    A spreadsheet would read a phone number as a number and drop its plus sign and zeros. So "tel:", the scheme of
    phone numbers (RFC 3966), stands before it.
    """
    if isinstance(cell, Phone):
        return f"tel:{cell}"
    return _shown(cell)


def _shown(cell: str | datetime | None) -> str | None:
    return cell.strftime(MOMENT) if isinstance(cell, datetime) else cell
