"""Heads of the chain, noted outside the database: who owns it can cut the chain's end, but not what was noted (S46).

Each line of the file is a moment, an entry's number and its hash. The worker's log says the same.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import current_app

from forum.audit import queries

FILE = "audit-heads.log"
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


def note(*, now: datetime) -> int:
    """Write down the chain's present head; return how many were written, none of an empty chain."""
    newest = queries.find_newest()
    if newest is None:
        return 0
    head = Head(now, newest.id, newest.hash)
    with _file().open("a") as file:
        file.write(f"{head}\n")
    log.info("head of the audit chain: entry %s, %s", head.number, head.hash)
    return 1


def compare(*, now: datetime) -> list[str]:
    """Return in sentences what the notes say against the chain; nothing when they agree with it."""
    try:
        heads = [Head.read(line) for line in _file().read_text().splitlines()]
    except ValueError:
        return [f"{FILE} cannot be read"]
    except FileNotFoundError:
        return _missing_notes(now)
    for head in heads:
        if not queries.is_in_chain(head.number, head.hash):
            return [f"entry {head.number}, noted on {head.at:%Y-%m-%d}, is gone or another"]
    last = heads[-1].at if heads else datetime.min.replace(tzinfo=UTC)
    return [f"no head has been noted since {last:%Y-%m-%d}"] if last < now - MAY_BE_SILENT else []


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
