"""Tombstones: records of erasures, so that restoring an older backup does not bring the person back (P09).

A tombstone is a row, written in the transaction that erases, and then a line of a file in the instance folder, which no
backup holds. A tombstone holds keyed digests of a registration's reference (or of a delegation's form, whose contact
was erased, or of the address of a follower of the news who has left) and of the confirmed address; without an audit key
nobody can tell whose they are. A restored database lacks the rows of later erasures, and the file still has their
lines: `privacy/erasing_again` carries these out once more. So a line without a row is an erasure that has to be
repeated, and a row without a line has not been copied yet.
"""

import hmac
import json
import logging
import os
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from forum.audit import actions as audit
from forum.columns import DIGEST_LENGTH
from forum.counting import counted
from forum.extensions import db
from forum.registration.errors import KeyIsAway
from forum.registration.models import Registration
from forum.registration.tombstone_models import Tombstone

FILE, NO_ADDRESS = "tombstones.log", "-"
DIGEST = re.compile(f"[0-9a-f]{{{DIGEST_LENGTH}}}")
# The kinds of values of which a tombstone has digests.
REGISTRATION, DELEGATION, FOLLOWER, ADDRESS = "registration", "delegation", "follower", "address"
# For this long a tombstone may be missing in the file: the worker copies rows into the file every few seconds.
MAY_BE_UNNOTED = timedelta(minutes=5)
HALF_WRITTEN = timedelta(minutes=5)  # a temporary file of this age was left behind by a killed process
log = logging.getLogger("forum.tombstones")


@dataclass(frozen=True)
class Mark:
    """A line of the tombstone file: digests of what was erased and of its confirmed address, and their key's name."""

    digest: str
    address: str | None
    key: str
    erased_at: datetime

    def __str__(self) -> str:
        moment = self.erased_at.isoformat(timespec="seconds")
        return f"{moment} {self.key} {self.digest} {self.address or NO_ADDRESS}"

    @property
    def until(self) -> datetime:
        """The end of the erasure's second (the file keeps whole seconds): all that was erased was made before it."""
        return self.erased_at.replace(microsecond=0) + timedelta(seconds=1)

    @classmethod
    def read(cls, line: str) -> "Mark":
        """Parse a line of the tombstone file. Raises ValueError."""
        moment, key, digest, address = line.split()
        erased_at = datetime.fromisoformat(moment)
        digests = [one for one in (digest, address) if one != NO_ADDRESS]
        if erased_at.tzinfo is None or not all(DIGEST.fullmatch(one) for one in (digest, *digests)):
            raise ValueError("a tombstone needs a time zone and whole digests")
        return cls(digest, None if address == NO_ADDRESS else address, key, erased_at)

    def find_key(self) -> bytes:
        """Return the audit key with which the digests were made. Raises KeyIsAway."""
        for key in current_app.config["DATA_KEYS"]["audit"]:
            if audit.key_name(key) == self.key:
                return key
        raise KeyIsAway(self.key)


def remember(
    registrations: Iterable[Registration], addressed: Collection[Registration], *, now: datetime
) -> None:
    """Write a tombstone for each registration, in the transaction that erases it.

    The address is remembered only for registrations in `addressed`, and only if it is confirmed: an unconfirmed one may
    be somebody else's, whose rows in other tables are not erased with the registration either.
    """
    for one in registrations:
        is_known = one in addressed and one.has_address and one.confirmed_at is not None
        _plant_new(one, REGISTRATION, one.reference, one.email_canonical if is_known else None, now)


def remember_contact(delegation: Any, *, now: datetime) -> None:
    """Write a tombstone for a delegation, in the transaction in which its contact erases their own data."""
    _plant_new(delegation, DELEGATION, delegation.form_key, None, now)


def remember_follower(follower: Any, *, now: datetime) -> None:
    """Write a tombstone for a follower of the news as they leave, in that transaction; none for an unconfirmed address.

    The digest covers the moment of confirming: somebody who leaves and later follows again is another follower.
    """
    if follower.confirmed_at is not None:
        _plant_new(
            follower, FOLLOWER, follower_value(follower.email_canonical, follower.confirmed_at), None, now
        )


def follower_value(email_canonical: str, confirmed_at: datetime) -> str:
    """Return the value of which the tombstone of a follower has a digest."""
    return f"{email_canonical} {confirmed_at.astimezone(UTC).isoformat()}"


def plant(mark: Mark) -> None:
    """Write the row of a tombstone, if the database lacks it."""
    db.session.merge(
        Tombstone(digest=mark.digest, address=mark.address, key=mark.key, erased_at=mark.erased_at)
    )
    db.session.flush()


def is_planted(digest: str) -> bool:
    """Return whether the database has the tombstone's row, so that the erasure is done."""
    return db.session.get(Tombstone, digest) is not None


def note(*, now: datetime) -> int:
    """Copy missing tombstones from the table to the file; return the number copied. The worker calls this.

    The file is replaced as a whole: if the process is killed there is no half line, and the next run copies what is
    missing.
    """
    _remove_half_written(now)
    known, unreadable = read_file()
    whole = {**known, **{mark.digest: mark for mark in _list_rows()}}
    if whole != known:
        _write(unreadable, whole.values())
    return len(whole.keys() - known.keys())


def note_at_once(*, now: datetime) -> None:
    """Copy the tombstones of an erasure that was just committed; if that fails, the worker does it within seconds.

    On PostgreSQL only a machine that already has the file writes it: the file lies where the worker runs.
    """
    if _is_elsewhere():
        return
    try:
        note(now=now)
    except (OSError, SQLAlchemyError) as problem:
        log.warning("tombstones are not copied yet: %s", type(problem).__name__)


