"""The worker's sign of life (R29)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from forum.extensions import db
from forum.outbox.models import WorkerHeartbeat

FORGET_AFTER = timedelta(days=1)


def beat(name: str, *, now: datetime) -> None:
    """Note that the worker `name` is alive, and forget those that are long gone."""
    db.session.merge(WorkerHeartbeat(name=name, seen_at=now))
    db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.seen_at < now - FORGET_AFTER))
    db.session.flush()


def forget(name: str) -> None:
    """Note that the worker has ended on purpose."""
    db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.name == name))


def last_beat() -> datetime | None:
    """Return when any worker was last alive."""
    return db.session.scalar(select(func.max(WorkerHeartbeat.seen_at)))
