"""The tables of the outbox: every mail is a row before it is sent (R05, R06)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.columns import UtcDateTime, member
from forum.database import Base
from forum.outbox.enums import AbortReason, Lane, MessageStatus
from forum.sealing import Sealed, SealedBytes, SealedValue

IS_UNSENT = text("status IN ('queued', 'awaiting_retry', 'inflight')")


class OutboxMessage(Base):
    """A mail, rendered once. `content` holds its bytes until it is sent, encrypted because of its links (S18).

    With `is_of_care` the mail tells that somebody has not answered about diet or access, which only the role care may
    know (S14). The mail leaves before `not_after`, if that is set, or not at all: whoever made it takes it back then.
    The mail server has the mail since `unanswered_since`, if that is set, and has not said whether it takes the mail.
    """

    __tablename__ = "outbox_messages"
    __table_args__ = (
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        Index(
            "ix_outbox_messages_unsent",
            "lane",
            "next_attempt_at",
            "id",
            sqlite_where=IS_UNSENT,
            postgresql_where=IS_UNSENT,
        ),
        Index(
            "ix_outbox_messages_unsent_by_age",
            "next_attempt_at",
            "id",
            sqlite_where=IS_UNSENT,
            postgresql_where=IS_UNSENT,
        ),
        Index("ix_outbox_messages_event_id", "event_id", "id"),
        Index("ix_outbox_messages_registration_id", "registration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    language: Mapped[str] = mapped_column(String(8))
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(250))
    message_id: Mapped[str] = mapped_column(String(250), unique=True)
    sealed_content: Mapped[SealedBytes | None] = mapped_column(
        "content", Sealed("outbox", binary=True, bound_to=("message_id", "recipient"))
    )
    content = SealedValue[bytes | None]()
    status: Mapped[MessageStatus] = member(MessageStatus, default=MessageStatus.QUEUED)
    abort_reason: Mapped[AbortReason | None] = member(AbortReason)
    lane: Mapped[Lane] = member(Lane, default=Lane.SOON, server_default=text("2"))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_of_care: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unanswered_since: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WorkerHeartbeat(Base):
    """When a worker was last alive; one row for each worker name (R29)."""

    __tablename__ = "worker_heartbeats"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MailPace(Base):
    """When the next mail to many may leave for a domain or, where `domain` is "", for any domain; see `outbox.pacing`.

    The moment is seconds since 1970, because the database adds to it.
    """

    __tablename__ = "mail_paces"

    domain: Mapped[str] = mapped_column(String(320), primary_key=True)
    free_at: Mapped[float] = mapped_column(Double)


class MailRelay(Base):
    """The state of the mail server after the last attempt, in a single row. While it fails, sending is paused."""

    __tablename__ = "mail_relay"
    __table_args__ = (
        CheckConstraint("id = 1", name="single_row"),
        CheckConstraint("failures >= 0", name="failures_not_negative"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(500))