def forget_old(*, now: datetime) -> int:
    """Delete the rows and lines of tombstones that are older than any backup; return how many lines were deleted.

    The worker calls this while its clock goes steadily (R18): without a tombstone, a backup brings somebody back.
    """
    db.session.execute(delete(Tombstone).where(Tombstone.erased_at <= now - _kept_for()))
    known, unreadable = read_file()
    kept = [mark for mark in known.values() if not is_over(mark, now)]
    if len(kept) < len(known):
        _write(unreadable, kept)
    return len(known) - len(kept)


def list_due(*, now: datetime) -> list[str]:
    """Return the digests in the file that the table lacks: the erasures that a restored backup has undone.

    Raises OSError.
    """
    noted, _unreadable = read_file()
    marks = [mark for mark in noted.values() if not is_over(mark, now)]
    if not marks:
        return []
    present = set(db.session.scalars(select(Tombstone.digest)))
    return [mark.digest for mark in marks if mark.digest not in present]


def has_due(*, now: datetime) -> bool:
    """Return whether erasures with a known audit key must be repeated before news are mailed. Raises OSError."""
    keys = {audit.key_name(key) for key in current_app.config["DATA_KEYS"]["audit"]}
    noted = read_file()[0] if _file().exists() else {}
    mine = {mark.digest for mark in noted.values() if mark.key in keys and not is_over(mark, now)}
    return bool(mine and mine.difference(db.session.scalars(select(Tombstone.digest))))


def find_noted(digest: str) -> Mark | None:
    """Return the tombstone with this digest from the file, None if it is not there. Raises OSError."""
    return read_file()[0].get(digest)


def read_file() -> tuple[dict[str, Mark], list[str]]:
    """Return the file's tombstones by digest, and the lines that cannot be parsed, unchanged. Raises OSError."""
    marks, unreadable = {}, []
    with suppress(FileNotFoundError):
        for line in _file().read_text(errors="replace").splitlines():
            try:
                mark = Mark.read(line)
            except ValueError:
                unreadable.append(line)
            else:
                marks[mark.digest] = mark
    return marks, unreadable


def examine(*, now: datetime) -> tuple[bool, str]:
    """Return whether every erasure is recorded in the file and carried out in the database, and a sentence about it."""
    try:
        noted, unreadable = read_file()
    except OSError as problem:
        return False, f"{FILE} in the instance folder cannot be read ({problem.strerror})"
    rows, due = _list_rows(), list_due(now=now)
    late = [row for row in rows if row.digest not in noted and row.erased_at < now - MAY_BE_UNNOTED]
    faults = []
    if due:
        faults.append(
            f"{counted(len(due), 'erasure', 'erasures')} must be repeated after a restore: forum db upgrade"
        )
    if unreadable:
        faults.append(f"{counted(len(unreadable), 'line', 'lines')} of {FILE} cannot be read")
    if not _is_elsewhere() and not _is_writable():
        faults.append(f"{FILE} cannot be written")
    if late and not _is_elsewhere():
        faults.append(f"{len(late)} are not in {FILE}, which the worker writes")
    known = counted(len(rows), "erasure is", "erasures are")
    where = f"; {FILE} is not on this machine" if late and _is_elsewhere() else ""
    return not faults, "; ".join(faults) or f"{known} remembered{where}"


def is_over(mark: Mark, now: datetime) -> bool:
    """Return whether every backup from before the erasure is older than backups are kept."""
    return mark.erased_at <= now - _kept_for()


def digest_of(key: bytes, kind: str, event_id: int, value: str) -> str:
    """Return the keyed digest of a value; it depends on the kind of the value and on the event, too."""
    message = json.dumps(["tombstone", kind, event_id, value]).encode()
    return hmac.digest(key, message, "sha256").hex()


def _plant_new(row: Any, kind: str, value: str, address: str | None, now: datetime) -> None:
    key = current_app.config["DATA_KEYS"]["audit"][0]
    also = None if address is None else digest_of(key, ADDRESS, row.event_id, address)
    plant(Mark(digest_of(key, kind, row.event_id, value), also, audit.key_name(key), now))


def _list_rows() -> list[Mark]:
    rows = db.session.scalars(select(Tombstone).order_by(Tombstone.erased_at, Tombstone.digest))
    return [Mark(row.digest, row.address, row.key, row.erased_at.replace(microsecond=0)) for row in rows]


def _kept_for() -> timedelta:
    return timedelta(days=current_app.config["BACKUPS_KEPT_DAYS"])


def _is_elsewhere() -> bool:
    """Return whether the worker may run on another machine: PostgreSQL is used and the file is not on this one."""
    return db.engine.dialect.name == "postgresql" and not _file().exists()


def _is_writable() -> bool:
    """Return whether the file and its folder are writable; an append-only file (`chattr +a`) is not."""
    return os.access(_file().parent, os.W_OK) and (not _file().exists() or os.access(_file(), os.W_OK))


def _remove_half_written(now: datetime) -> None:
    """Delete temporary files of processes that were killed while they wrote; they hold digests, too."""
    for path in _file().parent.glob(f".{FILE}.*"):
        with suppress(FileNotFoundError):
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) < now - HALF_WRITTEN:
                path.unlink()


def _write(unreadable: Iterable[str], marks: Iterable[Mark]) -> None:
    """Replace the tombstone file by one with these lines, once that is synced to the disk."""
    content = "".join(f"{line}\n" for line in (*unreadable, *sorted(map(str, marks))))
    path = _file()
    # NamedTemporaryFile makes files of mode 0600, which only their owner can read.
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{FILE}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _file() -> Path:
    return current_app.config["INSTANCE"] / FILE
