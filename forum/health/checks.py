"""Health checks for monitors and for `forum doctor`; each finding is a sentence (R29).

Checks behind public URLs only read, so that no visitor can hold the database's lock; SLOW ones are for `forum doctor`.
"""

import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import current_app
from flask.sansio.app import App
from sqlalchemy import inspect, text

from forum import presence
from forum.audit import actions as audit
from forum.audit import checking
from forum.audit import queries as audit_queries
from forum.counting import counted
from forum.database import start_write
from forum.extensions import db, migrate
from forum.health import backups, counters, files, keys, mail_queue, pooling, refusals, rights, signing
from forum.outbox import heartbeats
from forum.web import limits

NAMED_AT_MOST = 5
DISK_MUST_HAVE = 200 * 1024 * 1024
Check = Callable[[datetime], tuple[bool, str]]
INSTALLED = "health checks of other rooms"
NO_TABLES = "there are no tables"
WITHOUT_DATABASE = {"limits", "disk", "backup"}
log = logging.getLogger("forum.health")


@dataclass(frozen=True)
class Finding:
    """The result of one check; `words` never contain a secret or a person's name."""

    check: str
    is_well: bool
    words: str
    follows: bool = False  # true if this failure only follows from another finding
    is_to_do: bool = False  # true if nothing is wrong, but organisers have something to do


def install(app: App, name: str, check: Check) -> None:
    """Register a check from a package that this module may not import, under its name in the list STATUS."""
    app.extensions.setdefault(INSTALLED, {})[name] = check


def examine(checks: Iterable[str], now: datetime) -> list[Finding]:
    """Run the named checks; a check that raises an error has failed.

    When the database does not answer, the other checks that need it are skipped: each could wait as long again.
    """
    findings: list[Finding] = []
    is_away, has_tables = False, True
    for name in checks:
        if is_away and name not in WITHOUT_DATABASE:
            findings.append(Finding(name, False, "cannot be known without the database"))
            continue
        findings.append(_run(name, now, has_tables=has_tables))
        is_away = is_away or (name == "database" and not findings[-1].is_well)
        has_tables = has_tables and not findings[-1].words.startswith(NO_TABLES)
    return findings


def _run(name: str, now: datetime, *, has_tables: bool) -> Finding:
    try:
        check = CHECKS.get(name) or current_app.extensions[INSTALLED][name]
        return Finding(name, *check(now))
    except keys.WrongKeys as problem:
        return Finding(name, False, f"cannot be known: {problem}")
    except Exception as problem:  # report a check that raises an error as failed
        log.warning("check %s: %s", name, type(problem).__name__)
        cause = rights.told_cause(problem)
        words = (
            f"could not be checked: {cause}" if cause else f"could not be checked ({type(problem).__name__})"
        )
        return Finding(name, False, words, follows=not has_tables)
    finally:
        db.session.rollback()


def _database(now: datetime) -> tuple[bool, str]:
    db.session.execute(text("SELECT 1"))
    return True, "answers"


def _writable(now: datetime) -> tuple[bool, str]:
    """Check, without a write, whether the database is read-only."""
    if db.engine.dialect.name == "postgresql":
        is_writable = db.session.scalar(text("SHOW transaction_read_only")) == "off"
    else:
        path = Path(db.engine.url.database or "")
        is_writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    return is_writable, "the database can be changed" if is_writable else "the database can only be read"


def _changes(now: datetime) -> tuple[bool, str]:
    """Try a write that changes no row: this fails if the database is read-only, or its lock is never released."""
    start_write(db.session)
    db.session.execute(text("UPDATE content_version SET version = version WHERE 1 = 0"))
    return True, "the database takes them"


def _migrations(now: datetime) -> tuple[bool, str]:
    """Check that the database has all tables that this version needs; newer tables do no harm.

    A newer version's migrations only add to tables.
    """
    head, known = _revisions()
    if not inspect(db.session.connection()).has_table("alembic_version"):
        if not rights.may_use_schema():
            return False, f"{NO_TABLES} that the database's role can see"
        return False, f"{NO_TABLES}, and this version needs {head}: forum db upgrade"
    present = str(db.session.scalar(text("SELECT version_num FROM alembic_version")) or "nothing")
    if present == head:
        return True, f"at {head}"
    if present not in known and present.isdecimal() and int(present) > int(head):
        return True, f"at {present}, made by a newer version than this one ({head})"
    return False, f"at {present}, and this version needs {head}: forum db upgrade"


@cache
def _revisions() -> tuple[str, frozenset[str]]:
    """Return the number of the newest migration in this version of the forum, and the numbers of all migrations."""
    script = ScriptDirectory.from_config(migrate.get_config())
    known = frozenset(revision.revision for revision in script.walk_revisions())
    return str(script.get_current_head()), known


