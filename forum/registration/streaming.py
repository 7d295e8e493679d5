"""Reading the whole attendee list for exports: its columns by name, its order, a few hundred rows at a time.

People with a restriction are left out (`restrictions`). `columns` are attributes of the registration, purposes of
consent (`consents.as_column`), PLACE_CONFIRMED_AT, `delegated.COLUMN`, the tags and the invitation of `list_columns`,
and `export_answers`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import JSON, Row, Select, String, case, cast, func, select, type_coerce

from forum.columns import Member, UtcDateTime
from forum.events.models import Event
from forum.extensions import db
from forum.registration import consents, delegated, export_answers, invited, list_columns, listing
from forum.registration.enums import ConsentPurpose, Status
from forum.registration.filtering import Filters
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.web.pagination import Order

# The name of the column with the time at which the place was confirmed; empty if the person has no place any more.
PLACE_CONFIRMED_AT = "place_confirmed_at"
ROWS_AT_ONCE = 500


def stream(event: Event, filters: Filters, columns: Sequence[str], by: Order | None = None) -> Iterator[Row]:
    """Yield the filtered list for an export, in the list's own order or in the order `by`."""
    query = _only(listing.matching(event, filters), columns, event)
    ordered = query.order_by(*_whole_order(by or listing.order(event, filters)))
    yield from db.session.execute(ordered, execution_options={"yield_per": ROWS_AT_ONCE})


def stream_stored(event: Event, filters: Filters, columns: Sequence[str]) -> Iterator[Sequence[Row]]:
    """Yield the filtered list as `stream` does, some hundred rows at a time, with values that are read fast.

    Codes are texts, moments are minutes in UTC such as "2027-05-03 12:00", and answers are JSON.
    """
    query = _only(listing.matching(event, filters), columns, event).order_by(
        *_whole_order(listing.order(event, filters))
    )
    dialect = db.session.get_bind().dialect.name
    stored = [_as_stored(each, dialect) for each in query.selected_columns]
    rows = db.session.connection().execute(
        query.with_only_columns(*stored), execution_options={"yield_per": ROWS_AT_ONCE}
    )
    yield from rows.partitions()


def stream_among(event: Event, ids: Sequence[int], columns: Sequence[str]) -> Iterator[Row]:
    """Yield the registrations with these ids for an export, in the form of `stream` but in no order."""
    mine = Registration.event_id == event.id, Registration.id.in_(ids)
    yield from db.session.execute(_only(select(Registration).where(*mine), columns, event))


def _only(query: Select, columns: Sequence[str], event: Event) -> Select:
    return query.where(IS_FREE).with_only_columns(*(_streamed(column, event) for column in columns))


def _streamed(column: str, event: Event) -> Any:
    if column.startswith(export_answers.PREFIX):
        return export_answers.select_answer(column)
    if column == delegated.COLUMN:
        return delegated.select_label()
    if column == list_columns.TAGS:
        return list_columns.select_tags()
    if column == list_columns.INVITED:
        return invited.is_invited(event).label(column)
    if column == PLACE_CONFIRMED_AT:
        # `calendar_changed_at` is when the place was confirmed: the status of the person's calendar entry changes then,
        # and not again while the person has the place.
        return case((Registration.status == Status.CONFIRMED, Registration.calendar_changed_at)).label(column)
    if column in set(ConsentPurpose):
        return consents.as_column(ConsentPurpose(column), event)
    return getattr(Registration, column)


def _as_stored(column: Any, dialect: str) -> Any:
    is_sqlite, kind = dialect == "sqlite", column.type
    if isinstance(kind, UtcDateTime):
        minute = "YYYY-MM-DD HH24:MI"
        text = func.substr(type_coerce(column, String), 1, len("2027-05-03 12:00"))
        return text if is_sqlite else func.to_char(func.timezone("UTC", column), minute)
    if isinstance(kind, JSON):
        return type_coerce(column, String) if is_sqlite else cast(column, String)
    return type_coerce(column, String) if isinstance(kind, Member) else column


def _whole_order(chosen: Order) -> list[Any]:
    ranks = {group: rank for rank, group in enumerate(chosen.groups)}
    columns = [case(ranks, value=chosen.group_by), *chosen.columns] if ranks else list(chosen.columns)
    return [column.desc() if chosen.falling else column for column in columns]
