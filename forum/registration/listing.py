"""The organisers' list: filtered, searched, sorted, counted and paged for 100,000 registrations.

The list reads `registrations`, `consents`, tags and delegations, never the encrypted tables: in this list a person with
protected identity cannot be distinguished from other people (P21, P22).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, func, or_, select

from forum.events.models import Event, Sector
from forum.extensions import db
from forum.registration import (
    delegated,
    line_queries,
    listed,
    narrowing,
    search_conditions,
    state_counts,
)
from forum.registration.enums import ENDED, Group, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.restrictions import RESTRICTED
from forum.web.pagination import Cursor, Order, Page, count_before, read_neighbours, read_page

PAGE_SIZE = 50
# The people whom a search or a filter matches are counted up to this number; beyond, the list says "more than".
MOST_COUNTED = 10_000
# If a filter matches more people than this, the query tests one after another until the page is full (`Filters.each`).
FEW = 1000
LATEST = 6
SHOWN_OF_LINE = 50
BY_LIFE = (
    Status.CONFIRMED,
    Status.OFFERED,
    Status.PENDING,
    Status.IN_REVIEW,
    Status.WAITING,
    Status.DECLINED,
    Status.EXPIRED,
    Status.CANCELLED,
)
GROUPS: Mapping[Group, ColumnElement[bool]] = {
    Group.PLACE: Registration.holds_place.expression,
    Group.HELD: Registration.holds_place & (Registration.status != Status.CONFIRMED),
    Group.UNHELD: (Registration.status == Status.PENDING) & ~Registration.holds_place,
    Group.ENDED: Registration.status.in_(ENDED),
}
BY_NAME = (Registration.sort_key, Registration.id)
BY_ORGANISATION = (Registration.organisation_sort_key, Registration.sort_key, Registration.id)
BY_TIME = (Registration.requested_at, Registration.id)

Counts = Mapping[tuple[int, str], int]


@dataclass(frozen=True)
class Listed:
    """A page of the attendee list, how many people match, and the position of its first row in the whole list, from 1.

    If rows have to be counted, `total` is MOST_COUNTED + 1 for any larger number (`is_counted`). `first` is None if
    more than MOST_COUNTED rows come before the page.
    """

    page: Page[Registration]
    total: int
    first: int | None


def read_counted(event: Event, filters: Filters, cursor: Cursor | None, counts: Counts) -> Listed:
    """Return a page of the list and how many people match its filters; an unknown cursor gives the first page."""
    people = matching(event, filters)
    if filters.is_one_of_each:
        total = count_matching(event, filters, counts, None, MOST_COUNTED, people)
        people = matching(event, filters, are_many=total > FEW)
        page = _read(event, filters, cursor, people)
    else:
        page = _read(event, filters, cursor, people)
        total = count_matching(event, filters, counts, page, MOST_COUNTED, people)
    return Listed(page, total, _first_number(event, filters, page, total, people))


def read_list(event: Event, filters: Filters, cursor: Cursor | None) -> Page[Registration]:
    """Return a page of the list; an unknown cursor gives the first page."""
    return _read(event, filters, cursor, matching(event, filters))


def _read(event: Event, filters: Filters, cursor: Cursor | None, people: Select) -> Page[Registration]:
    beside = listed.find_beside(event, cursor.key) if cursor else None
    backwards = cursor.backwards if cursor else False
    by = order(event, filters)
    return read_page(
        db.session, people.options(listed.COLUMNS), by, size=PAGE_SIZE, beside=beside, backwards=backwards
    )


def find_neighbours(
    event: Event, filters: Filters, registration: Registration
) -> tuple[Registration | None, Registration | None]:
    """Return the registrations before and after this one in the filtered list; None at its ends."""
    are_many = filters.is_one_of_each and count_matching(event, filters, {}, most=FEW) > FEW
    people = matching(event, filters, are_many=are_many)
    return read_neighbours(db.session, people, order(event, filters), beside=registration)


def matching(event: Event, filters: Filters, *, are_many: bool = False) -> Select:
    """Select the registrations that match the filters; every term of the search must be met.

    If many match (`are_many`), it is fastest to test one registration after the other until the page is full.
    """
    query = select(Registration).where(Registration.event_id == event.id)
    if filters.sectors:
        query = query.where(or_(*(Registration.sector_id == sector.id for sector in filters.sectors)))
    if filters.statuses:
        query = query.where(or_(*map(_has_status, filters.statuses)))
    if filters.delegation:
        query = query.where(delegated.meets(filters.delegation))
    query, are_few = search_conditions.narrow(query, event, filters.q, filters.delegations)
    return query.where(*(filters.each if are_many or are_few else filters.conditions))


def _has_status(status: Status | Group) -> ColumnElement[bool]:
    return GROUPS[status] if isinstance(status, Group) else Registration.status == status


def order(event: Event, filters: Filters) -> Order:
    """Return the order of the list; within a sector, a status or an organisation people are sorted by name."""
    falling, name = filters.sort.startswith("-"), filters.sort.removeprefix("-")
    match name:
        case "organisation":
            return Order(BY_ORGANISATION, falling)
        case "registered":
            return Order(BY_TIME, falling)
        case "sector":
            sectors = tuple(sector.id for sector in event.sectors)
            return Order(BY_NAME, falling, Registration.sector_id, sectors)
        case "status":
            return Order(BY_NAME, falling, Registration.status, BY_LIFE)
        case _:
            return Order(BY_NAME, falling, parts=_parts(filters))


def _parts(filters: Filters) -> tuple[ColumnElement[bool], ...]:
    """Return conditions that split the list into parts with an index by name (`Order.parts`); () to read it whole."""
    keys, statuses = filters.values("organisation"), filters.statuses
    if len(keys) > 1:
        return tuple(Registration.organisation_key == key for key in keys)
    if len(statuses) > 1 and set(statuses) <= set(Status):
        return tuple(map(_has_status, statuses))
    if len(filters.sectors) > 1:
        return tuple(Registration.sector_id == sector.id for sector in filters.sectors)
    return ()


def count_by_sector_and_status(event: Event) -> dict[tuple[int, str], int]:
    """Return the number of registrations by (sector id, status), without pairs that have none."""
    return state_counts.read(event)


def total(counts: Counts, *, sector_id: int | None = None, status: str | None = None) -> int:
    """Return the sum of the counts of registrations: of a sector, of a status, of a status in a sector, or of all."""
    return sum(
        number
        for (counted_sector, counted_status), number in counts.items()
        if sector_id in (None, counted_sector) and status in (None, counted_status)
    )


def count_matching(
    event: Event,
    filters: Filters,
    counts: Counts,
    page: Page | None = None,
    most: int | None = None,
    people: Select | None = None,
) -> int:
    """Return how many registrations match the filters; with `most`, at most `most` + 1.

    `people` is what `matching` has returned for the filters, if the caller has it. If `page` shows all who match, its
    rows are counted; for filters by sector and status alone `counts` are added up; else rows are counted.
    """
    if page and not page.has_previous and not page.has_next:
        return len(page.rows)
    number = tell_number(event, filters, counts)
    if number is not None:
        return number
    alone = narrowing.select_alone(event, filters.picked) if filters.is_one_picked else None
    if alone is None:
        people = matching(event, filters) if people is None else people
        ids = people.with_only_columns(Registration.id)
    else:
        ids = alone
    ids = ids if most is None else ids.limit(most + 1)
    return db.session.scalar(select(func.count()).select_from(ids.subquery())) or 0


def is_counted(filters: Filters, total: int) -> bool:
    """Return whether `total` is exact: where rows are counted, `read_counted` stops after MOST_COUNTED."""
    return total <= MOST_COUNTED or not _needs_rows(filters)


def tell_number(event: Event, filters: Filters, counts: Counts) -> int | None:
    """Return how many registrations match the filters, from the stored counts; None where rows have to be counted."""
    if _needs_rows(filters):
        return None
    statuses = filters.statuses or (None,)
    return sum(count_status(event, counts, status, filters.sectors) for status in statuses)


def _needs_rows(filters: Filters) -> bool:
    """Return whether rows must be counted: groups of states may share people, so the groups' counts do not add up."""
    several = len(filters.statuses) > 1 and not set(filters.statuses) <= set(Status)
    return filters.needs_rows or several


