"""The public table of sectors and countries in words, for its page and for the organisers' preview."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from forum.events.models import Event
from forum.participants.small_cells import OTHERS, Table
from forum.web.countries import country_names
from forum.web.languages import in_language, language


@dataclass(frozen=True)
class Line:
    """A row of the public table of sectors and countries: name, numbers by column (None where hidden), and total."""

    name: str
    numbers: Sequence[int | None]
    total: int


@dataclass(frozen=True)
class Words:
    """The public table of sectors and countries, with the names of its rows and columns in the page's language."""

    columns: Sequence[str]
    lines: Sequence[Line]
    sums: Line
    hides_any: bool


def describe(event: Event, table: Table) -> Words:
    """Return the public table in words; a sector that the event no longer has is named by its key."""
    sectors = {sector.key: in_language(sector.name) for sector in event.sectors} | {
        OTHERS: _("Other sectors")
    }
    countries = country_names(language()) | {OTHERS: _("Other countries")}
    lines = [
        Line(sectors.get(key, key), numbers, total)
        for key, numbers, total in zip(table.rows, table.cells, table.row_totals, strict=True)
    ]
    return Words(
        [countries.get(key, key) for key in table.columns],
        lines,
        Line(_("All"), table.column_totals, table.total),
        table.hides_any,
    )
