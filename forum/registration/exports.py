"""The attendee list as a file or on paper, for a stated purpose (P14): the people of the list, in its order.

Only the rows for statistics are in another order, which does not identify people.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, ValidationError
from wtforms.fields.choices import SelectChoice

from forum import clock
from forum.events.models import Event
from forum.registration import export_columns, export_texts, filter_words, listing, saved_views
from forum.registration.enums import ExportColumns, ExportPurpose, ExportRecipient, ExportShape
from forum.registration.export_columns import Cells, Plan
from forum.web.forms import TidyForm, required
from forum.web.languages import in_language, moment_text
from forum.web.tables import csv_of_columns, csv_response
from forum.web.workbooks import About, workbook_response

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
    ExportShape.PDF: _l("Door list with boxes to tick (PDF)"),
}
COLUMNS = {
    ExportColumns.NEEDED: _l("Those that the purpose needs"),
    ExportColumns.CHOSEN: _l("Those that the list shows now"),
}


@dataclass(frozen=True)
class Mark:
    """The facts that an exported list states about itself: who exports it, when, why, for whom, how many people.

    `narrowed` are the list's filters in words, without the words of a search.
    """

    event: Event
    name: str
    now: datetime
    purpose: str
    recipient: str
    total: int
    narrowed: Sequence[str] = ()

    def facts(self) -> list[tuple[str, str]]:
        """Return the facts about the list, each with its heading."""
        return [
            (_("Exported by"), self.name),
            (_("Exported on"), moment_text(self.now, self.event.zone)),
            (_("Event"), in_language(self.event.name)),
            (_("What is the list for?"), str(PURPOSES[ExportPurpose(self.purpose)])),
            (_("Who will get it?"), str(RECIPIENTS[ExportRecipient(self.recipient)])),
            *([(_("Filters"), " · ".join(self.narrowed))] if self.narrowed else []),
            (_("Registrations"), str(self.total)),
        ]

    def about(self) -> About:
        """Return the facts about the list as the properties of a workbook."""
        return About(_("About this list"), self.facts(), self.line())

    def line(self) -> str:
        """Return the facts about the list as the line at the foot of each printed page."""
        told = {"name": self.name, "moment": moment_text(self.now, self.event.zone)}
        return _("Exported by %(name)s on %(moment)s", **told)


class ExportForm(TidyForm):
    """The form that asks why a list is exported, for whom and in which form; the audit trail records the answers."""

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
    columns = RadioField(
        _l("Which columns?"),
        [required(_l("Choose the columns of the list"))],
        choices=[SelectChoice(columns.value, text) for columns, text in COLUMNS.items()],
        default=ExportColumns.NEEDED.value,
    )

    kept = BooleanField(_l("Prepare the file while I do something else"))

    def validate_kept(self, field: BooleanField) -> None:
        """Refuse to prepare a page to print, which is no file, and a PDF, which is always made at once."""
        if field.data and self.shape.data == ExportShape.PAPER:
            raise ValidationError(_("A page to print is not a file, so it is not kept"))
        if field.data and self.shape.data == ExportShape.PDF:
            raise ValidationError(_("The door list as a PDF is made at once, so it is not kept"))

    def validate_shape(self, field: RadioField) -> None:
        """Refuse a PDF for any purpose but the door."""
        if field.data == ExportShape.PDF and self.purpose.data != ExportPurpose.DOOR:
            raise ValidationError(
                _("The PDF is a list for the door: choose that above, or another form here")
            )

    def validate_columns(self, field: RadioField) -> None:
        """Refuse columns as in the attendee list for statistics, which have no names, and for the PDF."""
        if field.data != ExportColumns.CHOSEN:
            return
        if self.purpose.data == ExportPurpose.REPORT:
            raise ValidationError(_("Statistics have no names, so they have columns of their own"))
        if self.shape.data == ExportShape.PDF:
            raise ValidationError(_("The door list as a PDF has columns of its own"))


def hints(event: Event, filters: listing.Filters, user_id: int) -> dict[str, Any]:
    """Return in words the columns that each purpose gives, and those that the attendee list shows now."""
    own = export_columns.chosen(event, ExportPurpose.EVERYTHING, _shown_columns(event, filters, user_id))
    return {"column_hints": _by_purpose(event), "chosen_hint": _listed(own)}


def _by_purpose(event: Event) -> dict[str, str]:
    hints = {purpose.value: _listed(export_columns.needed(event, purpose)) for purpose in ExportPurpose}
    report = ExportPurpose.REPORT.value
    return hints | {
        report: _(
            "%(columns)s. Days instead of times, and the rows are sorted by sector and day, whatever the order of the "
            "list. In a small sector, or for a country with few people, a row may still lead to a person.",
            columns=hints[report],
        )
    }


def _listed(plan: Plan) -> str:
    return ", ".join(export_columns.short_headings(plan))


def plan_of(event: Event, filters: listing.Filters, form: ExportForm, user_id: int) -> Plan:
    """Return the plan of the list that this organiser asks for: its purpose and columns."""
    if form.columns.data == ExportColumns.CHOSEN:
        return export_columns.chosen(event, form.purpose.data, _shown_columns(event, filters, user_id))
    return export_columns.needed(event, form.purpose.data)


def _shown_columns(event: Event, filters: listing.Filters, user_id: int) -> Sequence[str]:
    return saved_views.content(event, filters, user_id).columns


def mark_of(event: Event, filters: listing.Filters, form: ExportForm, name: str, total: int) -> Mark:
    """Return the facts about a list of `total` people that the organiser with this name asks for now."""
    narrowed = filter_words.said(event, filters) if filters.is_narrowed else ()
    return Mark(event, name, clock.now(), form.purpose.data, form.recipient.data, total, narrowed)


def file(filters: listing.Filters, plan: Plan, mark: Mark, *, shape: str) -> Response:
    """Return the list as a file with the columns that the export's plan names, streamed while its rows are read."""
    event, headings = mark.event, export_columns.headings(plan, mark.event)
    if shape == ExportShape.CSV and plan.purpose != ExportPurpose.REPORT:
        name = file_name(event, shape, mark.now)
        return csv_of_columns(name, headings, export_texts.columns(plan, event, filters))
    return as_file(headings, export_columns.rows(plan, event, filters), mark, shape=shape)


def as_file(
    headings: Sequence[str], rows: Iterator[Cells], mark: Mark, *, shape: str, number: int | None = None
) -> Response:
    """Return these rows as a file, streamed while they are read; a prepared list's `number` is part of its name."""
    name = file_name(mark.event, shape, mark.now, number)
    if shape == ExportShape.XLSX:
        return workbook_response(name, _("Attendees"), headings, rows, mark.about())
    return csv_response(name, headings, ([export_texts.plain(cell) for cell in row] for row in rows))


def texts(event: Event, filters: listing.Filters, plan: Plan) -> Iterator[list[str]]:
    """Yield the rows of the list as texts for the page to print, read while the page is sent."""
    return (
        [export_texts.shown(cell) or "" for cell in row] for row in export_columns.rows(plan, event, filters)
    )


def file_name(event: Event, shape: str, now: datetime, number: int | None = None) -> str:
    """Return the file's name, such as "nf27-attendees-2027-05-03.csv", without the filters, which may hold a name.

    A prepared file's name ends with its number, such as "nf27-attendees-2027-05-03-12.csv".
    """
    name = f"{event.slug}-attendees-{now.astimezone(event.zone):%Y-%m-%d}"
    return f"{name}-{number}.{shape}" if number else f"{name}.{shape}"
