"""The worker's daily check of the audit trail, some thousand entries at a time, and what it found last (S46).

`forum audit verify` and `forum doctor` check everything at once; this check is for pages and monitors, which only read
its row.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from forum.audit import actions, heads, queries
from forum.audit.models import AuditEntry, ChainCheck
from forum.counting import counted
from forum.extensions import db

EVERY, AFTER_FAULT = timedelta(days=1), timedelta(hours=1)
MAY_BE_OLD = timedelta(days=3)
ENTRIES_AT_ONCE = 1000
UNKNOWN_KEY = "the key of its newest entry is not configured"
log = logging.getLogger("forum.audit")


def find_check() -> ChainCheck | None:
    """Return the row that says how far the worker has checked the audit trail; None before its first check."""
    return db.session.get(ChainCheck, 1)


def is_well(check: ChainCheck | None, *, now: datetime) -> bool:
    """Return whether the last check found no fault and is neither too old nor from the future.

    Before the end of the first check nothing is known. This is a fault if no check is running and the oldest entry is
    older than the last check may be. After the update of a long trail the first check runs for hours.
    """
    if check is None or check.ended_at is None:
        if check is not None and check.checked_to > 0:
            return True
        oldest = queries.find_oldest()
        return oldest is None or now - oldest.at <= MAY_BE_OLD
    return check.is_whole and check.is_proven and timedelta() <= now - check.ended_at <= MAY_BE_OLD


def examine(now: datetime) -> tuple[bool, str]:
    """Return for monitors whether the last check is recent and found no fault, and a sentence about its result."""
    check = find_check()
    if check is None or check.ended_at is None:
        return is_well(check, now=now), "the worker has not checked the record of who did what yet"
    words = f"the worker checked {counted(check.entries, 'entry', 'entries')} on {check.ended_at:%Y-%m-%d}"
    if not check.is_whole:
        words += " and found a fault: forum audit verify"
    elif not check.is_proven:
        words += " and lacks the noted heads or the key: forum audit verify"
    return is_well(check, now=now), words


def check_some(*, now: datetime) -> int:
    """Verify the next audit entries if a check of the trail is due; return how many were verified.

    A check is due a day after the last one, an hour after one that found a fault. A run that is cut off is repeated
    from where the run before it ended.
    """
    check = _find_or_make()
    if check.checked_to == 0 and not _is_due(check, now):
        return 0
    db.session.add(check)
    if not actions.knows_newest_key():
        _end(check, Found(check.entries, [], [UNKNOWN_KEY]), now)
        return 0
    last = db.session.scalars(select(AuditEntry).where(AuditEntry.id == check.checked_to)).unique().first()
    verified = actions.verify_after(last, most=ENTRIES_AT_ONCE)
    if verified.broken is None and verified.number == ENTRIES_AT_ONCE and verified.last:
        check.checked_to = verified.last.id
        return verified.number
    entries = verified.last.id if verified.last else 0
    faults = actions.name_broken(verified.broken) or _list_gone(check, entries)
    _end(check, Found(entries, faults, heads.list_missing(now=now)), now)
    return verified.number


@dataclass(frozen=True)
class Found:
    """The result of checking the whole trail: how many entries, the faults, and why lost entries might go unnoticed."""

    entries: int
    faults: list[str]
    missing: list[str]


def check_all(*, now: datetime) -> Found:
    """Verify the whole audit trail at once, and return what was found; nothing is stored."""
    verified = actions.verify_after(None)
    entries = verified.last.id if verified.last else 0
    gone = _list_gone(_find_or_make(), entries)
    return Found(entries, [*actions.name_broken(verified.broken), *gone], heads.list_missing(now=now))


def keep(result: Found, *, now: datetime) -> None:
    """Store the result of a whole check, which pages and monitors read."""
    check = _find_or_make()
    db.session.add(check)
    _end(check, result, now)


def _find_or_make() -> ChainCheck:
    return find_check() or ChainCheck(id=1, checked_to=0, entries=0, is_whole=True)


def _is_due(check: ChainCheck, now: datetime) -> bool:
    # A check cannot have ended in the future: such a row would put off the next check for ever.
    if check.ended_at is None or check.ended_at > now:
        return True
    return now - check.ended_at >= (EVERY if check.is_whole and check.is_proven else AFTER_FAULT)


def _list_gone(check: ChainCheck, entries: int) -> list[str]:
    """Return sentences about lost entries; a trail that has fewer entries than at the last check has lost some."""
    faults = actions.list_gone()
    if entries < check.entries and not faults:
        faults.append(f"entry {check.entries}, which the last check found, is gone")
    return faults


def _end(check: ChainCheck, result: Found, now: datetime) -> None:
    """Store how a check ended. The stored number of entries never falls, so that the next check notices lost ones, too.

    Without the audit key no entry can be verified, so the stored result of the last check stays.
    """
    check.entries = max(check.entries, result.entries)
    check.checked_to, check.ended_at = 0, now
    if result.missing != [UNKNOWN_KEY]:
        check.is_whole = not result.faults
    if result.faults:
        log.error("the audit trail is not whole: %s", "; ".join(result.faults))
    if result.missing:
        log.error("that the audit trail is whole cannot be shown: %s", "; ".join(result.missing))
    if not result.faults and not result.missing:
        check.whole_at = now
