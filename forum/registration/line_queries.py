"""Reading the waiting list in the event's order (`line` defines it)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, func, select
from sqlalchemy.orm import aliased, load_only

from forum.events.enums import LineOrder
from forum.events.models import Event
from forum.extensions import db
from forum.registration import awaited
from forum.registration.bare_hold_models import BareHold
from forum.registration.enums import Status
from forum.registration.models import IS_WAITING, Registration

# The query for everybody who waits in some sectors. It reads only the columns that decide the order of the line:
# thousands of people may wait.
WHOLE = (
    select(Registration)
    .where(
        Registration.event_id == bindparam("event_id"),
        IS_WAITING,
        Registration.sector_id.in_(bindparam("sector_ids", expanding=True)),
    )
    .options(
        load_only(
            Registration.event_id,
            Registration.sector_id,
            Registration.status,
            Registration.organisation_key,
            Registration.waiting_since,
            Registration.holds_place,
            Registration.email,
        )
    )
)


def list_whole(event: Event, sector_ids: Collection[int]) -> Sequence[Registration]:
    """Return everybody who waits in these sectors, in no particular order."""
    return db.session.scalars(WHOLE, {"event_id": event.id, "sector_ids": list(sector_ids)}).all()


def list_unconfirmed(event: Event, now: datetime) -> set[int]:
    """Return the ids of waiting people without an address who have a link to confirm one that still works."""
    waiting = Registration.event_id == event.id, IS_WAITING
    return set(db.session.scalars(select(Registration.id).where(*waiting, awaited.is_awaited(now))))


def find_ending(event: Event, now: datetime, until: datetime | None = None) -> tuple[int, datetime | None]:
    """Return how many open offers (those that end before `until`) have not ended yet, and when the first ends."""
    ends = Registration.offer_expires_at
    mine = (
        Registration.event_id == event.id,
        Registration.status == Status.OFFERED,
        ends > now,
        *([ends < until] if until else []),
    )
    number, first = db.session.execute(select(func.count(), func.min(ends)).where(*mine)).one()
    return number, first


def positions(event: Event, sector_id: int | None = None) -> Any:
    """Select every waiting registration, of the sector if one is given, with its position in the sector's line."""
    waiting = [Registration.event_id == event.id, Registration.status == Status.WAITING]
    if sector_id is not None:
        waiting.append(Registration.sector_id == sector_id)
    position = func.row_number().over(partition_by=Registration.sector_id, order_by=_order(event))
    return select(Registration.id, position.label("position")).where(*waiting).subquery()


def positions_of(event: Event, ids: Collection[int]) -> dict[int, int]:
    """Return the position in its sector's line (1 is next) of each of these registrations that waits, by id."""
    line = positions(event)
    return dict(db.session.execute(select(line.c.id, line.c.position).where(line.c.id.in_(ids))).all())


def _order(event: Event) -> list[Any]:
    """Return the columns by which a sector's line is sorted; a partial index has people in the order of asking."""
    by_time = [Registration.waiting_since, Registration.id]
    if event.line_order != LineOrder.BALANCE:
        return by_time
    colleague = aliased(Registration)
    has_place = exists().where(
        colleague.event_id == event.id,
        colleague.organisation_key == Registration.organisation_key,
        colleague.holds_place,
    )
    is_held = exists().where(
        BareHold.event_id == event.id, BareHold.organisation_key == Registration.organisation_key
    )
    return [has_place | is_held, *by_time]
