"""The tables of the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime
from forum.database import Base

# Conditions of partial indexes: a database uses such an index only in a query with the same condition, word by word.
IS_REVEAL = text("action = 'identity.revealed'")
# Selects registrations that an organiser added. SQLite uses the partial index only in queries with exactly this
# condition, so queries take it from here.
IS_ADDED_BY_HAND = text("action = 'registration.received' AND substr(actor, 1, 5) = 'user:'")
IS_ROLE_CHANGE = text("action IN ('account.role_given', 'account.role_taken')")
IS_OF_EVENT_ITSELF = text("subject_type = 'events'")
IS_OF_NO_EVENT = text("event_id IS NULL AND subject_type <> 'events'")


class AuditEntry(Base):
    """One recorded act; append-only (triggers refuse UPDATE and DELETE) and chained to the entry before it (S46).

    `hash` is HMAC-SHA-256 over id, time, actor, action, subject, `details_digest` and `previous_hash`; `key` names the
    key of the HMAC. `key` is NULL in entries from versions that did not yet name keys.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject", "subject_type", "subject_id", "id"),
        Index(
            "ix_audit_entries_reveals",
            "event_id",
            "id",
            sqlite_where=IS_REVEAL,
            postgresql_where=IS_REVEAL,
        ),
        Index(
            "ix_audit_entries_by_hand",
            "event_id",
            "subject_id",
            sqlite_where=IS_ADDED_BY_HAND,
            postgresql_where=IS_ADDED_BY_HAND,
        ),
        Index(
            "ix_audit_entries_role_changes",
            *("subject_id", "id"),
            sqlite_where=IS_ROLE_CHANGE,
            postgresql_where=IS_ROLE_CHANGE,
        ),
        Index(
            "ix_audit_entries_additions",
            *("subject_id", "id"),
            sqlite_where=IS_ADDED_BY_HAND,
            postgresql_where=IS_ADDED_BY_HAND,
        ),
        Index("ix_audit_entries_event_id", "event_id", "at", "id"),
        Index(
            "ix_audit_entries_of_event_itself",
            *("subject_id", "at", "id"),
            sqlite_where=IS_OF_EVENT_ITSELF,
            postgresql_where=IS_OF_EVENT_ITSELF,
        ),
        Index(
            "ix_audit_entries_of_no_event",
            *("at", "id"),
            sqlite_where=IS_OF_NO_EVENT,
            postgresql_where=IS_OF_NO_EVENT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(80))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    event_id: Mapped[int | None]
    details_digest: Mapped[str] = mapped_column(String(64))
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(16))
    details: Mapped["AuditDetails | None"] = relationship(lazy="joined")


class AuditDetails(Base):
    """The details of an entry. The chain covers only their salted digest, so they can be erased without breaking it."""

    __tablename__ = "audit_details"

    entry_id: Mapped[int] = mapped_column(ForeignKey("audit_entries.id"), primary_key=True)
    salt: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)


class ChainCheck(Base):
    """How far the worker has verified the audit trail, and what the last whole check found, in a single row.

    `checked_to` is the newest entry that the running check has found valid, 0 between two checks. A finished check
    leaves the time of its end, how many entries there were, and `is_whole`: no entry was changed or removed. `whole_at`
    is the end of the last check that could prove this, because the key and the noted heads were there.
    """

    __tablename__ = "chain_checks"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("checked_to >= 0 AND entries >= 0", name="numbers_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    checked_to: Mapped[int] = mapped_column(default=0)
    entries: Mapped[int] = mapped_column(default=0)
    is_whole: Mapped[bool] = mapped_column(default=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    whole_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def is_proven(self) -> bool:
        """Whether the last check had the audit key and noted hashes to compare with; also True if it found a fault."""
        return not self.is_whole or self.whole_at == self.ended_at
