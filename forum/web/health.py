"""Whether the forum can do its work: one check a sentence, for monitors and for `forum doctor` (R29)."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text

from forum.database import start_write
from forum.extensions import db, migrate
from forum.outbox import heartbeats
from forum.outbox import queries as outbox

MAIL_MAY_WAIT = timedelta(minutes=15)
WORKER_MAY_BE_SILENT = timedelta(minutes=1)
DISK_MUST_HAVE = 200 * 1024 * 1024
log = logging.getLogger("forum.health")


@dataclass(frozen=True)
class Finding:
    """What one check found; `words` hold no secret and no name."""

    check: str
    is_well: bool
    words: str


def examine(now: datetime) -> list[Finding]:
    """Run every check; one that cannot be run has failed."""
    return [_run(name, check, now) for name, check in CHECKS.items()]


def _run(name: str, check: Callable[[datetime], tuple[bool, str]], now: datetime) -> Finding:
    try:
        return Finding(name, *check(now))
    except Exception as problem:  # a monitor shall hear that something is wrong, not crash on it
        log.warning("check %s: %s", name, type(problem).__name__)
        return Finding(name, False, f"could not be checked ({type(problem).__name__})")
    finally:
        db.session.rollback()


def _database(now: datetime) -> tuple[bool, str]:
    """Ask for a change of nothing: a read-only database refuses it, and one whose lock is never given back."""
    start_write(db.session)
    db.session.execute(text("UPDATE content_version SET version = version WHERE 1 = 0"))
    return True, "takes changes"


def _migrations(now: datetime) -> tuple[bool, str]:
    present = set(db.session.scalars(text("SELECT version_num FROM alembic_version")))
    if present == _heads():
        return True, f"at {', '.join(sorted(present))}"
    return False, f"at {', '.join(sorted(present)) or 'nothing'}; `forum db upgrade` brings it up to date"


@cache
def _heads() -> frozenset[str]:
    return frozenset(ScriptDirectory.from_config(migrate.get_config()).get_heads())


def _mail(now: datetime) -> tuple[bool, str]:
    oldest = outbox.oldest_due(now)
    if oldest is None:
        return True, "nothing waits"
    minutes = int((now - oldest).total_seconds() / 60)
    return now - oldest <= MAIL_MAY_WAIT, f"the oldest due message has waited {minutes} minutes"


def _worker(now: datetime) -> tuple[bool, str]:
    seen = heartbeats.last_beat()
    if seen is None:
        return False, "has never been seen"
    seconds = max(0, int((now - seen).total_seconds()))
    return now - seen <= WORKER_MAY_BE_SILENT, f"was seen {seconds} seconds ago"


def _disk(now: datetime) -> tuple[bool, str]:
    free = shutil.disk_usage(current_app.config["INSTANCE"]).free
    return free >= DISK_MUST_HAVE, f"{free // 1024**2} MB are free"


CHECKS: dict[str, Callable[[datetime], tuple[bool, str]]] = {
    "database": _database,
    "migrations": _migrations,
    "mail": _mail,
    "worker": _worker,
    "disk": _disk,
}
