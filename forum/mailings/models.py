"""The tables of mailings and of their recipients (R12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import Text, Translated, UtcDateTime, member
from forum.database import Base
from forum.mailings.enums import MailingKind, MailingStatus, RecipientStatus

IS_OPEN_CHANGE = text("kind = 'event_changed' AND status IN ('proposed', 'sending', 'paused')")


class Mailing(Base):
    """A message to many people about an event. An event has at most one open mailing about a change of itself.

    `steps` is the history of the event's facts (`mailings.facts`), from the oldest that a recipient may know to the
    present ones. `changed_at` is the moment of the last step. `words` are the organisers' own words per language.
    `people` is the number of recipients when sending began; a recipient's row is deleted with the registration.
    """

    __tablename__ = "mailings"
    __table_args__ = (
        CheckConstraint("people >= 0", name="people_not_negative"),
        Index(
            "uq_mailings_open_change",
            "event_id",
            unique=True,
            sqlite_where=IS_OPEN_CHANGE,
            postgresql_where=IS_OPEN_CHANGE,
        ),
        Index("ix_mailings_event_id", "event_id", "id"),
        Index("ix_mailings_status", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"))
    kind: Mapped[MailingKind] = member(MailingKind, 40)
    status: Mapped[MailingStatus] = member(MailingStatus, default=MailingStatus.PROPOSED)
    steps: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    words: Mapped[Text] = mapped_column(Translated, default=Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    proposed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_by: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    people: Mapped[int] = mapped_column(default=0)

    event = relationship("Event")
    starter = relationship("User")


class MailingRecipient(Base):
    """A person to whom a mailing goes, fixed when sending begins; the database allows one row a person.

    `step` is the index in `Mailing.steps` of the facts that the person knows. `message_id` is the mail, once queued.
    """

    __tablename__ = "mailing_recipients"
    __table_args__ = (
        UniqueConstraint("mailing_id", "registration_id"),
        Index("ix_mailing_recipients_status", "mailing_id", "status", "id"),
        Index("ix_mailing_recipients_registration_id", "registration_id"),
        Index("ix_mailing_recipients_message_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailings.id", ondelete="CASCADE"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id", ondelete="SET NULL"))
    status: Mapped[RecipientStatus] = member(RecipientStatus, default=RecipientStatus.WAITING)
    step: Mapped[int] = mapped_column(default=0)

    mailing: Mapped[Mailing] = relationship()
    registration = relationship("Registration")
