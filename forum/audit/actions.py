"""Recording an act, and proving that the record is whole (S46)."""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any, Protocol

from flask import current_app
from sqlalchemy import select, text

from forum.audit.models import AuditDetails, AuditEntry
from forum.extensions import db

GENESIS = "0" * 64
CHAIN_LOCK = 0x0F0A_0D17
LOCK_CHAIN = text("SELECT pg_advisory_xact_lock(:key)")
NEWEST = select(AuditEntry.id, AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)


class Subject(Protocol):
    """Anything with a table and an id."""

    __tablename__: str
    id: int


def record(action: str, subject: Any, *, actor: str, at: datetime, **details: Any) -> AuditEntry:
    """Add an entry to the chain, in the caller's transaction.

    `action` is such as "registration.received"; `actor` is "visitor", "person", "worker", "command" or "user:7".
    `details` hold ids, states and numbers, never a name, an address or free text (P28, S45).
    """
    if subject.id is None:
        db.session.flush()
    last_id, last_hash = _lock_chain()
    payload, salt = json.loads(json.dumps(details, sort_keys=True)), secrets.token_hex(16)
    entry = AuditEntry(
        id=last_id + 1,
        at=at.astimezone(UTC),
        actor=actor,
        action=action,
        subject_type=subject.__tablename__,
        subject_id=subject.id,
        event_id=getattr(subject, "event_id", None),
        details_digest=_digest_details(salt, payload),
        previous_hash=last_hash,
    )
    entry.hash = seal(entry)
    entry.details = AuditDetails(salt=salt, payload=payload)
    db.session.add(entry)
    return entry


def verify() -> int | None:
    """Walk the chain; return None when it is whole, else the sequence number of the first entry that is not."""
    previous, expected_id = GENESIS, 1
    for entry in db.session.scalars(
        select(AuditEntry).order_by(AuditEntry.id).execution_options(yield_per=500)
    ):
        whole = (
            entry.id == expected_id
            and entry.previous_hash == previous
            and hmac.compare_digest(entry.hash, seal(entry))
            and (
                entry.details is None
                or _digest_details(entry.details.salt, entry.details.payload) == entry.details_digest
            )
        )
        if not whole:
            return expected_id
        previous, expected_id = entry.hash, expected_id + 1
    return None


def seal(entry: AuditEntry) -> str:
    """Return the entry's HMAC under the audit key; a rotated key keeps opening through the newest-first list."""
    parts = [entry.id, entry.at.isoformat(), entry.actor, entry.action, entry.subject_type, entry.subject_id]
    message = json.dumps([*parts, entry.event_id, entry.details_digest, entry.previous_hash]).encode()
    key = current_app.config["DATA_KEYS"]["audit"][-1]
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _lock_chain() -> tuple[int, str]:
    """Return number and hash of the newest entry, (0, GENESIS) when there is none.

    Nobody else appends until the caller commits (SQLite: the write lock does that). What this transaction has added
    already and not written yet comes last.
    """
    if ours := [entry for entry in db.session.new if isinstance(entry, AuditEntry)]:
        return max((entry.id, entry.hash) for entry in ours)
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(LOCK_CHAIN, {"key": CHAIN_LOCK})
    newest = db.session.execute(NEWEST).first()
    return (newest.id, newest.hash) if newest else (0, GENESIS)


def _digest_details(salt: str, payload: dict[str, Any]) -> str:
    return hashlib.sha256((salt + json.dumps(payload, sort_keys=True)).encode()).hexdigest()
