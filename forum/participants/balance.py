"""The public table of how many people come from which sector and country (P10).

An organiser makes the table public, and sees beforehand what it will show. The table counts people with a confirmed
place, those with protected identity like everybody else, and leaves out those whose data may not be used
(`registration/restrictions`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from forum.audit import actions as audit
from forum.events.models import Event
from forum.extensions import db
from forum.participants.errors import TooFewChanges, TooFewPeople
from forum.participants.models import PublicBalance
from forum.participants.small_cells import Table, protect
from forum.registration.enums import Status
from forum.registration.models import Registration
from forum.registration.restrictions import IS_FREE
from forum.registration.small_numbers import LEAST

MOST_EARLIER = 20  # how many earlier public tables are stored


def find_public(event: Event) -> PublicBalance | None:
    """Return the event's numbers by sector and country that the public sees; None if the public sees none."""
    row = db.session.get(PublicBalance, event.id)
    return row if row is not None and row.is_shown else None


def find_last(event: Event) -> PublicBalance | None:
    """Return the event's numbers made public last, even if taken back since; None if none ever were public."""
    return db.session.get(PublicBalance, event.id)


def table_of(row: PublicBalance) -> Table:
    """Return the stored numbers, which an organiser made public last, as a table."""
    return _read(row.numbers)


def count(event: Event) -> Table | None:
    """Return the table of the people who have a place now, by sector's key and country; None if too few have one.

    Cells that an earlier public table has hidden stay hidden: if a row has not changed, comparing the two tables would
    otherwise reveal the hidden numbers.
    """
    query = select(Registration.sector_id, Registration.country, func.count()).where(
        Registration.event_id == event.id, Registration.status == Status.CONFIRMED, IS_FREE
    )
    keys = {sector.id: sector.key for sector in event.sectors}
    rows = db.session.execute(query.group_by(Registration.sector_id, Registration.country))
    counts = {(keys[sector_id], country): number for sector_id, country, number in rows}
    countries = sorted({country for _sector, country in counts})
    totals = {
        one: sum(number for (_key, country), number in counts.items() if country == one) for one in countries
    }
    hidden = set().union(*(_read(told).hidden for told in _all_told(find_last(event))))
    return protect(
        counts, list(keys.values()), sorted(countries, key=lambda one: (-totals[one], one)), hidden
    )


def publish(event: Event, *, actor: str, now: datetime) -> None:
    """Count people now and make the table public. Call with the event locked. Raises TooFewPeople, TooFewChanges."""
    table, last = count(event), find_last(event)
    if table is None:
        raise TooFewPeople
    if not differs_enough(event, table, last):
        raise TooFewChanges
    if last is None:
        last = PublicBalance(event_id=event.id)
        db.session.add(last)
    earlier = [*_all_told(last)][-MOST_EARLIER:] if last.numbers else []
    last.numbers = {**asdict(table), "counted_at": now.isoformat(), "earlier": earlier}
    last.counted_at, last.is_shown = now, True
    audit.record("balance.published", event, actor=actor, at=now, people=table.total)


def take_back(event: Event, *, actor: str, now: datetime) -> None:
    """Stop showing the public table of sectors and countries; a second call changes nothing."""
    if row := find_public(event):
        row.is_shown = False
        audit.record("balance.taken_back", event, actor=actor, at=now)


def differs_enough(event: Event, table: Table, last: PublicBalance | None) -> bool:
    """Return whether the table may be made public: no difference to an earlier public table points at few people.

    A table that equals the last one is allowed. Any other table is compared with each earlier one that is stored, not
    only with the last: the new table may differ from an older one by a single person.
    """
    if last is None or table == table_of(last):
        return True
    return all(_is_far(event, table, told) for told in _all_told(last))


def _is_far(event: Event, table: Table, told: Mapping[str, Any]) -> bool:
    """Return whether enough places were given or lost since an earlier table: comparing the two reveals nobody."""
    if abs(table.total - _read(told).total) >= LEAST:
        return True
    # For a person with a confirmed place, `calendar_changed_at` is the moment when the place was confirmed.
    came = select(func.count()).where(
        Registration.event_id == event.id,
        Registration.status == Status.CONFIRMED,
        Registration.calendar_changed_at > datetime.fromisoformat(told["counted_at"]),
    )
    return (db.session.scalar(came) or 0) >= LEAST


def _all_told(row: PublicBalance | None) -> Sequence[Mapping[str, Any]]:
    """Return the stored tables that were public: at most MOST_EARLIER earlier ones, then the last."""
    if row is None:
        return []
    last = {name: value for name, value in row.numbers.items() if name != "earlier"}
    return [*row.numbers["earlier"], last]


def _read(told: Mapping[str, Any]) -> Table:
    return Table(
        tuple(told["rows"]),
        tuple(told["columns"]),
        tuple(map(tuple, told["cells"])),
        tuple(told["row_totals"]),
        tuple(told["column_totals"]),
    )
