"""The tabs above the attendee list: the states that organisers look at most, each with its number."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask_babel import gettext as _

from forum.events.models import Event
from forum.registration import listing, saved_views, wording
from forum.registration.enums import Group, Status
from forum.registration.listing import Counts, Filters
from forum.registration.narrowing import UnknownFilter
from forum.registration.saved_view_models import SavedView

# The parameters of a saved view for which the stored counts by sector and status tell how many people match.
COUNTED = {"sector", "status", "sort"}
SHOWN_WHERE_ANY = (Status.IN_REVIEW, Group.UNHELD, Group.ENDED)


@dataclass(frozen=True)
class Tab:
    """A tab above the attendee list.

    `number` is None where the stored counts do not tell it (`Filters.needs_rows`): tabs count no rows of people.
    """

    label: str
    filters: Filters
    number: int | None
    is_current: bool


def list_tabs(event: Event, filters: Filters, counts: Counts) -> list[Tab]:
    """Return the tabs of a list; each keeps the other filters, and has the number of rows to which it leads."""
    tabs = []
    for status in (None, Group.PLACE, Group.UNHELD, Status.IN_REVIEW, Status.WAITING, Group.ENDED):
        number = listing.count_status(event, counts, status, filters.sectors)
        statuses = (status,) if status else ()
        is_current = filters.statuses == statuses
        if status in SHOWN_WHERE_ANY and not number and not is_current:
            continue
        label = wording.status_name(status) if status else _("Everyone")
        shown = None if filters.needs_rows else number
        tabs.append(Tab(label, replace(filters, statuses=statuses), shown, is_current))
    return tabs


def view_numbers(event: Event, views: Iterable[SavedView], counts: Counts) -> dict[int, int]:
    """Return how many people each saved view shows, by its id, as far as stored counts tell: no rows are counted."""
    numbers = {view.id: _number(event, view, counts) for view in views if COUNTED.issuperset(view.query)}
    return {number: shown for number, shown in numbers.items() if shown is not None}


def _number(event: Event, view: SavedView, counts: Counts) -> int | None:
    try:
        return listing.tell_number(event, saved_views.filters_of(view, event), counts)
    except UnknownFilter:
        return None
