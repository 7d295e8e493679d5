"""The tables of mailings and of their recipients (R12)."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.columns import Text, TokenDigest, Translated, UtcDateTime, member
from forum.database import Base
from forum.mailings.enums import (
    Anchor,
    Category,
    LeftOut,
    MailingKind,
    MailingStatus,
    RecipientStatus,
    Refused,
    Skipped,
)

IS_OPEN_CHANGE = text("kind = 'event_changed' AND status IN ('proposed', 'sending', 'paused')")


class Mailing(Base):
    """A message to many people about an event. An event has at most one open mailing about a change of itself.

    `steps` is the history of the event's facts (`mailings.facts`), from the oldest that a recipient may know to the
    present ones. `changed_at` is the moment of the last step. `words` are the organisers' own words per language.
    `people` is the number of recipients when sending began; a recipient's row is deleted with the registration.

    A mailing in the organisers' own words has no steps, but `subjects` per language and an `audience`: parameters of
    the attendee list's URL, None for people who were chosen one by one. `fallback` is the language of the text for
    people in whose own language nothing was written. No mail is made before `begins_at`. `left_out` are numbers of
    people by the reason (`LeftOut`) for which they were no recipients when sending began. `category` counts for such a
    mailing alone: nobody can refuse mails about a change of the event.

    Where people are stored one by one, `question_keys` are the questions by whose answers they were found. Recipients
    found by answers that tell where somebody is are deleted with these answers (`mailings.whereabouts`): `kept_counts`
    then has their numbers, by the names of `queries.Counts`. It is None for all other messages.

    A restore sets `restored_from` of a mailing that had not ended in the backup to the moment at which that backup was
    made: people may have got the mailing since then, which this database does not know.
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
    subjects: Mapped[Text] = mapped_column(Translated, default=Text, server_default=text("'{}'"))
    audience: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    fallback: Mapped[str | None] = mapped_column(String(8))
    begins_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    left_out: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    question_keys: Mapped[list[str]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    kept_counts: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    restored_from: Mapped[datetime | None] = mapped_column(UtcDateTime)
    category: Mapped[Category] = member(
        Category, default=Category.PRACTICAL, server_default=Category.PRACTICAL.value
    )

    event = relationship("Event")
    starter = relationship("User")


class MailingRecipient(Base):
    """A person to whom a mailing goes, fixed when sending begins; the database allows one row a person.

    `step` is the index in `Mailing.steps` of the facts that the person knows. `message_id` is the mail, once queued.
    `leave_digest` is the digest of the token in that mail by which the person refuses further messages (M07).
    `left_because` is why the person gets no mail.
    """

    __tablename__ = "mailing_recipients"
    __table_args__ = (
        UniqueConstraint("mailing_id", "registration_id"),
        Index("ix_mailing_recipients_status", "mailing_id", "status", "id"),
        Index("ix_mailing_recipients_registration_id", "registration_id"),
        Index("ix_mailing_recipients_message_id", "message_id"),
        Index("uq_mailing_recipients_leave_digest", "leave_digest", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailings.id", ondelete="CASCADE"))
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id", ondelete="CASCADE"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("outbox_messages.id", ondelete="SET NULL"))
    status: Mapped[RecipientStatus] = member(RecipientStatus, default=RecipientStatus.WAITING)
    step: Mapped[int] = mapped_column(default=0)
    leave_digest: Mapped[str | None] = mapped_column(TokenDigest)
    left_because: Mapped[LeftOut | None] = member(LeftOut)

    mailing: Mapped[Mailing] = relationship()
    registration = relationship("Registration")
    message = relationship("OutboxMessage")


class Reminder(Base):
    """The day on which a draft in the organisers' own words is sent by the worker (`mailings.reminders`).

    `hour` is an hour of the clock at the venue. `skipped_at` is when the worker left the reminder out,
    `skipped_because` why.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        CheckConstraint("days >= 0", name="days_not_negative"),
        CheckConstraint("hour >= 0 AND hour <= 23", name="hour_of_a_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailings.id", ondelete="CASCADE"), unique=True)
    anchor: Mapped[Anchor] = member(Anchor)
    days: Mapped[int]
    hour: Mapped[int]
    planned_at: Mapped[datetime] = mapped_column(UtcDateTime)
    skipped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    skipped_because: Mapped[Skipped | None] = member(Skipped)

    mailing: Mapped[Mailing] = relationship()


class MailRefusal(Base):
    """An address that gets no messages of a category, or none at all (`Refused.ALL`).

    The address is stored as a keyed digest, so that the refusal outlives an erasure (M10).
    """

    __tablename__ = "mail_refusals"

    category: Mapped[Refused] = member(Refused, primary_key=True)
    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    refused_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LeaveLink(Base):
    """A link in a sent mail by which its reader refuses further messages, when nothing else tells who got the mail.

    When recipients are deleted (`mailings.whereabouts`, an erasure), or a message is sent again to some, the links that
    they have are kept here until `ends_at`, each with a keyed digest of the address and nothing else about the person.
    """

    __tablename__ = "leave_links"

    digest: Mapped[str] = mapped_column(TokenDigest, primary_key=True)
    address_digest: Mapped[str] = mapped_column(TokenDigest)
    category: Mapped[Category] = member(
        Category, default=Category.PRACTICAL, server_default=Category.PRACTICAL.value
    )
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
