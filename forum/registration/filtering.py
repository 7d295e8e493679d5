"""The filters and the order of the attendee list, as the list's URL has them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from werkzeug.datastructures import MultiDict

from forum.events.models import Event, Sector
from forum.events.queries import find_sector
from forum.questions.enums import YES
from forum.questions.models import Question
from forum.registration import chosen, delegated, narrowing
from forum.registration.delegated import Delegated
from forum.registration.enums import Group, Membership, Status
from forum.registration.models import Registration
from forum.registration.narrowing import UnknownFilter, Values

LONGEST_SEARCH = 200
CHOSEN = "chosen"  # the URL's parameter that narrows the list to the people whom the organiser has ticked
SORTS = ("name", "organisation", "sector", "status", "registered")
LONGEST_NUMBER = 9  # the most digits of a row's id in the URL; no id is larger
LONGEST_DAY = 10  # the length of a day such as "2027-05-03"
LONGEST_TOLD = 40  # the most characters of a text that is no day on the page that says so
DAYS = ("since", "until")
COLUMN, MOST_COLUMNS = re.compile(r"[a-z0-9_-]{1,100}"), 100


@dataclass(frozen=True)
class Filters:
    """The filters and the order of the list, which are all in the URL.

    Each kind of filter may have several values, of which a registration must meet one; every kind must be met.
    `statuses` are statuses or groups of them, `picked` the values of the other kinds (`narrowing.KINDS`), `conditions`
    their SQL conditions, and `each` these conditions in the form of `narrowing.Kind.each`. `since` and `until` are the
    first and the last day of registering. `sort` begins with "-" for falling order. `view` is the number of the saved
    view (`saved_views`) from which the list was opened, whose columns the list keeps; `columns` are the keys of columns
    chosen since, in place of the view's; the name is always shown and its key may be among them. `chooser` is the id of
    the organiser to whose choice (`chosen`) the list is narrowed, None if the list is not narrowed. `asked` is what
    `narrowing.list_asked` has returned for a filter by answers, so that the page does not ask for it again, and
    `delegations` are the event's confirmed ones, if they have been read already.
    """

    q: str = ""
    sectors: tuple[Sector, ...] = ()
    statuses: tuple[Status | Group, ...] = ()
    sort: str = "name"
    delegation: Delegated | Membership | None = None
    since: date | None = None
    until: date | None = None
    picked: tuple[tuple[str, Values], ...] = ()
    view: int | None = None
    columns: tuple[str, ...] = ()
    chooser: int | None = None
    wrong_days: tuple[str, ...] = field(default=(), compare=False)
    asked: Sequence[Question] | None = field(default=None, compare=False, repr=False)
    delegations: Sequence[Delegated] | None = field(default=None, compare=False, repr=False)
    conditions: tuple[ColumnElement[bool], ...] = field(default=(), compare=False, repr=False)
    each: tuple[ColumnElement[bool], ...] = field(default=(), compare=False, repr=False)

    @classmethod
    def of(
        cls,
        args: MultiDict,
        event: Event,
        user_id: int | None = None,
        version: int | None = None,
        *,
        tells_days: bool = False,
    ) -> "Filters":
        """Read the filters from the URL's query; `user_id` is the organiser whose choice of people the URL may name.

        `version` is the content version that the request has read, if it only reads (`narrowing.list_asked`). If
        `tells_days`, a text that should be a day but names none is no filter, and is kept in `wrong_days` for the page
        to tell: only for a page that shows the list. Where people are chosen, changed, written to or exported, the list
        without that filter would have people who were not meant.
        Raises UnknownFilter; an unknown order in the URL means the order by name (S34).
        """
        args, wrong_days = _without_wrong_days(args) if tells_days else (args, ())
        number, sort = args.get("delegation", ""), args.get("sort", "")
        delegation = delegated.find(event, number) if number else None
        if number and delegation is None:
            raise UnknownFilter
        asked = narrowing.list_asked(event, version) if any(args.getlist(narrowing.ANSWER)) else None
        read = ((name, narrowing.read(event, name, args.getlist(name), asked)) for name in narrowing.KINDS)
        picked = tuple((name, values) for name, values in read if values)
        since, until = (_day(args.get(name, "")) for name in DAYS)
        chooser = _chooser(args.get(CHOSEN, ""), user_id)
        others = (
            *_registered(event, since, until),
            *([chosen.is_chosen(event, chooser)] if chooser else []),
        )
        return cls(
            q=read_search(args),
            sectors=_sectors(event, args.getlist("sector")),
            statuses=_statuses(args.getlist("status")),
            sort=sort if sort.removeprefix("-") in SORTS else "name",
            delegation=delegation,
            since=since,
            until=until,
            picked=picked,
            view=_number(args.get("view", "")),
            columns=_columns(args.getlist("column")) if args.get("view") else (),
            chooser=chooser,
            wrong_days=wrong_days,
            asked=asked,
            conditions=(*narrowing.conditions(event, picked), *others),
            each=(*narrowing.each_conditions(event, picked), *others),
        )

    @property
    def is_narrowed(self) -> bool:
        """Return whether a filter or a search may leave registrations out of the list."""
        return bool(self.sectors or self.statuses or self.needs_rows)

    @property
    def needs_rows(self) -> bool:
        """Return whether the stored counts by sector and status cannot tell how many people match these filters."""
        return bool(self.q or self.delegation or self.conditions)

    @property
    def is_one_of_each(self) -> bool:
        """Return whether the only filter is of a kind that has other SQL for long lists (`narrowing.Kind.each`)."""
        return self.is_one_picked and narrowing.has_each(self.picked)

    @property
    def is_one_picked(self) -> bool:
        """Return whether the list is filtered by one kind of filter in `picked`, and by nothing else."""
        others = self.q, self.sectors, self.statuses, self.delegation, self.since, self.until, self.chooser
        return len(self.picked) == 1 and not any(others)

    @property
    def is_search(self) -> bool:
        """Return whether looking at this list is also recorded as a search, not only as a view of its people (P18)."""
        return bool(self.q or self.picked)

    @property
    def delegation_code(self) -> str:
        """Return the value of the URL's parameter that filters by delegation; "" without that filter."""
        chosen = self.delegation
        return str(chosen.number) if isinstance(chosen, Delegated) else chosen or ""

    def values(self, name: str) -> Values:
        """Return the chosen values of one kind of filter (a name in `narrowing.KINDS`)."""
        return dict(self.picked).get(name, ())

    def query(self, **differing: str | Sequence[str]) -> dict[str, Any]:
        """Return the parameters of the list's URL, without defaults."""
        shown: dict[str, Any] = {
            "q": self.q,
            "sector": [sector.key for sector in self.sectors],
            "status": [str(status) for status in self.statuses],
            **{name: list(values) for name, values in self.picked},
            "delegation": self.delegation_code,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            CHOSEN: YES if self.chooser else "",
            "sort": self.sort,
            "view": str(self.view or ""),
            "column": list(self.columns),
        }
        values = {**shown, **differing}
        return {name: value for name, value in values.items() if value and (name, value) != ("sort", "name")}


