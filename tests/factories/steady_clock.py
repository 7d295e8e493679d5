"""The worker's clock for tests: jobs that delete for good wait until the clock has not jumped for a day (R18)."""

from datetime import datetime, timedelta

from forum.database import start_write
from forum.extensions import db
from forum.health.models import WorkerClock


def go_steadily(moment: datetime) -> None:
    """Store that the worker's clock has gone without a jump for the day before this moment."""
    start_write(db.session)
    db.session.merge(WorkerClock(id=1, seen_at=moment, steady_since=moment - timedelta(days=1)))
    db.session.commit()
