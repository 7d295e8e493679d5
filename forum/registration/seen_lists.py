"""Recording that an organiser has seen a list of people: whom it may have named follows from its sectors (P18)."""

from collections.abc import Sequence

from forum.audit import queries as audit
from forum.audit import traces
from forum.events.models import Event, Sector
from forum.registration.filtering import Filters
from forum.registration.models import Registration


def note_list(event: Event, filters: Filters, people: Sequence[Registration], *, actor: str) -> None:
    """Record a search, whomever it finds, and that people of the filtered sectors were seen if the list shows any."""
    if filters.is_search:
        traces.note_view(audit.REGISTRATIONS_SEARCHED, event, actor=actor)
    if people:
        note_people(event, filters.sectors, actor=actor)


def note_people(event: Event, sectors: Sequence[Sector] = (), *, actor: str) -> None:
    """Record, once an hour, that an organiser has seen people of these sectors; without sectors, of all of them."""
    # A list may show people of several sectors: the entry has the keys of these in one text, like entries about
    # exports.
    keys = " ".join(sector.key for sector in sectors)
    traces.note_once(audit.ATTENDEES_VIEWED, event, actor=actor, sector=keys)
