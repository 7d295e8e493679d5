"""The tables of the audit trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import UtcDateTime
from forum.database import Base

IS_REVEAL = text("action = 'identity.revealed'")


class AuditEntry(Base):
    """One recorded act; append-only (triggers refuse UPDATE and DELETE) and chained to the entry before it (S46).

    `hash` is HMAC-SHA-256 over id, time, actor, action, subject, `details_digest` and `previous_hash`; `key` names
    the key of the HMAC. It is NULL in entries from versions that did not yet name keys.
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
