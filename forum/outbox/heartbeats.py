"""The worker's sign of life (R29)."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from forum.extensions import db
from forum.outbox.models import WorkerHeartbeat

WORKER_MAY_BE_SILENT = timedelta(minutes=1)
CLOCKS_MAY_DIFFER = timedelta(seconds=2)
FORGET_AFTER = timedelta(days=1)


def beat(name: str, *, now: datetime) -> None:
    """Note that the worker `name` is alive, and forget those that are long gone or were written by a wrong clock."""
    db.session.merge(WorkerHeartbeat(name=name, seen_at=now))
    present = WorkerHeartbeat.seen_at.between(now - FORGET_AFTER, now + FORGET_AFTER)
    db.session.execute(delete(WorkerHeartbeat).where(~present))
    db.session.flush()


def forget(name: str) -> None:
    """Note that the worker has ended on purpose."""
    db.session.execute(delete(WorkerHeartbeat).where(WorkerHeartbeat.name == name))


def last_beat(*, now: datetime) -> datetime | None:
    """Return when any worker was last alive.

    A sign of life from the future is none: it would hide for as long that the worker has ended.
    """
    present = WorkerHeartbeat.seen_at <= now + CLOCKS_MAY_DIFFER
    return db.session.scalar(select(func.max(WorkerHeartbeat.seen_at)).where(present))


def is_silent(seen: datetime | None, *, now: datetime) -> bool:
    """Whether a worker that was last seen then, or never, has been silent for longer than one may be."""
    return seen is None or now - seen > WORKER_MAY_BE_SILENT