def count_status(
    event: Event, counts: Counts, status: Status | Group | None, sectors: Sequence[Sector] = ()
) -> int:
    """Return how many registrations have a state, or belong to a group of states, in these sectors or in all.

    Places are counted by the counters that decide about them, so that a number and its list agree.
    """
    chosen = sectors or event.sectors

    def number(*states: Status) -> int:
        return sum(counts.get((each.id, state), 0) for each in chosen for state in states)

    if status == Group.ENDED:
        return number(*ENDED)
    if isinstance(status, Group):
        taken = sum(each.taken - each.reserved for each in chosen)
        held = max(0, taken - number(Status.CONFIRMED))
        if status == Group.UNHELD:
            return max(0, number(Status.PENDING, Status.OFFERED) - held)
        return taken if status == Group.PLACE else held
    if status is not None:
        return number(status)
    ids = {each.id for each in chosen}
    return sum(counted for (sector_id, _status), counted in counts.items() if sector_id in ids)


def _first_number(
    event: Event, filters: Filters, page: Page, matching_in_all: int, people: Select
) -> int | None:
    if not page.has_previous:
        return 1
    is_whole = is_counted(filters, matching_in_all)
    if is_whole and not page.has_next:
        return matching_in_all - len(page.rows) + 1
    most = None if is_whole else MOST_COUNTED + 1
    before = count_before(db.session, people, order(event, filters), page.rows[0], most)
    return before + 1 if is_whole or before <= MOST_COUNTED else None


