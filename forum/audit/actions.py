"""Recording an act, and proving that the record is whole (S46).

An entry joins the chain when its transaction commits: whoever holds the chain waits for no row, so nobody waits in a
circle, whatever a rule records before its last change.
"""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import delete, event, select, text
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from forum.audit import heads, queries
from forum.audit.models import AuditDetails, AuditEntry
from forum.extensions import db

GENESIS = "0" * 64
CHAIN_LOCK = 0x0F0A_0D17
LOCK_CHAIN = text("SELECT pg_advisory_xact_lock(:key)")
WAITING = "audit entries that wait for the commit"
NAMED = 5


class Subject(Protocol):
    """Anything with a table and an id."""

    __tablename__: str
    id: int


def chain_at_commit(session: scoped_session) -> None:
    """Let what is recorded in a transaction of the session join the chain with its commit, or go with its rollback."""
    for name, listener in (
        ("before_commit", _chain_waiting),
        ("after_soft_rollback", _drop_undone),
        ("after_transaction_end", _forget),
    ):
        if not event.contains(session, name, listener):
            event.listen(session, name, listener)


def record(action: str, subject: Any, *, actor: str, at: datetime, **details: Any) -> AuditEntry:
    """Add an entry to the chain, in the caller's transaction; it has its number and hash from the commit on.

    `action` is such as "registration.received"; `actor` is "visitor", "person", "worker", "command" or "user:7".
    `details` hold ids, states and numbers, never a name, an address or free text (P28, S45).
    """
    if subject.id is None:
        db.session.flush()
    payload, salt = json.loads(json.dumps(details, sort_keys=True)), secrets.token_hex(16)
    entry = AuditEntry(
        at=at.astimezone(UTC),
        actor=actor,
        action=action,
        subject_type=subject.__tablename__,
        subject_id=subject.id,
        event_id=getattr(subject, "event_id", None),
        details_digest=_digest_details(salt, payload),
        details=AuditDetails(salt=salt, payload=payload),
    )
    session = db.session()
    transaction = session.get_nested_transaction() or session.get_transaction()
    session.info.setdefault(WAITING, []).append((transaction, entry))
    return entry


def erase_details(entry: AuditEntry, *, actor: str, at: datetime) -> None:
    """Forget what an entry says, for somebody's sake, and record that it was so: the chain stays whole (P28)."""
    db.session.execute(delete(AuditDetails).where(AuditDetails.entry_id == entry.id))
    record(queries.DETAILS_ERASED, entry, actor=actor, at=at)


def verify() -> int | None:
    """Walk the chain; return None when it is whole, else the sequence number of the first entry that is not."""
    previous, expected_id = GENESIS, 1
    for entry in db.session.scalars(
        select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=500)
    ):
        whole = (
            entry.id == expected_id
            and entry.previous_hash == previous
            and _is_sealed(entry)
            and (
                entry.details is None
                or _digest_details(entry.details.salt, entry.details.payload) == entry.details_digest
            )
        )
        if not whole:
            return expected_id
        previous, expected_id = entry.hash, expected_id + 1
    return None


def examine(*, now: datetime) -> list[str]:
    """Return in sentences what is wrong with the record: changed, cut off at its end, or without its details."""
    found = []
    if broken := verify():
        found.append(f"entry {broken} is not what was written")
    found += heads.compare(now=now)
    if bare := queries.list_without_details(NAMED):
        found.append(f"the details of entries are gone: {', '.join(map(str, bare))}")
    return found


def knows_newest_key() -> bool:
    """Whether the key of the newest entry is here, where there is an entry."""
    newest = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).unique().first()
    if newest is None or newest.key is None:  # of a version whose entries did not name theirs
        return newest is None or _is_sealed(newest)
    return newest.key in {key_name(key) for key in current_app.config["DATA_KEYS"]["audit"]}


def key_name(key: bytes) -> str:
    """Return what an audit key is called in the entries that it seals; it says nothing of the key."""
    return hashlib.sha256(b"forum audit key" + key).hexdigest()[:16]


def _is_sealed(entry: AuditEntry) -> bool:
    """Whether one of the keys that may have sealed the entry did."""
    keys = [key for key in current_app.config["DATA_KEYS"]["audit"] if entry.key in {None, key_name(key)}]
    return any(hmac.compare_digest(entry.hash, _seal(entry, key)) for key in keys)


def _seal(entry: AuditEntry, key: bytes) -> str:
    """Return the entry's HMAC."""
    parts = [entry.id, entry.at.isoformat(), entry.actor, entry.action, entry.subject_type, entry.subject_id]
    message = json.dumps([*parts, entry.event_id, entry.details_digest, entry.previous_hash]).encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _chain_waiting(session: Session) -> None:
    """Write every other row, then lock the chain and append to it."""
    if session.in_nested_transaction() or not session.info.get(WAITING):
        return
    session.flush()
    newest = current_app.config["DATA_KEYS"]["audit"][0]
    last_id, last_hash = _lock_chain(session)
    for _transaction, entry in session.info.pop(WAITING):
        entry.id, entry.previous_hash = last_id + 1, last_hash
        entry.hash, entry.key = _seal(entry, newest), key_name(newest)
        last_id, last_hash = entry.id, entry.hash
        session.add(entry)


def _lock_chain(session: Session) -> tuple[int, str]:
    """Return number and hash of the newest entry, (0, GENESIS) when there is none.

    Nobody else appends until the caller commits (SQLite: the write lock does that).
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(LOCK_CHAIN, {"key": CHAIN_LOCK})
    newest = queries.find_newest()
    return (newest.id, newest.hash) if newest else (0, GENESIS)


def _drop_undone(session: Session, undone: SessionTransaction) -> None:
    """Forget what was recorded in a savepoint that is undone."""
    waiting = session.info.pop(WAITING, [])
    kept = [(within, entry) for within, entry in waiting if not _is_part_of(within, undone)]
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
