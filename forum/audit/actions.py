"""Recording acts in the audit trail, and verifying that the trail is complete and unchanged (S46).

Entries are appended to the hash chain at the very end of their transaction. The chain's lock is therefore always taken
last, after all row locks, and transactions cannot deadlock over it, whenever in a transaction `record` is called.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from flask import current_app
from sqlalchemy import Connection, delete, event, insert, select, text
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from forum.audit import heads, queries
from forum.audit.models import AuditDetails, AuditEntry
from forum.database import rehearsed_rows
from forum.extensions import db

GENESIS = "0" * 64
CHAIN_LOCK = 0x0F0A_0D17
LOCK_CHAIN = text("SELECT pg_advisory_xact_lock(:key)")
WAITING = "audit entries that wait for the commit"
NAMED = 5
ADD_ENTRY, ADD_DETAILS = insert(AuditEntry), insert(AuditDetails)
ENTRY_COLUMNS, DETAILS_COLUMNS = tuple(AuditEntry.__table__.columns.keys()), ("salt", "payload")


class Subject(Protocol):
    """What an audit entry is about: a row of any table, named by the table and the id."""

    __tablename__: str
    id: int


class Waiting(NamedTuple):
    """An entry that waits for the commit, and the transaction or savepoint in which it was recorded.

    `is_kept` is None for an ordinary entry. For an entry of `record_or_rehearse` it is True, or False if the commit
    writes the entry and undoes it.
    """

    within: SessionTransaction | None
    entry: AuditEntry
    is_kept: bool | None


def chain_at_commit(session: scoped_session) -> None:
    """Append the entries of each transaction of this session to the chain at its commit; drop them at a rollback."""
    for name, listener in (
        ("before_commit", _chain_waiting),
        ("after_soft_rollback", _drop_undone),
        ("after_transaction_end", _forget),
    ):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


def record(action: str, subject: Any, *, actor: str, at: datetime, **details: Any) -> AuditEntry:
    """Add an entry to the audit trail in the caller's transaction; the commit gives it its number and hash.

    `action` is a name such as "registration.received"; `actor` is "visitor", "person", "worker", "command" or "user:7".
    `details` hold ids, states and numbers, never a name, an address or free text (P28, S45)
    unless it is sealed.
    """
    return _add_waiting(_make_entry(action, subject, actor, at, details), None)


def record_or_rehearse(
    action: str, subject: Any, *, is_kept: bool, actor: str, at: datetime, **details: Any
) -> None:
    """Add an entry like `record`; unless `is_kept`, the commit writes and undoes it, which takes as long (S24)."""
    _add_waiting(_make_entry(action, subject, actor, at, details), is_kept)


def _make_entry(action: str, subject: Any, actor: str, at: datetime, details: dict[str, Any]) -> AuditEntry:
    if subject.id is None:
        db.session.flush()
    payload, salt = json.loads(json.dumps(details, sort_keys=True)), secrets.token_hex(16)
    return AuditEntry(
        at=at.astimezone(UTC),
        actor=actor,
        action=action,
        subject_type=subject.__tablename__,
        subject_id=subject.id,
        event_id=getattr(subject, "event_id", None),
        details_digest=_digest_details(salt, payload),
        details=AuditDetails(salt=salt, payload=payload),
    )


def _add_waiting(entry: AuditEntry, is_kept: bool | None) -> AuditEntry:
    session = db.session()
    within = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(WAITING, []).append(Waiting(within, entry, is_kept))
    return entry


def erase_details(entry: AuditEntry, *, actor: str, at: datetime) -> None:
    """Delete an entry's details, to erase a person, and record the deletion; the hash chain stays valid (P28)."""
    db.session.execute(delete(AuditDetails).where(AuditDetails.entry_id == entry.id))
    record(queries.DETAILS_ERASED, entry, actor=actor, at=at)


def verify() -> int | None:
    """Check every entry; return None when the chain is valid, else the number of the first invalid entry."""
    return verify_after(None).broken


@dataclass(frozen=True)
class Verified:
    """Entries that were checked: how many, the last of them (None without any), and the first invalid one's number."""

    number: int
    last: AuditEntry | None
    broken: int | None = None


def verify_after(last: AuditEntry | None, *, most: int | None = None) -> Verified:
    """Check at most `most` entries: those that follow `last`, which was found valid, or the first ones for None."""
    previous, checked = (last.hash, last.id) if last else (GENESIS, 0), 0
    after = select(AuditEntry).where(AuditEntry.id > previous[1]).order_by(AuditEntry.id).limit(most)
    for entry in db.session.scalars(after.execution_options(yield_per=500)):
        whole = (
            entry.id == previous[1] + 1
            and entry.previous_hash == previous[0]
            and _is_signed(entry)
            and (
                entry.details is None
                or _digest_details(entry.details.salt, entry.details.payload) == entry.details_digest
            )
        )
        if not whole:
            return Verified(checked, last, previous[1] + 1)
        last, previous, checked = entry, (entry.hash, entry.id), checked + 1
    return Verified(checked, last)