def _sectors(event: Event, keys: Sequence[str]) -> tuple[Sector, ...]:
    """Return the sectors with these keys in the event's order. Raises UnknownFilter (S13)."""
    wanted = narrowing.bounded(keys)
    if any(find_sector(event, key) is None for key in wanted):
        raise UnknownFilter
    return tuple(sector for sector in event.sectors if sector.key in wanted)


def _statuses(codes: Sequence[str]) -> tuple[Status | Group, ...]:
    wanted, known = set(narrowing.bounded(codes)), (*Group, *Status)
    if not wanted <= set(known):
        raise UnknownFilter
    return tuple(one for one in known if one in wanted)


def _chooser(text: str, user_id: int | None) -> int | None:
    """Return the id of the organiser to whose choice the list is narrowed.

    Raises UnknownFilter for any text but YES, and for YES without an organiser.
    """
    if text and (text != YES or user_id is None):
        raise UnknownFilter
    return user_id if text else None


def _number(text: str) -> int | None:
    """Return the id of a saved view that the text names, or None for any other text."""
    return int(text) if len(text) <= LONGEST_NUMBER and text.isascii() and text.isdecimal() else None


def _columns(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the texts that have the form of a column's key; `list_columns` decides which the event has."""
    return tuple(dict.fromkeys(key for key in keys[:MOST_COLUMNS] if COLUMN.fullmatch(key)))


def read_search(args: MultiDict) -> str:
    """Return the searched words of a URL's query, at most LONGEST_SEARCH characters."""
    return args.get("q", "")[:LONGEST_SEARCH].replace("\x00", " ").strip()


def _without_wrong_days(args: MultiDict) -> tuple[MultiDict, tuple[str, ...]]:
    """Return the URL's query without texts that should be days but name none, and these texts."""
    kept, wrong = MultiDict(args), []
    for name in DAYS:
        try:
            _day(args.get(name, ""))
        except UnknownFilter:
            wrong.append(kept.poplist(name)[0][:LONGEST_TOLD].replace("\x00", ""))
    return kept, tuple(wrong)


def _day(text: str) -> date | None:
    """Return a day such as "2027-05-03", None for no text. Raises UnknownFilter, as before 1900 or after 9000-01-01."""
    if not text:
        return None
    if len(text) != LONGEST_DAY or not text.isascii():
        raise UnknownFilter
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UnknownFilter from error
    if not date(1900, 1, 1) <= day <= date(9000, 1, 1):
        raise UnknownFilter
    return day


def _registered(event: Event, since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    """Return the conditions that somebody registered from the first day to the last, in the event's time zone."""
    day = timedelta(days=1)
    first = datetime.combine(since, time(), event.zone).astimezone(UTC) if since else None
    after = datetime.combine(until + day, time(), event.zone).astimezone(UTC) if until else None
    begun = [Registration.requested_at >= first] if first else []
    return [*begun, *([Registration.requested_at < after] if after else [])]
