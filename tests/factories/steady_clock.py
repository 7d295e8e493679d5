"""The worker's clock for tests: what is deleted for good waits until it has gone without a jump for a day (R18)."""

from datetime import datetime, timedelta

from forum.database import start_write
from forum.extensions import db
from forum.health.models import WorkerClock


def go_steadily(moment: datetime) -> None:
    """Let the worker's clock have gone without a jump for a day before a moment."""
    start_write(db.session)
    db.session.merge(WorkerClock(id=1, seen_at=moment, steady_since=moment - timedelta(days=1)))
    db.session.commit()
