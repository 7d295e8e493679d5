"""How many registrations a sector has in each state, kept by the database while they are written (migration 0082).

Triggers add a row to `people_counts` for each registration that comes, goes or changes its state, in the transaction
that does it. The sum of the rows of a sector and state is the true number. No transaction has to wait for another one's
row.
"""

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, column, delete, func, insert, select, table, text

from forum.columns import Member
from forum.events.models import Event
from forum.extensions import db
from forum.registration.enums import Status

# The worker replaces rows of `people_counts` by their sums if that removes at least so many rows.
MOST_ROWS = 500
ROWS = table(
    "people_counts",
    *(column("event_id"), column("sector_id"), column("status", Member(Status)), column("number")),
)
OF_EVENT = (
    select(ROWS.c.sector_id, ROWS.c.status, func.sum(ROWS.c.number))
    .where(ROWS.c.event_id == bindparam("event_id"))
    .group_by(ROWS.c.sector_id, ROWS.c.status)
    .having(func.sum(ROWS.c.number) != 0)
)
# Counts the rows of `people_counts` that summing would save: all but one for each event, sector and state.
SPARED: Select[tuple[Any]] = select(func.coalesce(func.sum(column("rows") - 1), 0)).select_from(
    select(func.count().label("rows")).select_from(ROWS).group_by(*list(ROWS.c)[:3]).subquery()
)
# Let only one command mend the counts at a time: two would each add the same difference. Registrations do not wait
# for this lock.
ALONE = text("LOCK TABLE people_counts IN SHARE UPDATE EXCLUSIVE MODE")
# Adds to the stored numbers of people, in one statement, their difference from the true numbers. `forum doctor` finds
# the same differences (`forum.health.counters`).
MEND = text(
    "INSERT INTO people_counts (event_id, sector_id, status, number)"
    " SELECT event_id, sector_id, status, sum(number) FROM"
    " (SELECT event_id, sector_id, status, count(*) AS number FROM registrations"
    " GROUP BY event_id, sector_id, status"
    " UNION ALL SELECT event_id, sector_id, status, -number FROM people_counts) AS every"
    " GROUP BY event_id, sector_id, status HAVING sum(number) <> 0"
)


def read(event: Event) -> dict[tuple[int, str], int]:
    """Return the number of registrations by (sector id, status), without pairs that have none."""
    return {
        (sector_id, status): int(number)
        for sector_id, status, number in db.session.execute(OF_EVENT, {"event_id": event.id})
    }


def add_up(*, now: datetime) -> int:
    """Replace the rows by their sums if that removes many; return how many rows there were.

    On PostgreSQL only committed rows are deleted and summed; rows that other transactions are just adding stay.
    """
    if (db.session.scalar(SPARED) or 0) <= MOST_ROWS:
        return 0
    rows = db.session.execute(delete(ROWS).returning(*ROWS.c)).all()
    sums: Counter[tuple[Any, ...]] = Counter()
    for *state, number in rows:
        sums[tuple(state)] += number
    kept = [(*state, number) for state, number in sums.items() if number]
    if kept:
        db.session.execute(insert(ROWS), [dict(zip(ROWS.c.keys(), row, strict=True)) for row in kept])
    return len(rows)


def mend() -> int:
    """Correct the stored numbers of registrations by sector and state; return how many were wrong."""
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(ALONE)
    return db.session.connection().execute(MEND).rowcount
