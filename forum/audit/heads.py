"""Copies of the audit chain's newest hash (its head), kept in a file outside the database (S46).

Whoever can write to the database can delete the newest entries unnoticed; the heads in the file still show them. Each
line is a time, an entry's number and its hash; or, after a restore, the time, RESTORED and the backup's time: heads
noted between these two times are not in the chain any more. The same lines go into the worker's log.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app

from forum.audit import queries

FILE, RESTORED = "audit-heads.log", "restored"
MAY_BE_SILENT = timedelta(days=2)  # the worker writes a head when it starts and once a day
log = logging.getLogger("forum.audit")


@dataclass(frozen=True)
class Head:
    """Number and hash of the entry that was the newest at a moment."""

    at: datetime
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.at.isoformat(timespec='seconds')} {self.number} {self.hash}"

    @classmethod
    def read(cls, line: str) -> "Head":
        """Parse a line of audit-heads.log. Raises ValueError."""
        moment, number, entry_hash = line.split()
        return cls(datetime.fromisoformat(moment), int(number), entry_hash)


@dataclass(frozen=True)
class Restore:
    """A restore at `at`, which took the audit chain back to its state at `made_at`, when the backup was made."""

    at: datetime
    made_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.at.isoformat(timespec='seconds')} {RESTORED} {self.made_at.isoformat(timespec='seconds')}"
        )

    @classmethod
    def read(cls, line: str) -> "Restore":
        """Parse a line of audit-heads.log. Raises ValueError."""
        moment, _word, made_at = line.split()
        return cls(datetime.fromisoformat(moment), datetime.fromisoformat(made_at))

    def undid(self, head: Head) -> bool:
        """Return whether the restore removed this head's entry, so that it need not be in the chain."""
        return self.made_at <= head.at <= self.at


def note(*, now: datetime) -> int:
    """Append the newest audit entry's hash to audit-heads.log; return 1, or 0 when there is no entry yet."""
    newest = queries.find_newest()
    if newest is None:
        return 0
    head = Head(now, newest.id, newest.hash)
    _append(head)
    log.info("head of the audit chain: entry %s, %s", head.number, head.hash)
    return 1


def note_restore(made_at: datetime, *, now: datetime) -> None:
    """Append a line that says that a backup from `made_at` was restored. Raises OSError."""
    _append(Restore(now, made_at))
    log.info("the audit chain is that of a backup again, made at %s", made_at.isoformat(timespec="seconds"))


def list_gone() -> list[str]:
    """Return as a sentence the first hash of audit-heads.log that the chain lacks, though no restore undid it.

    The list is empty for a file that is missing or cannot be read: `list_missing` tells of that.
    """
    try:
        heads, restores = _read(_file().read_text().splitlines())
    except (ValueError, FileNotFoundError):
        return []
    for head in heads:
        if any(restore.undid(head) for restore in restores):
            continue
        if not queries.is_in_chain(head.number, head.hash):
            return [f"entry {head.number}, noted on {head.at:%Y-%m-%d}, is gone or another"]
    return []


def list_missing(*, now: datetime) -> list[str]:
    """Return, as a sentence, why audit-heads.log cannot prove that the newest entries are still there; none if it can.

    A file that is missing, cannot be read, or has no head of the last two days does not prove that entries are lost.
    """
    try:
        heads, restores = _read(_file().read_text().splitlines())
    except ValueError:
        return [f"{FILE} cannot be read"]
    except FileNotFoundError:
        return _missing_notes(now)
    moments = [head.at for head in heads] + [restore.at for restore in restores]
    last = max(moments, default=datetime.min.replace(tzinfo=UTC))
    return [f"no head has been noted since {last:%Y-%m-%d}"] if last < now - MAY_BE_SILENT else []


def _read(lines: list[str]) -> tuple[list[Head], list[Restore]]:
    """Parse the lines of audit-heads.log into heads and restores. Raises ValueError."""
    about_restores = [line for line in lines if RESTORED in line.split()]
    heads = [Head.read(line) for line in lines if line not in about_restores]
    return heads, [Restore.read(line) for line in about_restores]


def _append(line: Head | Restore) -> None:
    with _file().open("a") as file:
        file.write(f"{line}\n")


def _missing_notes(now: datetime) -> list[str]:
    """Return, as a sentence, that audit-heads.log is missing; nothing when that is no fault.

    With SQLite, where the worker that writes the file runs on this machine, it is a fault as soon as the audit chain is
    two days old. With PostgreSQL it is no fault: the worker and its file may be on another machine.
    """
    oldest = queries.find_oldest()
    if oldest is not None and queries.is_sqlite() and oldest.at < now - MAY_BE_SILENT:
        return [
            f"{FILE} is missing, though the chain began on {oldest.at:%Y-%m-%d}: after the first update to a version"
            " that writes it, start the worker; if one has run since, somebody has removed the file"
        ]
    return []


def _file() -> Path:
    return current_app.config["INSTANCE"] / FILE
