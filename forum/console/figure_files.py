"""A figure's file, to be handed on: no number of people below five can be read in it or worked out (P10).

People are counted by state (confirmed, waiting, …). Every file counts the same people, those whose data may be used:
so no difference between files of one moment, or between one and the numbers for the public, tells more than one file.
Only how many have registered in all, and on which days, is exact.
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
from forum.participants.small_cells import LEAST, State, protect_states
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.registration.wording import status_name
from forum.web.countries import country_names
from forum.web.languages import in_language, language

# Confirmed places are counted by themselves, as the numbers for the public count them: in a sum with the other states,
# these numbers could be subtracted from it.
OTHER_STATES = (Status.OFFERED, Status.WAITING, Status.IN_REVIEW, Status.PENDING)
# A file: its headings, and its rows.
Sheet = tuple[Sequence[str], Sequence[Sequence[Cell]]]


def make_file(name: FigureName, event: Event) -> Sheet:
    """Return headings and rows of the file of the figure with this name."""
    return MAKERS[name](event)


def _of_days(event: Event) -> Sheet:
    days = numbers.list_days(event, IS_FREE)
    columns = _("Day"), pgettext("registrations", "Received"), _("Received in all")
    # Dates in figures: a spreadsheet sorts a day in words wrongly.
    return columns, [[one.day.isoformat(), one.received, one.received_so_far] for one in days if one.received]


def _of_sectors(event: Event) -> Sheet:
    keys = {sector.id: sector.key for sector in event.sectors}
    counted = numbers.count_states(event, Registration.sector_id)
    counts = {(keys[sector_id], state): number for (sector_id, state), number in counted.items()}
    names = {sector.key: in_language(sector.name) for sector in event.sectors}
    return _by_state(_("Sector"), counts, names, _("Other sectors"), lists_all=True)


def _of_countries(event: Event) -> Sheet:
    counts, known = numbers.count_states(event, Registration.country), country_names(language())
    names = {code: known.get(code) or code or _("No country") for code, _state in counts}
    return _by_state(_("Country"), counts, names, _("Other countries"))


def _of_organisations(event: Event) -> Sheet:
    counts = numbers.count_states(event, Registration.organisation_key)
    named = numbers.name_organisations(event)
    names = {key: named.get(key) or _("No organisation") for key, _state in counts}
    return _by_state(_("Organisation"), counts, names, _("Other organisations"))


def _of_ways(event: Event) -> Sheet:
    counts = numbers.count_states(event, numbers.way_of(event))
    return _by_state(_("Came by"), counts, ways_in_words(), _("Other ways"), lists_all=True)


def _of_invitations(event: Event) -> Sheet:
    """Return what became of the invitations; the steps before an answer are on the page alone.

    Those steps contain each other, and their differences are small numbers.
    """
    came = invitations.count_conversion(event)
    words = {
        InvitationState.YES: _("Yes"),
        InvitationState.NO: _("No"),
        InvitationState.FORWARDED: _("Passed on"),
        InvitationState.EXPIRED: pgettext("invitation", "Expired"),
        InvitationState.WITHDRAWN: pgettext("invitation", "Withdrawn"),
    }
    told: dict[tuple[str, str], int] = {(state, ""): came.by_state.get(state, 0) for state in words}
    told[InvitationState.OPEN, ""] = came.made - sum(told.values())
    words = {**words, InvitationState.OPEN: _("No answer yet")}
    states = protect_states(told, [*words], [""])
    return _sheet(_("Answer"), [_("Invitations")], states, words, _("Other answers"), lists_all=True)


def _by_state(
    heading: str,
    counts: Mapping[tuple[Any, str], int],
    names: Mapping[Any, str],
    others: str,
    *,
    lists_all: bool = False,
) -> Sheet:
    groups = (Status.CONFIRMED,), OTHER_STATES
    states = [state for group in groups for state in protect_states(counts, [*names], group)]
    return _sheet(heading, [*map(_state_words, states)], states, names, others, lists_all=lists_all)


def _sheet(
    heading: str,
    columns: Sequence[str],
    states: Sequence[State],
    names: Mapping[Any, str],
    others: str,
    *,
    lists_all: bool,
) -> Sheet:
    """Return the file's headings and rows, those with most people first; with `lists_all` as they are in `names`.

    Without `lists_all` a key without any number that may be shown has no row: its name alone would say that somebody
    is there.
    """
    if not states:
        return [heading, _("People")], [[_("All"), _("fewer than %(number)s", number=LEAST)]]
    shown = {key: [state.numbers.get(key) for state in states] for key in names}
    keys = [*names]
    if not lists_all:
        keys = [key for key in names if any(shown[key])]
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
