"""Heads of the chain, noted outside the database: who owns it can cut the chain's end, but not what was noted (S46).

Each line of the file is a moment, an entry's number and its hash; or after a restore the moment, RESTORED and when the
backup was made: what was noted between the two is not in the chain any more. The worker's log says the same.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app

from forum.audit import queries

FILE, RESTORED = "audit-heads.log", "restored"
MAY_BE_SILENT = timedelta(days=2)  # a head is noted when a worker starts, and each day
log = logging.getLogger("forum.audit")


@dataclass(frozen=True)
class Head:
    """The newest entry at a moment, by its number and its hash."""

    at: datetime
    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.at.isoformat(timespec='seconds')} {self.number} {self.hash}"

    @classmethod
    def read(cls, line: str) -> "Head":
        """Return what a line says. Raises ValueError."""
        moment, number, entry_hash = line.split()
        return cls(datetime.fromisoformat(moment), int(number), entry_hash)


@dataclass(frozen=True)
class Restore:
    """At that moment the chain went back to what it was when the backup was made."""

    at: datetime
    made_at: datetime

    def __str__(self) -> str:
        return (
            f"{self.at.isoformat(timespec='seconds')} {RESTORED} {self.made_at.isoformat(timespec='seconds')}"
        )

    @classmethod
    def read(cls, line: str) -> "Restore":
        """Return what a line says. Raises ValueError."""
        moment, _word, made_at = line.split()
        return cls(datetime.fromisoformat(moment), datetime.fromisoformat(made_at))

    def undid(self, head: Head) -> bool:
        """Whether the head was noted in the time that the restore took back."""
        return self.made_at <= head.at <= self.at


def note(*, now: datetime) -> int:
    """Write down the chain's present head; return how many were written, none of an empty chain."""
    newest = queries.find_newest()
    if newest is None:
        return 0
    head = Head(now, newest.id, newest.hash)
    _append(head)
    log.info("head of the audit chain: entry %s, %s", head.number, head.hash)
    return 1


def note_restore(made_at: datetime, *, now: datetime) -> None:
    """Write down that the database is that of a backup again. Raises OSError."""
    _append(Restore(now, made_at))
    log.info("the audit chain is that of a backup again, made at %s", made_at.isoformat(timespec="seconds"))


def compare(*, now: datetime) -> list[str]:
    """Return in sentences what the notes say against the chain; nothing when they agree with it."""
    try:
        heads, restores = _read(_file().read_text().splitlines())
    except ValueError:
        return [f"{FILE} cannot be read"]
    except FileNotFoundError:
        return _missing_notes(now)
    for head in heads:
        if any(restore.undid(head) for restore in restores):
            continue
        if not queries.is_in_chain(head.number, head.hash):
            return [f"entry {head.number}, noted on {head.at:%Y-%m-%d}, is gone or another"]
    moments = [head.at for head in heads] + [restore.at for restore in restores]
    last = max(moments, default=datetime.min.replace(tzinfo=UTC))
    return [f"no head has been noted since {last:%Y-%m-%d}"] if last < now - MAY_BE_SILENT else []


def _read(lines: list[str]) -> tuple[list[Head], list[Restore]]:
    """Return what the lines say, the two kinds apart. Raises ValueError."""
    about_restores = [line for line in lines if RESTORED in line.split()]
    heads = [Head.read(line) for line in lines if line not in about_restores]
    return heads, [Restore.read(line) for line in about_restores]


def _append(line: Head | Restore) -> None:
    with _file().open("a") as file:
        file.write(f"{line}\n")


def _missing_notes(now: datetime) -> list[str]:
    """On SQLite the worker runs beside the chain; elsewhere its notes may lie on another machine."""
    oldest = queries.find_oldest()
    if oldest is not None and queries.is_sqlite() and oldest.at < now - MAY_BE_SILENT:
        return [
            f"{FILE} is missing, though the chain began on {oldest.at:%Y-%m-%d}: after the first update to a version"
            " that writes it, start the worker; if one has run since, somebody has removed the file"
        ]
    return []


def _file() -> Path:
    return current_app.config["INSTANCE"] / FILE
