"""A figure's file, to be handed on: no number of people below five can be read in it or worked out (P10).

The files count people by state (confirmed, waiting, …), and only people whose data may be used and whose registration
has not ended. All files but the one about invitations count the same people: so comparing several files of one moment,
or a file with the public numbers, tells no more than each of them does alone. The file about invitations leaves out
invitations that became a registration, because the other files count these people.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from forum.console import figure_numbers as numbers
from forum.console.figure_words import Cell, FigureName, ways_in_words
from forum.events.models import Event
from forum.invitations import queries as invitations
from forum.invitations.enums import InvitationState
from forum.participants.small_cells import State, protect_states
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.small_numbers import LEAST
from forum.registration.wording import status_name
from forum.web.countries import country_names
from forum.web.languages import in_language, language

# Confirmed people are counted apart from these other states, as the numbers for the public count them. If a file had
# the sum of all states, subtracting the public number from the sum would give the number of the others.
OTHER_STATES = (Status.OFFERED, Status.WAITING, Status.IN_REVIEW, Status.PENDING)
# The content of a file: its headings, and its rows.
Sheet = tuple[Sequence[str], Sequence[Sequence[Cell]]]


def make_file(name: FigureName, event: Event) -> Sheet:
    """Return headings and rows of the file of the figure with this name."""
    return MAKERS[name](event)


def _of_days(event: Event) -> Sheet:
    """Return people by the week in which they registered: by day, most numbers would be too small to be shown."""
    counts = numbers.count_weeks(event)
    # Write each week's Monday as 2026-11-16: a spreadsheet would sort a date in words wrongly.
    names = {monday: monday.isoformat() for monday in sorted({monday for monday, _state in counts})}
    return _by_state(_("Week from"), counts, names, _("Other weeks"))


def _of_sectors(event: Event) -> Sheet:
    keys = {sector.id: sector.key for sector in event.sectors}
    counted = numbers.count_states(event, Registration.sector_id)
    counts = {(keys[sector_id], state): number for (sector_id, state), number in counted.items()}
    names = {sector.key: in_language(sector.name) for sector in event.sectors}
    return _by_state(_("Sector"), counts, names, _("Other sectors"), lists_all=True)


def _of_countries(event: Event) -> Sheet:
    counts, known = numbers.count_states(event, Registration.country), country_names(language())
    names = {code: known.get(code) or code or _("No country") for code, _state in counts}
    return _by_state(_("Country"), counts, names, _("Other countries"), by_size=True)


def _of_organisations(event: Event) -> Sheet:
    counts = numbers.count_states(event, Registration.organisation_key)
    named = numbers.name_organisations(event)
    names = {key: named.get(key) or _("No organisation") for key, _state in counts}
    return _by_state(_("Organisation"), counts, names, _("Other organisations"), by_size=True)


def _of_ways(event: Event) -> Sheet:
    counts = numbers.count_states(event, numbers.way_of(event))
    return _by_state(_("Came by"), counts, ways_in_words(), _("Other ways"), lists_all=True)


def _of_invitations(event: Event) -> Sheet:
    """Return what became of the invitations that nobody accepted; only the page counts accepted ones, too.

    Each step of invitations is a part of the one before, so subtracting two of them could give a small number. Another
    file counts people who came by an invitation: subtracting them from the accepted invitations would give the number
    of people whose registration has ended since.
    """
    counted = invitations.count_not_accepted(event)
    words = {
        InvitationState.NO: _("No"),
        InvitationState.FORWARDED: _("Passed on"),
        InvitationState.EXPIRED: pgettext("invitation", "Expired"),
        InvitationState.WITHDRAWN: pgettext("invitation", "Withdrawn"),
        InvitationState.OPEN: _("No answer yet"),
    }
    states = protect_states({(state, ""): counted[state] for state in words}, [*words], [""])
    return _sheet(
        _("Answer"), [_("Invitations without a yes")], states, words, _("Other answers"), lists_all=True
    )


def _by_state(
    heading: str,
    counts: Mapping[tuple[Any, str], int],
    names: Mapping[Any, str],
    others: str,
    *,
    lists_all: bool = False,
    by_size: bool = False,
) -> Sheet:
    groups = (Status.CONFIRMED,), OTHER_STATES
    states = [state for group in groups for state in protect_states(counts, [*names], group)]
    columns = [*map(_state_words, states)]
    return _sheet(heading, columns, states, names, others, lists_all=lists_all, by_size=by_size)


def _sheet(
    heading: str,
    columns: Sequence[str],
    states: Sequence[State],
    names: Mapping[Any, str],
    others: str,
    *,
    lists_all: bool = False,
    by_size: bool = False,
) -> Sheet:
    """Return headings and rows of the file: rows with most people first if `by_size`, else in the order of `names`.

    `names` has the name of each row by its key. Without `lists_all`, a row without any number that may be shown is left
    out: its name alone would tell that somebody is there.
    """
    if not states:
        return [heading, _("People")], [[_("All"), _("fewer than %(number)s", number=LEAST)]]
    shown = {key: [state.numbers.get(key) for state in states] for key in names}
    keys = [key for key in names if lists_all or any(shown[key])]
    if by_size:
        keys.sort(key=lambda key: (-sum(number or 0 for number in shown[key]), names[key]))
    together = _("with others")
    rows: list[list[Cell]] = [
        [names[key], *(together if number is None else number for number in shown[key])] for key in keys
    ]
    if any(state.others for state in states):
        rows.append([others, *(state.others for state in states)])
    return [heading, *columns], [*rows, [_("All"), *(state.total for state in states)]]


def _state_words(state: State) -> str:
    if len(state.states) == 1:
        return status_name(state.states[0])
    return _("Not confirmed") if len(state.states) == len(OTHER_STATES) else _("Other states")


MAKERS: Mapping[FigureName, Callable[[Event], Sheet]] = {
    FigureName.DAYS: _of_days,
    FigureName.SECTORS: _of_sectors,
    FigureName.COUNTRIES: _of_countries,
    FigureName.ORGANISATIONS: _of_organisations,
    FigureName.WAYS: _of_ways,
    FigureName.INVITATIONS: _of_invitations,
}