def examine(*, now: datetime) -> list[str]:
    """Return the faults of the audit trail as sentences: entries changed, missing at the end, or without details.

    Heads (hashes noted in a file) show a missing end; the list also says when the file with the heads is missing.
    """
    return [*name_broken(verify()), *list_gone(), *heads.list_missing(now=now)]


def name_broken(number: int | None) -> list[str]:
    """Return a list with a sentence about the first invalid entry, which has this number; for None an empty list."""
    return [f"entry {number} is not what was written"] if number else []


def list_gone() -> list[str]:
    """Return as sentences which entries are missing at the end of the audit trail or have lost their details."""
    faults = heads.list_gone()
    if bare := queries.list_without_details(NAMED):
        faults.append(f"the details of entries are gone: {', '.join(map(str, bare))}")
    return faults


def knows_newest_key() -> bool:
    """Return whether the key that signed the newest entry is configured; True for an empty trail."""
    newest = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).unique().first()
    # Entries of early versions do not say which key signed them, so check the signature itself.
    if newest is None or newest.key is None:
        return newest is None or _is_signed(newest)
    return newest.key in {key_name(key) for key in current_app.config["DATA_KEYS"]["audit"]}


def key_name(key: bytes) -> str:
    """Return the name by which entries refer to an audit key: a digest, which does not reveal the key."""
    return hashlib.sha256(b"forum audit key" + key).hexdigest()[:16]


def _is_signed(entry: AuditEntry) -> bool:
    """Return whether the hash is right under the audit key that the entry names, or under any key if it names none."""
    keys = [key for key in current_app.config["DATA_KEYS"]["audit"] if entry.key in {None, key_name(key)}]
    return any(hmac.compare_digest(entry.hash, _sign(entry, key)) for key in keys)


def _sign(entry: AuditEntry, key: bytes) -> str:
    """Return the entry's HMAC."""
    parts = [entry.id, entry.at.isoformat(), entry.actor, entry.action, entry.subject_type, entry.subject_id]
    message = json.dumps([*parts, entry.event_id, entry.details_digest, entry.previous_hash]).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _chain_waiting(session: Session) -> None:
    """Before a commit: flush all other rows, then lock the chain and append the recorded entries."""
    if session.in_nested_transaction() or not session.info.get(WAITING):
        return
    session.flush()
    newest = current_app.config["DATA_KEYS"]["audit"][0]
    last_id, last_hash = _lock_chain(session)
    for _within, entry, is_kept in session.info.pop(WAITING):
        entry.id, entry.previous_hash = last_id + 1, last_hash
        entry.hash, entry.key = _sign(entry, newest), key_name(newest)
        number, signature = entry.id, entry.hash
        if is_kept is None:
            session.add(entry)
        else:
            _write_or_rehearse(session.connection(), entry, is_kept=is_kept)
        if is_kept is not False:
            last_id, last_hash = number, signature


def _write_or_rehearse(connection: Connection, entry: AuditEntry, *, is_kept: bool) -> None:
    """Write the entry and its details by SQL, because the session never reads them; undo both unless `is_kept`."""
    details = {name: getattr(entry.details, name) for name in DETAILS_COLUMNS}
    with rehearsed_rows(connection, when=not is_kept):
        connection.execute(ADD_ENTRY, {name: getattr(entry, name) for name in ENTRY_COLUMNS})
        connection.execute(ADD_DETAILS, {"entry_id": entry.id, **details})


def _lock_chain(session: Session) -> tuple[int, str]:
    """Lock the chain until the commit; return number and hash of its newest entry, or (0, GENESIS).

    On SQLite the write lock, which the transaction holds already, is enough.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(LOCK_CHAIN, {"key": CHAIN_LOCK})
    newest = queries.find_newest()
    return (newest.id, newest.hash) if newest else (0, GENESIS)


def _drop_undone(session: Session, undone: SessionTransaction) -> None:
    """Drop the entries that were recorded in a savepoint that is rolled back."""
    waiting = session.info.pop(WAITING, [])
    kept = [one for one in waiting if not _is_part_of(one.within, undone)]
    if kept:
        session.info[WAITING] = kept


def _is_part_of(transaction: SessionTransaction | None, whole: SessionTransaction) -> bool:
    while transaction is not None and transaction is not whole:
        transaction = transaction.parent
    return transaction is whole


def _forget(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(WAITING, None)


def _digest_details(salt: str, payload: dict[str, Any]) -> str:
    return hashlib.sha256((salt + json.dumps(payload, sort_keys=True)).encode()).hexdigest()
