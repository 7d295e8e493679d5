"""Who works on the forum's database: a lock that all its processes share and a restore has alone (R22).

It lies in the instance folder, and the system frees it when a process ends, however it ends. It is this machine's; on
PostgreSQL a restore asks the server for other connections as well.
"""

import errno
import fcntl
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

LOCK, LAST_BACKUP = "running.lock", "last-backup"
UNWRITABLE = {errno.EROFS, errno.ENOSPC, errno.EDQUOT}
_shared: list[int] = []


class DatabaseIsTaken(Exception):
    """A restore runs, or a restore was asked for while the forum runs."""


def owner(path: Path) -> str:
    """Return the name of the user whose file or folder it is, as sudo and chown take it."""
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def is_foreign_to_root(instance: Path) -> bool:
    """Whether root would write files into somebody else's folder, who could read none of them afterwards."""
    return os.geteuid() == 0 and instance.is_dir() and instance.stat().st_uid != 0


def share(instance: Path) -> None:
    """Take part in the lock until this process and those that it forks have ended. Raises DatabaseIsTaken.

    On a disk that takes no new file there is nothing to lock, for nobody can restore to it.
    """
    try:
        _shared.append(_lock(instance, fcntl.LOCK_SH))
    except OSError as problem:
        if problem.errno not in UNWRITABLE:
            raise


@contextmanager
def alone(instance: Path) -> Iterator[None]:
    """Keep every other process of the forum out. Raises DatabaseIsTaken while one runs."""
    descriptor = _lock(instance, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def note_backup(instance: Path, now: datetime) -> None:
    """Remember when the last backup was finished; it may lie in a folder that nobody here can read.

    Raises OSError, and leaves the note before, when the disk takes no new one.
    """
    written = instance / f".{LAST_BACKUP}"
    try:
        written.write_text(now.isoformat())
        written.replace(instance / LAST_BACKUP)
    except OSError:
        with suppress(OSError):
            written.unlink(missing_ok=True)
        raise


def last_backup(instance: Path) -> datetime | None:
    """Return when the last backup made on this machine was finished. Raises OSError or ValueError for a broken note."""
    with suppress(FileNotFoundError):
        return datetime.fromisoformat((instance / LAST_BACKUP).read_text().strip())
    return None


def _lock(instance: Path, kind: int) -> int:
    descriptor = os.open(instance / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError as problem:
        os.close(descriptor)
        raise DatabaseIsTaken from problem
    return descriptor
