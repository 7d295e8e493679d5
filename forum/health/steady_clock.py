"""Whether the worker's clock can be relied on before something is deleted for good on its day (R18).

A clock that is set forward makes any day come too early. The worker therefore notes the time every minute: a time that
is before the last one, or long after it, shows that the clock has jumped, or that no worker has run. From then on the
clock has to go steadily for a day, so that somebody, or time synchronisation, can set it right.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from forum.extensions import db
from forum.health.models import WorkerClock
from forum.outbox.heartbeats import CLOCKS_MAY_DIFFER

# A longer gap between two noted times counts as a jump of the clock; long jobs and restarts cause shorter gaps.
LONGEST_GAP = timedelta(minutes=30)
STEADY_FOR = timedelta(days=1)


def watch(*, now: datetime) -> int:
    """Note the time, and whether the clock has jumped since the last note; return 0, because jobs return a number."""
    noted = db.session.get(WorkerClock, 1, with_for_update=True)
    if noted is None:
        db.session.add(WorkerClock(id=1, seen_at=now, steady_since=now))
    else:
        if not _goes_on(noted.seen_at, now):
            noted.steady_since = now
        noted.seen_at = now
    db.session.flush()
    return 0


def is_steady(now: datetime) -> bool:
    """Return whether the worker's clock has not jumped for a day, nor between the time noted last and `now`."""
    noted = db.session.execute(select(WorkerClock.seen_at, WorkerClock.steady_since)).one_or_none()
    return noted is not None and _goes_on(noted.seen_at, now) and noted.steady_since + STEADY_FOR <= now


def _goes_on(seen_at: datetime, now: datetime) -> bool:
    """Return whether the clock may show `now` after `seen_at` without a jump; clocks may differ a little."""
    return seen_at - CLOCKS_MAY_DIFFER <= now <= seen_at + LONGEST_GAP
