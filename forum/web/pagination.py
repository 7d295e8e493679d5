"""Keyset pagination: a page starts at a row, so that the last page of 100,000 rows costs as much as the first one.

This module uses neither the request nor any feature. The URL names the row beside which a page starts by an opaque key
(a reference), never by a value by which the list is sorted: people's names must not appear in URLs.

    order = Order((Registration.sort_key, Registration.id))
    page = read_page(db.session, query, order, size=50, beside=row, backwards=False)
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session, scoped_session

Row = TypeVar("Row")
KEY = re.compile(r"[A-Za-z0-9-]{1,40}")


@dataclass(frozen=True)
class Cursor:
    """The start of a page: after the row with this key, or before the row."""

    key: str
    backwards: bool = False

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Cursor | None":
        """Read `after` or `before` from a URL's query; return None for a value that cannot be a key."""
        for name in ("after", "before"):
            if KEY.fullmatch(key := args.get(name, "")):
                return cls(key, backwards=name == "before")
        return None

    def args(self) -> dict[str, str]:
        """Return the cursor as the parameter of a URL, `after` or `before`."""
        return {"before" if self.backwards else "after": self.key}


@dataclass(frozen=True)
class Order:
    """The order of a list: by `columns`, the last of them unique; with `group_by`, first by the order of `groups`.

    Groups are values of one column, such as the ids of sectors in the event's order. Each group is read through
    its own index range, and only as far as the page needs. `parts` are conditions; the list has the rows that fulfil
    at least one of them. Each part is read through its own index range, too, and the rows of all parts are merged.
    """

    columns: tuple[Any, ...]
    falling: bool = False
    group_by: Any = None
    groups: tuple[Any, ...] = ()
    parts: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of a page, and whether there are rows before and after them."""

    rows: Sequence[Row]
    has_previous: bool = False
    has_next: bool = False


def read_page(
    session: Session | scoped_session[Any],
    query: Select,
    order: Order,
    *,
    size: int,
    beside: Any = None,
    backwards: bool = False,
) -> Page:
    """Return the page after (or before) the row `beside`; the first page without `beside`, or if no row is there."""
    if beside is None:
        rows = _read(session, query, order, size + 1)
        return Page(rows[:size], has_next=len(rows) > size)
    rows = _read(session, query, order, size + 1, beside, backwards)
    if len(rows) <= size and (backwards or not rows):
        return read_page(session, query, order, size=size)
    if backwards:
        return Page(rows[:size][::-1], has_previous=True, has_next=True)
    return Page(rows[:size], has_previous=True, has_next=len(rows) > size)


def count_before(
    session: Session | scoped_session[Any], query: Select, order: Order, row: Any, most: int | None = None
) -> int:
    """Return how many rows of the list stand before `row`. The rows are counted in the indexes and not loaded.

    With `most`, at most so many rows of each group are counted.
    """
    backwards = not order.falling
    key = order.columns[-1]
    if order.groups:
        parts = [
            part.where(order.group_by == group)
            for group, at in _groups(order, backwards, row)
            for part in _beyond(query, order.columns, backwards, at)
        ]
    else:
        parts = [*_beyond(query, order.columns, backwards, row)]
    counts = [
        select(func.count()).select_from(part.with_only_columns(key).order_by(None).limit(most).subquery())
        for part in parts
    ]
    each = union_all(*counts).subquery()
    return session.scalar(select(func.sum(each.c[0]))) or 0


def read_neighbours(
    session: Session | scoped_session[Any], query: Select, order: Order, *, beside: Any
) -> tuple[Any, Any]:
    """Return the rows before and after the row `beside`, each None where there is none.

    A row whose group is not among the groups of `order` has no position in the list, so it has no neighbours.
    """
    if order.groups and getattr(beside, order.group_by.key) not in order.groups:
        return None, None
    before, after = (_read(session, query, order, 1, beside, backwards) for backwards in (True, False))
    return (before[0] if before else None), (after[0] if after else None)


def _read(
    session: Session | scoped_session[Any],
    query: Select,
    order: Order,
    limit: int,
    beside: Any = None,
    backwards: bool = False,
) -> Sequence[Any]:
    falling = order.falling != backwards
    if order.parts:
        return session.scalars(_merged(query, order, limit, beside, falling)).all()
    if not order.groups:
        return session.scalars(_part(query, order.columns, falling, beside).limit(limit)).all()
    entity = query.column_descriptions[0]["entity"]
    key = order.columns[-1]
    picked = union_all(
        *(
            select(_ranked(query, order, rank, group, falling, at).limit(limit).subquery())
            for rank, (group, at) in enumerate(_groups(order, falling, beside))
        )
    ).subquery()
    whole = select(entity).join(picked, key == picked.c[key.key])
    return session.scalars(whole.order_by(picked.c.rank, *_sorted(order.columns, falling)).limit(limit)).all()


def _merged(query: Select, order: Order, limit: int, beside: Any, falling: bool) -> Select:
    """Return a query for at most `limit` rows after `beside` that fulfil at least one condition of `order.parts`.

    Of each condition at most `limit` rows are read through its own index range; then they are sorted together.
    """
    key = order.columns[-1]
    ranges = [
        _part(query.where(part), order.columns, falling, beside).with_only_columns(key).limit(limit)
        for part in order.parts
    ]
    picked = union_all(*(select(some.subquery()) for some in ranges)).subquery()
    whole = select(query.column_descriptions[0]["entity"]).where(key.in_(select(picked.c[0])))
    return whole.order_by(*_sorted(order.columns, falling)).limit(limit)


def _groups(order: Order, falling: bool, beside: Any) -> list[tuple[Any, Any]]:
    """Return the groups from the one in which the page starts, each with a row: `beside` for that one, else None."""
    groups = list(order.groups[::-1] if falling else order.groups)
    if beside is None:
        return [(group, None) for group in groups]
    first = groups.index(getattr(beside, order.group_by.key))
    return [(group, beside if group == groups[first] else None) for group in groups[first:]]


def _ranked(query: Select, order: Order, rank: int, group: Any, falling: bool, beside: Any) -> Select:
    part = _part(query, order.columns, falling, beside).where(order.group_by == group)
    return part.with_only_columns(order.columns[-1], literal(rank).label("rank"))


def _beyond(query: Select, columns: tuple[Any, ...], falling: bool, beside: Any) -> Iterator[Select]:
    """Yield queries for the rows after `beside`: for rows that differ in the first column, and for the others.

    Counting by these two queries is twice as fast as by one query that compares all columns of each row.
    """
    if beside is None or len(columns) == 1:
        yield _part(query, columns, falling, beside)
        return
    first, *others = columns
    here = literal(getattr(beside, first.key), first.type)
    yield query.where(first < here if falling else first > here)
    yield _part(query.where(first == here), tuple(others), falling, beside)


def _part(query: Select, columns: tuple[Any, ...], falling: bool, beside: Any) -> Select:
    if beside is not None:
        here = tuple_(*(literal(getattr(beside, column.key), column.type) for column in columns))
        query = query.where(tuple_(*columns) < here if falling else tuple_(*columns) > here)
    return query.order_by(*_sorted(columns, falling))


def _sorted(columns: tuple[Any, ...], falling: bool) -> list[Any]:
    return [column.desc() if falling else column.asc() for column in columns]
