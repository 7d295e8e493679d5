"""An event's figures in words, for organisers: what each figure says, its table and its drawing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from babel.dates import format_date
from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from forum.console import figure_numbers as numbers
from forum.console.figure_numbers import Came, Day, Group
from forum.events import queries as events
from forum.events.models import Event
from forum.invitations import queries as invitations
from forum.invitations.enums import InvitationState
from forum.registration import listing
from forum.registration.balance import Balance, balance_of
from forum.registration.ring import percent
from forum.web.charts import Curves, Part, draw_bars, draw_curves
from forum.web.countries import country_names
from forum.web.languages import language

Cell = str | int
WEEK = timedelta(days=7)


class FigureName(StrEnum):
    """The name of a figure, on its page and in the URL of its CSV file."""

    DAYS = "days"
    SECTORS = "sectors"
    COUNTRIES = "countries"
    ORGANISATIONS = "organisations"
    WAYS = "ways"
    INVITATIONS = "invitations"


@dataclass(frozen=True)
class Row:
    """A row of a figure's table: what is counted, its numbers, and the bar beside it."""

    label: str
    numbers: Sequence[Cell]
    bar: Sequence[Part] = ()


@dataclass(frozen=True)
class Trend:
    """Registrations over time: the curves, the first and the last day in words, and two sentences that sum them up."""

    curves: Curves
    first: str
    last: str
    said: str
    lately: str


@dataclass(frozen=True)
class Figure:
    """A figure of the page: a title, a table and a drawing.

    The drawing is bars in the rows, curves over time (`trend`) or a balance of places. `key` explains the parts
    of the drawing: each part's kind, as `templates/components/chart.html` names it, with a label.
    """

    name: FigureName
    title: str
    said: str
    columns: Sequence[str]
    rows: Sequence[Row]
    total: Row | None = None
    key: Sequence[tuple[str, str]] = field(default=())
    trend: Trend | None = None
    balance: Balance | None = None


def list_figures(event: Event, now: datetime) -> list[Figure]:
    """Return all figures of an event, in the order in which its page shows them."""
    return [make(event, now) for make in MAKERS.values()]


def count_left_out(figures: Sequence[Figure]) -> int:
    """Return how many people the figures by country and organisation leave out, because their data may not be used."""
    everybody, used = (
        sum(int(row.numbers[0]) for one in figures if one.name == name for row in one.rows)
        for name in (FigureName.WAYS, FigureName.COUNTRIES)
    )
    return everybody - used


def trend_of(event: Event, now: datetime, days: Sequence[Day] | None = None) -> Trend | None:
    """Return the registrations over time, until today or the event's end; None before the first registration."""
    days = numbers.list_days(event) if days is None else days
    if not days:
        return None
    today = min(now, event.ends_at).astimezone(event.zone).date()
    filled = numbers.fill_days(days, today)
    drawn = draw_curves(
        {
            "remaining": [one.remaining for one in filled],
            "received": [one.received_so_far for one in filled],
            "ended": [one.ended_so_far for one in filled],
        }
    )
    last = filled[-1]
    said = _(
        "%(received)s received, %(ended)s of them ended, %(remaining)s remain.",
        received=last.received_so_far,
        ended=last.ended_so_far,
        remaining=last.remaining,
    )
    lately = "" if events.is_over(event, now) else _lately(days, today)
    return Trend(drawn, _day_words(filled[0].day), _day_words(last.day), said, lately)


def trend_key() -> list[tuple[str, str]]:
    """Return the legend of the drawing of registrations over time: each curve's name and its words."""
    return [
        ("remaining", _("remain")),
        ("received", _("received in all")),
        ("ended", _("ended in all")),
    ]


def _lately(days: Sequence[Day], today: date) -> str:
    monday = today - timedelta(days=today.weekday())
    return _(
        "%(now)s since Monday, %(before)s the week before.",
        now=numbers.count_between(days, monday, today),
        before=numbers.count_between(days, monday - WEEK, monday - timedelta(days=1)),
    )


def _of_days(event: Event, now: datetime) -> Figure:
    days = numbers.list_days(event)
    trend = trend_of(event, now, days)
    return Figure(
        FigureName.DAYS,
        _("Registrations over time"),
        f"{trend.said} {trend.lately}".strip() if trend else "",
        [
            _("Day"),
            pgettext("registrations", "Received"),
            pgettext("registrations", "Ended"),
            _("Received in all"),
            _("Remain"),
        ],
        [Row(_day_words(one.day), _cells_of_day(one)) for one in days],
        key=trend_key(),
        trend=trend,
    )


def _cells_of_day(day: Day) -> list[Cell]:
    return [day.received, day.ended, day.received_so_far, day.remaining]