def _keys(now: datetime) -> tuple[bool, str]:
    try:
        keys.check()
    except keys.WrongKeys as problem:
        return False, str(problem)
    if not signing.is_shared():
        return False, "FORUM_SECRET_KEY is not that of the machine that began to serve last"
    return True, "open what is sealed"


def _worker(now: datetime) -> tuple[bool, str]:
    seen = heartbeats.last_beat(now=now)
    if seen is None:
        return False, "has never been seen"
    seconds = max(0, int((now - seen).total_seconds()))
    return not heartbeats.is_silent(seen, now=now), f"was seen {counted(seconds, 'second', 'seconds')} ago"


def _clock(now: datetime) -> tuple[bool, str]:
    """Compare this machine's clock (not `now`, which tests set) with the database server's."""
    if db.engine.dialect.name != "postgresql":
        return True, "the database has this machine's"
    before = time.time()
    theirs = db.session.scalar(text("SELECT extract(epoch FROM clock_timestamp())"))
    ahead = max(before - float(theirs), float(theirs) - time.time(), 0)
    return (
        ahead <= heartbeats.CLOCKS_MAY_DIFFER.total_seconds(),
        f"differs from the database's by {ahead:.0f} seconds",
    )


def _limits(now: datetime) -> tuple[bool, str]:
    where = current_app.config["LIMITER_STORAGE"].partition(":")[0]
    if limits.can_count():
        return True, f"are counted ({where})"
    return False, f"cannot be counted ({where} does not answer): sign-ins and registrations are refused"


def _disk(now: datetime) -> tuple[bool, str]:
    folders = {current_app.config["INSTANCE"]}
    if isinstance(images := current_app.config["IMAGES"], Path):
        folders.add(images)
    if db.engine.dialect.name == "sqlite":
        folders.add(Path(db.engine.url.database or "").parent)
    free = min(shutil.disk_usage(folder).free for folder in folders if folder.is_dir())
    return free >= DISK_MUST_HAVE, f"{free // 1024**2} MB are free"


def _backup(now: datetime) -> tuple[bool, str]:
    last = backups.find_last(now)
    if not last.is_readable:
        return False, f"{presence.LAST_BACKUP} in the instance folder cannot be read"
    if last.made is None:
        return last.is_well, "none was made on this machine"
    hours = counted(int((now - last.made).total_seconds() / 3600), "hour", "hours")
    return last.is_well, f"the last was made {hours} ago"


def _audit(now: datetime) -> tuple[bool, str]:
    """Verify the audit trail, but only with the right keys: with others every entry would look changed."""
    keys.check()
    problems = audit.examine(now=now)
    entries = counted(audit_queries.count_entries(), "entry is", "entries are")
    return not problems, "; ".join(problems) or f"{entries} whole"


def _sealed(now: datetime) -> tuple[bool, str]:
    """Decrypt every sealed value, which fails for one that was changed or copied from another row."""
    keys.check()
    faults = keys.find_misplaced()
    if not faults.rows:
        return True, f"every sealed value opens in its own row ({faults.total})"
    named = ", ".join(faults.rows[:NAMED_AT_MOST]) + (", …" if len(faults.rows) > NAMED_AT_MOST else "")
    return False, (
        f"{len(faults.rows)} of {faults.total} sealed values cannot be opened in their row ({named}):"
        " copied there, changed, or sealed with a key that is not here"
        + (f"; {faults.unbound} of them bound to no row" if faults.unbound else "")
    )


CHECKS: dict[str, Check] = {
    "database": _database,
    "migrations": _migrations,
    "writable": _writable,
    "rights": rights.check,
    "keys": _keys,
    "worker": _worker,
    "clock": _clock,
    "mail": mail_queue.check,
    "dead-letters": mail_queue.check_dead_letters,
    "counters": counters.check,
    "limits": _limits,
    "disk": _disk,
    "backup": _backup,
    "chain": checking.examine,
    "changes": _changes,
    "sealed": _sealed,
    "audit": _audit,
    "sign-ins": refusals.check,
    "images": files.check,
    "connections": pooling.check,
}
READY = ("database", "migrations")
STATUS = (
    *READY,
    "writable",
    "rights",
    "keys",
    "worker",
    "clock",
    "mail",
    "dead-letters",
    "counters",
    "limits",
    "disk",
    "backup",
    "chain",
    "erasures",  # the check is registered by `privacy.erasing_again`
)
# Only `forum doctor` runs these checks, because they write or read much.
SLOW = (
    "changes",
    "sealed",
    "audit",
    "sign-ins",
    "images",
    "connections",
)