def count_waiting(event: Event) -> int:
    """Return how many people wait, for the navigation; a partial index holds only their rows."""
    waiting = (Registration.event_id == event.id) & (Registration.status == Status.WAITING)
    return db.session.scalar(select(func.count()).select_from(Registration).where(waiting)) or 0


def waiting_positions(event: Event, registrations: Sequence[Registration]) -> dict[int, int]:
    """Return the position on the sector's waiting list (1 is next) by id, for those of `registrations` that wait."""
    ids = [registration.id for registration in registrations if registration.status == Status.WAITING]
    return line_queries.positions_of(event, ids) if ids else {}


def list_lines(event: Event) -> dict[int, list[tuple[int, Registration]]]:
    """Return the head of each sector's waiting list as (position, registration) by sector id, the next first."""
    line = line_queries.positions(event)
    query = select(line.c.position, Registration).join(line, line.c.id == Registration.id)
    shown = query.where(line.c.position <= SHOWN_OF_LINE).order_by(Registration.sector_id, line.c.position)
    lines: dict[int, list[tuple[int, Registration]]] = {}
    for position, registration in db.session.execute(shown):
        lines.setdefault(registration.sector_id, []).append((position, registration))
    return lines


def list_latest(event: Event) -> Sequence[Registration]:
    """Return the latest registrations, newest first."""
    query = select(Registration).where(Registration.event_id == event.id)
    newest = (Registration.requested_at.desc(), Registration.id.desc())
    return db.session.scalars(query.order_by(*newest).limit(LATEST)).all()


def order_by_sector_and_time(event: Event) -> Order:
    """Return the order by sector, and within a sector by time of registering."""
    return Order(BY_TIME, False, Registration.sector_id, tuple(sector.id for sector in event.sectors))


def count_exported(event: Event, filters: Filters) -> tuple[int, int]:
    """Return how many registrations an export of the list has, and how many it leaves out as restricted."""
    held = (
        matching(event, filters)
        .where(Registration.id.in_(RESTRICTED))
        .with_only_columns(Registration.id)
        .subquery()
    )
    left_out = db.session.scalar(select(func.count()).select_from(held)) or 0
    return count_matching(event, filters, count_by_sector_and_status(event)) - left_out, left_out