def _of_sectors(event: Event, now: datetime) -> Figure:
    counts = listing.count_by_sector_and_status(event)
    balance = balance_of(event, counts, now)
    names = ("confirmed", "held", "reserved", "taken", "floor", "ceiling", "in_review", "waiting")
    columns = [_("Sector"), _("Confirmed"), _("Held"), _("Held otherwise"), _("Taken"), _("Floor")]
    columns += [_("Ceiling"), _("In review"), _("Waiting")]
    sums: list[Cell] = ["" if name == "ceiling" else balance.total(name) for name in names]
    return Figure(
        FigureName.SECTORS,
        _("By sector"),
        _("Places against floor and ceiling."),
        columns,
        [Row(sector.name, [getattr(sector, name) for name in names]) for sector in balance.sectors],
        Row(_("All sectors"), sums),
        balance=balance,
    )


def _of_countries(event: Event, _now: datetime) -> Figure:
    groups, names = numbers.count_countries(event), country_names(language())
    rows = _rows([(names.get(one.key) or one.key or _("No country"), one) for one in groups])
    said = ngettext("From %(num)s country.", "From %(num)s countries.", len(groups)) if groups else ""
    return _of_groups(FigureName.COUNTRIES, _("By country"), said, _("Country"), rows)


def _of_organisations(event: Event, _now: datetime) -> Figure:
    counted = numbers.count_organisations(event)
    rows = _rows([(one.key or _("No organisation"), one) for one in counted.groups])
    if counted.more:
        more = ngettext("%(num)s more organisation", "%(num)s more organisations", counted.more)
        # This row sums up many organisations and gets no bar: its bar would make all others look short.
        rows.append(Row(more, [counted.others.registrations, counted.others.places]))
    number = len(counted.groups) + counted.more
    said = (
        ngettext("%(num)s organisation.", "%(num)s organisations, the largest first.", number)
        if number
        else ""
    )
    return _of_groups(FigureName.ORGANISATIONS, _("By organisation"), said, _("Organisation"), rows)


def _of_ways(event: Event, _now: datetime) -> Figure:
    counted, words = numbers.count_ways(event), ways_in_words()
    rows = _rows([(words[Came(one.key)], one) for one in counted])
    is_any = any(one.registrations for one in counted)
    return _of_groups(
        FigureName.WAYS, _("How registrations came in"), "", _("Came by"), rows if is_any else []
    )


def ways_in_words() -> dict[Came, str]:
    """Return the words for the ways in which registrations come."""
    return {
        Came.FORM: _("The form"),
        Came.INVITATION: _("An invitation"),
        Came.DELEGATION: _("A delegation"),
        Came.INSTEAD: _("Instead of somebody else"),
        Came.BY_HAND: _("Added by an organiser"),
    }


def _of_invitations(event: Event, _now: datetime) -> Figure:
    came = invitations.count_conversion(event)
    steps = [
        (_("People invited"), came.made),
        (_("Message sent"), came.sent),
        (_("Answer begun or given"), came.opened),
        (_("Yes"), came.by_state.get(InvitationState.YES, 0)),
        (_("No"), came.by_state.get(InvitationState.NO, 0)),
        (_("Passed on"), came.by_state.get(InvitationState.FORWARDED, 0)),
        (pgettext("invitation", "Expired"), came.by_state.get(InvitationState.EXPIRED, 0)),
        (pgettext("invitation", "Withdrawn"), came.by_state.get(InvitationState.WITHDRAWN, 0)),
    ]
    bars = draw_bars([{"all": number} for _label, number in steps])
    rows = [
        Row(label, [number, percent(number, came.made)], bar)
        for (label, number), bar in zip(steps, bars, strict=True)
    ]
    said = _(
        "Yes from %(yes)s of %(made)s invited.",
        yes=came.by_state.get(InvitationState.YES, 0),
        made=came.made,
    )
    return Figure(
        FigureName.INVITATIONS,
        _("What became of the invitations"),
        said if came.made else "",
        [_("Step"), _("Invitations"), _("Per cent of those invited")],
        rows if came.made else [],
    )


def _of_groups(name: FigureName, title: str, said: str, heading: str, rows: Sequence[Row]) -> Figure:
    return Figure(
        name,
        title,
        said,
        [heading, _("Registrations"), _("With a place")],
        rows,
        Row(_("All"), [sum(int(row.numbers[at]) for row in rows) for at in (0, 1)]) if rows else None,
        key=[("place", _("with a place")), ("other", _("without a place"))] if rows else (),
    )


def _rows(named: Sequence[tuple[str, Group]]) -> list[Row]:
    bars = draw_bars(
        [{"place": one.places, "other": one.registrations - one.places} for _label, one in named]
    )
    return [
        Row(label, [one.registrations, one.places], bar)
        for (label, one), bar in zip(named, bars, strict=True)
    ]


def _day_words(day: date) -> str:
    return format_date(day, "d MMM y", locale=language())


MAKERS: Mapping[FigureName, Callable[[Event, datetime], Figure]] = {
    FigureName.DAYS: _of_days,
    FigureName.SECTORS: _of_sectors,
    FigureName.COUNTRIES: _of_countries,
    FigureName.ORGANISATIONS: _of_organisations,
    FigureName.WAYS: _of_ways,
    FigureName.INVITATIONS: _of_invitations,
}
