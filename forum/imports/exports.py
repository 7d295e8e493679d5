"""Files of imports: an empty template with the headings that an import reads, and a report on faulty rows."""

from collections.abc import Iterable

from flask import Response
from flask_babel import gettext as _

from forum.events.models import Event
from forum.imports import answers
from forum.imports.checking import Fault
from forum.imports.rows import COLUMNS
from forum.web.languages import in_language
from forum.web.tables import short_csv_response
from forum.web.workbooks import short_workbook_response

NOT_IN_TEMPLATE = ("full_name", "reference", "status")


def template(event: Event, shape: str) -> Response:
    """Return the template as a CSV or XLSX file, with the event's own questions.

    If the event has one sector only, the template has no column for sectors.
    """
    left_out = (*NOT_IN_TEMPLATE, *(["sector"] if len(event.sectors) == 1 else []))
    headings = [str(label) for name, label in COLUMNS.items() if name not in left_out]
    headings += [in_language(question.label) for question in answers.list_asked(event.slug)]
    name = f"{event.slug}-import.{shape}"
    if shape == "xlsx":
        return short_workbook_response(name, _("People"), headings, [])
    return short_csv_response(name, headings, [])


def report(event: Event, faults: Iterable[Fault]) -> Response:
    """Return a CSV file of the faults in a table's rows."""
    rows = ((fault.row, fault.column, fault.text) for fault in faults)
    return short_csv_response(
        f"{event.slug}-import-report.csv", [_("Row"), _("Column"), _("What to change")], rows
    )
