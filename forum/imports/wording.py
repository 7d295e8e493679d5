"""Words for the states of a long table, each with its kind of icon, and for why a table cannot be read."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from forum.imports import tables
from forum.imports.enums import TableState
from forum.web import sheet_rows

STATES: Mapping[TableState, tuple[LazyString, str]] = {
    TableState.SENT: (_l("Waits for you to choose columns"), "wait"),
    TableState.CHECKING: (_l("Is being checked"), "offered"),
    TableState.CHECKED: (_l("Waits for you to look through it"), "wait"),
    TableState.STARTING: (_l("Is being checked once more"), "offered"),
    TableState.RUNNING: (_l("Is being imported"), "offered"),
    TableState.DONE: (_l("Imported"), "in"),
    TableState.STOPPED: (_l("Stopped"), "out"),
}
REFUSALS: Mapping[type[sheet_rows.SheetRefused], LazyString] = {
    sheet_rows.NotATable: _l("The file cannot be read. Save it as XLSX or CSV, or paste the rows."),
    sheet_rows.TooManyRows: _l("There are too many rows. At most 20,000 people are imported at once."),
    sheet_rows.TooLarge: _l(
        "The table is too large. Leave out columns that are not needed, or import it in parts."
    ),
    sheet_rows.OldWorkbook: _l(
        "Files of this kind, often called XLS, cannot be read. Save the table as XLSX or CSV."
    ),
    tables.NothingSent: _l(
        "Choose a file, or paste the rows: first a row of headings, then a row for each person."
    ),
    tables.NoRows: _l("There are no rows below the headings."),
    tables.NoRowsShown: _l("The file hides all rows, by a filter, say. Show them, and save the file again."),
    tables.NoRowsOnFirstSheet: _l(
        "Only the first sheet of a workbook is read, and there are no rows below its headings. Move the sheet with the "
        "people to the front."
    ),
}
