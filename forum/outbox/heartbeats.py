"""The workers' heartbeats, which show whether any worker is running (R29)."""

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select

from forum.extensions import db
from forum.outbox.models import WorkerHeartbeat

WORKER_MAY_BE_SILENT = timedelta(minutes=1)
CLOCKS_MAY_DIFFER = timedelta(seconds=2)
FORGET_AFTER = timedelta(days=1)


def beat(name: str, *, now: datetime) -> None:
    """Store the heartbeat of worker `name`; delete old heartbeats and those that a wrong clock put into the future."""
    db.session.merge(WorkerHeartbeat(name=name, seen_at=now))
    present = WorkerHeartbeat.seen_at.between(now - FORGET_AFTER, now + FORGET_AFTER)
    db.session.execute(delete(WorkerHeartbeat).where(~present))
    db.session.flush()


def forget(name: str) -> None:
    """Delete the heartbeat of a worker that ends on purpose."""
    db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.name == name))


def last_beat(*, now: datetime) -> datetime | None:
    """Return the time of the newest heartbeat of any worker.

    A heartbeat from the future is ignored: until that time it would hide that the worker has ended.
    """
    return db.session.scalar(newest(now))


def newest(now: datetime) -> Select[datetime]:
    """Return the subquery for the newest heartbeat, for statements that read it together with something else."""
    present = WorkerHeartbeat.seen_at <= now + CLOCKS_MAY_DIFFER
    return select(func.max(WorkerHeartbeat.seen_at)).where(present)


def is_silent(seen: datetime | None, *, now: datetime) -> bool:
    """Return whether no worker is running, given the time of the newest heartbeat or None."""
    return seen is None or now - seen > WORKER_MAY_BE_SILENT
