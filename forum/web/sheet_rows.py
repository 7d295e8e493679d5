"""The rows of a table that somebody has uploaded, and the reasons why a table cannot be read."""

MOST_COLUMNS = 30


class Rows(list[list[str]]):
    """The rows of a table, each a list of cells; `hidden` is how many rows with a text were left out.

    `other_sheets` is how many further sheets the workbook shows, of which nothing is read.
    """

    hidden = other_sheets = 0


class SheetRefused(Exception):
    """The file or the pasted rows are not a table that can be read."""


class NotATable(SheetRefused):
    """The file is broken, or neither XLSX nor text."""


class OldWorkbook(SheetRefused):
    """The file is of a spreadsheet program from before XLSX: its own format, HTML or XML, usually called XLS."""


class TooManyRows(SheetRefused):
    """The table has more rows than the caller accepts."""


class TooLarge(SheetRefused):
    """The table is too wide, a cell is too long, or the file is too large when it is unpacked."""
