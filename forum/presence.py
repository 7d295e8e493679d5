"""The lock on the forum's database: all processes of the forum share the lock, and a restore holds it alone (R22).

The lock is on a file in the instance folder; the system releases it when a process ends, even if the process is killed.
The lock applies to this machine only; with PostgreSQL a restore also asks the server for other connections.
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
    """The lock is held by a restore; or, when a restore wants to begin, by the running forum."""


def owner(path: Path) -> str:
    """Return the name of the file's owner in the form that sudo and chown accept."""
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"#{number}"


def is_foreign_to_root(instance: Path) -> bool:
    """Return whether this process runs as root in another user's instance folder.

    That user could not read the files that root would write there.
    """
    return os.geteuid() == 0 and instance.is_dir() and instance.stat().st_uid != 0


def share(instance: Path) -> None:
    """Share the lock until this process and its forks have ended. Raises DatabaseIsTaken.

    On a full or read-only disk nothing is locked: no restore could write to it anyway.
    """
    try:
        _shared.append(_lock(instance, fcntl.LOCK_SH))
    except OSError as problem:
        if problem.errno not in UNWRITABLE:
            raise


@contextmanager
def alone(instance: Path) -> Iterator[None]:
    """Hold the lock exclusively during the block. Raises DatabaseIsTaken while another process of the forum runs."""
    descriptor = _lock(instance, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def note_backup(instance: Path, now: datetime) -> None:
    """Record when the last backup was finished: health checks read the record, because they may not read the backups.

    Raises OSError when the record cannot be written; the previous record then stays.
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
    """Return when the last backup on this machine was finished. Raises OSError or ValueError for a broken record."""
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
